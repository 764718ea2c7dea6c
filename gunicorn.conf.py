"""How gunicorn serves the shop: `gunicorn wsgi:app` reads this file from the project's folder."""

import ctypes
import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

METRICS = "PROMETHEUS_MULTIPROC_DIR"
FOLDER = f"aisle-metrics-{os.getuid()}-"
"""Of the counts of all workers, one for each master; its process id is the last part of the name."""


def metrics_folder():
    """A fresh folder for this master, or the one it has: a reload reads this file again. Those of the dead go.

    It must be there before the application is imported, as prometheus_client chooses then where to count.
    """
    mine = Path(tempfile.gettempdir()) / f"{FOLDER}{os.getpid()}"
    if os.environ.get(METRICS) == str(mine) and mine.is_dir():
        return mine
    for left in mine.parent.glob(f"{FOLDER}*"):
        if left == mine or not _is_alive(int(left.name.rpartition("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    mine.mkdir(mode=0o700)
    os.environ[METRICS] = str(mine)
    return mine


def _is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


_metrics = metrics_folder()

gc.disable()  # until wsgi.py has loaded the rest, for its reason

from gunicorn import systemd

from app import meter_files
from app.config import ConfigurationError, load_settings
from app.extensions import db
from app.middleware import stalls
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
workers = _settings.web_concurrency
threads = _settings.web_threads
keepalive = 75  # longer than a load balancer's 60 s, so that the balancer closes first
timeout = 60
graceful_timeout = 10
max_requests = _settings.web_max_requests
max_requests_jitter = max_requests // 10  # never all workers at once
# Workers share the master's memory: nothing is connected and no thread runs before the fork. The embedded PostgreSQL,
# which only a start by hand leaves to this process, is joined by each worker for itself.
preload_app = bool(_settings.database_url)
_MEMORY = "/dev/shm"  # noqa: S108 (gunicorn makes its own file there)
worker_tmp_dir = _MEMORY if os.access(_MEMORY, os.W_OK) else None  # heartbeats on a disk may block a worker
accesslog = None  # the application writes its own access log, as JSON
errorlog = "-"
loglevel = "warning"
control_socket_disable = True  # one file per user in the home folder: two shops would share it

SKIPPED_BODY = 64 * 1024
_stop = threading.Event()
_GIVEN_BACK = 256 * 1024  # bytes from which on a freed piece of memory goes back to the system
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def on_starting(server):
    """Have freed memory go back to the system: glibc would keep the 19 MiB of a password hash for every thread.

    Other systems' libraries have no such switch.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if sys.platform == "linux" and mallopt:
        for option, value in ((_M_MMAP_THRESHOLD, _GIVEN_BACK), (_M_TRIM_THRESHOLD, _GIVEN_BACK), (_M_ARENA_MAX, 2)):
            mallopt(option, value)


def when_ready(server):
    """Just before the first fork: let the collector pass over what all workers share.

    Otherwise each worker would copy the memory by merely looking at it.
    """
    gc.freeze()


def pre_exec(server):
    """Just before a new master takes the place of this one (SIGUSR2): start it as a module, as this one was.

    Gunicorn would start it by its file, and then gunicorn's own package `app` hides ours.
    """
    server.START_CTX["args"] = [sys.executable, "-m", "gunicorn", *sys.argv[1:]]


def pre_fork(server, worker):
    """Tell the worker which master its own is to relieve; 0 once that one has ended."""
    worker.relieves = server.master_pid if server.master_pid == os.getppid() else 0


def post_fork(server, worker):
    """Connections belong to the process that opened them: a worker starts with none."""
    app = worker.app.wsgi()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=False)


def post_worker_init(worker):
    """Start the background loop in each worker; leases keep two of them from doing the same work.

    Open event streams end as soon as the worker is told to stop, which waits for its requests.
    """
    app = worker.wsgi
    ending.when(lambda: not worker.alive or _stop.is_set())
    stalls.watch(worker.tpool, _stop)
    if app.extensions["settings"].background == "in_process":
        worker.background = background.start(app, _stop)
    if worker.relieves:
        relieve(worker.relieves, worker.ppid)


def relieve(old, new):
    """End the master that was sent SIGUSR2, now that a worker of the new one on the same sockets is ready.

    A new one whose code or settings do not load comes never this far, and the old one goes on. systemd is told who
    leads from now on: it would take the end of the old one for that of the service.
    """
    systemd.sd_notify(f"MAINPID={new}", logging.getLogger("gunicorn.error"))
    os.kill(old, signal.SIGTERM)


def child_exit(server, worker):
    """What a worker counted stays; what it had open is closed."""
    meter_files.bury(worker.pid)


def on_exit(server):
    """The counts end with the master."""
    shutil.rmtree(_metrics, ignore_errors=True)


def worker_exit(server, worker):
    """Let the background loop finish the pass it is in."""
    _stop.set()
    if getattr(worker, "background", None):
        worker.background.join(timeout=5)
    tracing = worker.wsgi.extensions.get("tracing") if getattr(worker, "wsgi", None) else None
    if tracing:
        tracing.force_flush()


def pre_request(worker, req):
    """Gunicorn skips at most 64 KiB of a body nobody read: after a longer one the connection ends, and must say so."""
    stalls.begin()
    headers = dict(req.headers)
    if "TRANSFER-ENCODING" in headers or int(headers.get("CONTENT-LENGTH", 0)) > SKIPPED_BODY:
        req.force_close()


def post_request(worker, req, environ, resp):
    """The answer is sent, to its last piece."""
    stalls.end()
