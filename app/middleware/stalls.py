"""Web processes all of whose threads hang: one more thread then turns new requests away, and answers `/livez`.

Whatever it is that does not answer, a database that went silent above all: who comes later must not wait for it too. A
thread counts as hanging when its request has gone on for LONG; streams count as well, for they take a thread each.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, request

from app.config import settings
from app.errors import ServiceUnavailable

log = logging.getLogger("aisle.stalls")

LONG = 2.0
LOOK_EVERY = 0.5
MOST_MORE = 8
"""So many threads may be added in the life of a process, as none is ever taken away again."""

_ALIVE = frozenset({"probes.alive", "probes.alive_by_its_older_name", "health.healthy"})
"""What is answered without asking anybody."""

_begun: dict[int, float] = {}
"""When the requests at hand began, in seconds of the monotonic clock, by thread."""


class EveryThreadHangs(ServiceUnavailable):
    code = ServiceUnavailable.code
    message = "Every thread waits for a part of the service that does not answer. Try again shortly."


def begin() -> None:
    """The running thread has got a request."""
    _begun[threading.get_ident()] = time.monotonic()


def end() -> None:
    """Its answer is sent."""
    _begun.pop(threading.get_ident(), None)


def hanging() -> int:
    """How many threads have been at one request for LONG."""
    long_ago = time.monotonic() - LONG
    return sum(began < long_ago for began in _begun.copy().values())


def register_stalls(app: Flask) -> None:
    """Refuse what an additional thread is given while the ordinary ones hang."""
    app.before_request(_refuse)


def _refuse() -> None:
    if len(_begun) <= settings().web_threads or request.endpoint in _ALIVE:
        return
    if hanging() >= settings().web_threads:
        raise EveryThreadHangs(retry_after=2)


def watch(pool: ThreadPoolExecutor, over: threading.Event) -> None:
    """From now on see to it that `pool`, which carries out the requests of this process, has a thread that is free."""
    threading.Thread(target=_look, args=(pool, over), name="stalls", daemon=True).start()


def _look(pool: ThreadPoolExecutor, over: threading.Event) -> None:
    most = pool._max_workers + MOST_MORE
    while not over.wait(LOOK_EVERY):
        if pool._max_workers <= hanging() and pool._max_workers < most:
            log.error("every thread hangs; one more turns requests away", extra={"threads": pool._max_workers})
            pool._max_workers += 1
            pool.submit(int)  # a pool starts a thread when something is handed in
