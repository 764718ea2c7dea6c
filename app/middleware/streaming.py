"""Answers that go on for minutes: sent piece by piece, and ended when nobody reads them any more."""

import socket
from collections.abc import Callable, Iterator

from flask import Flask, Response, current_app, request

EVENT_STREAM = "text/event-stream"


def event_stream(pieces: Iterator[str]) -> Response:
    """An event stream, which no proxy may hold back or keep."""
    response = Response(_InContext(current_app._get_current_object(), pieces), mimetype=EVENT_STREAM)  # type: ignore[attr-defined]
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx
    return response


def download(pieces: Iterator[str], media_type: str, file_name: str) -> Response:
    """A file that is sent while it is made."""
    response = Response(_InContext(current_app._get_current_object(), pieces), mimetype=media_type)  # type: ignore[attr-defined]
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def client_is_there() -> Callable[[], bool]:
    """Whether the client of the running request still holds its connection open, for as long as one asks.

    Writing to a client that went away fails only at the second attempt. Under a server that does not hand out its
    sockets the answer is always yes.
    """
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    return lambda: connection is None or not _has_hung_up(connection)


def _has_hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except (BlockingIOError, ValueError):  # nothing was sent; or TLS, which cannot be peeked into
        return False
    except OSError:
        return True


class _InContext:
    """Lets each piece be made in a context of its own: the one of the request is over before the first is sent."""

    def __init__(self, app: Flask, pieces: Iterator[str]) -> None:
        self._app = app
        self._pieces = pieces

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        with self._app.app_context():
            return next(self._pieces)

    def close(self) -> None:
        """Called by the server at the end, however it came about."""
        if close := getattr(self._pieces, "close", None):
            close()
