"""From the start of gunicorn to its first answer."""

import socket
import statistics
import time

from scripts.bench.cases.case import Case
from scripts.bench.figures import Figure, at_most
from scripts.bench.stage import Stage
from scripts.parts.child import await_that
from scripts.parts.web import Web

_SECONDS = 60.0
_PROMISE = at_most(1.5)


def cold_start(stage: Stage) -> list[Figure]:
    """The database is up; files are in the system's memory, as after any start before."""
    starts = [_start(stage, number) for number in range(1 if stage.options.is_short else min(stage.options.rounds, 5))]
    figures = []
    for place, path in enumerate(("/livez", "/readyz")):
        taken = [start[place] for start in starts]
        title, spread = f"cold start to the first 200 of {path}", (min(taken), max(taken))
        figures.append(Figure("start", title, statistics.median(taken), "s", _PROMISE, spread))
    return figures


def _start(stage: Stage, number: int) -> tuple[float, float]:
    """Seconds to the first 200 of /livez and of /readyz."""
    web = Web(stage.folder / f"start-{number}.log", stage.settings)
    began = time.perf_counter()
    web.launch()
    try:
        await_that(lambda: _answers(web.port, "/livez"), f"/livez of {web.name}", _SECONDS, every=0.005)
        alive = time.perf_counter() - began
        await_that(lambda: _answers(web.port, "/readyz"), f"/readyz of {web.name}", _SECONDS, every=0.005)
        return alive, time.perf_counter() - began
    finally:
        web.stop()


def _answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200; asked without a client library, whose work would count."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n".encode())
            return sock.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


CASES = (Case("start", "cold start", cold_start),)
