# syntax=docker/dockerfile:1
# One image for the web, the workers, beat and the migrations; docker-compose.yml gives each its command.
# The base is pinned by tag. Where builds must be the same for ever, pin it by digest too: docs/deployment.md.

FROM python:3.13.9-slim-bookworm AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/venv
COPY requirements.txt constraints.txt ./
# Wheels only: nothing is compiled, so no compiler is needed here either.
RUN /opt/venv/bin/pip install --only-binary=:all: --requirement requirements.txt \
    && /opt/venv/bin/pip check \
    && /opt/venv/bin/pip uninstall --yes pip

FROM python:3.13.9-slim-bookworm AS production
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Aisle" \
      org.opencontainers.image.description="One grocery backend for three ways to shop" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --system --gid 10001 aisle \
    && useradd --system --uid 10001 --gid aisle --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin aisle \
    && install --directory --owner=aisle --group=aisle --mode=0750 /data
ENV PATH=/opt/venv/bin:$PATH \
    PYTHON=/opt/venv/bin/python \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    APP_ENV=production \
    HOST=0.0.0.0 \
    PORT=5000 \
    DATA_DIR=/data
WORKDIR /srv/aisle
COPY --from=builder /opt/venv /opt/venv
COPY alembic ./alembic
COPY app ./app
COPY scripts ./scripts
COPY alembic.ini celery_app.py gunicorn.conf.py wsgi.py ./
# The byte code is made now, as the running image may write nowhere but /tmp and /data.
RUN python -m compileall -q app alembic scripts ./*.py
USER 10001:10001
VOLUME ["/data"]
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=3)"]
# gunicorn takes this process's place (exec), so it is number 1 and gets the signals; it reaps its workers itself.
CMD ["scripts/gunicorn.sh"]
