"""How gunicorn serves the shop: `gunicorn wsgi:app` reads this file from the project's folder."""

import sys
import threading

from app.config import ConfigurationError, load_settings
from app.services.live import ending
from app.tasks import background

try:
    _settings = load_settings()
except ConfigurationError as error:
    sys.exit(f"aisle: {error}")

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host

wsgi_app = "wsgi:app"
bind = f"{_host}:{_settings.port}"
worker_class = "gthread"
workers = 2
threads = 8
keepalive = 75  # longer than a load balancer's 60 s, so that the balancer closes first
timeout = 60
graceful_timeout = 10
accesslog = None  # the application writes its own access log, as JSON
errorlog = "-"
loglevel = "warning"
control_socket_disable = True  # one file per user in the home folder: two shops would share it

SKIPPED_BODY = 64 * 1024
_stop = threading.Event()


def post_worker_init(worker):
    """Start the background loop in each worker; leases keep two of them from doing the same work.

    Open event streams end as soon as the worker is told to stop, which waits for its requests.
    """
    app = worker.wsgi
    ending.when(lambda: not worker.alive or _stop.is_set())
    if app.extensions["settings"].background == "in_process":
        worker.background = background.start(app, _stop)


def worker_exit(server, worker):
    """Let the background loop finish the pass it is in."""
    _stop.set()
    if getattr(worker, "background", None):
        worker.background.join(timeout=5)


def pre_request(worker, req):
    """Gunicorn skips at most 64 KiB of a body nobody read: after a longer one the connection ends, and must say so."""
    headers = dict(req.headers)
    if "TRANSFER-ENCODING" in headers or int(headers.get("CONTENT-LENGTH", 0)) > SKIPPED_BODY:
        req.force_close()
