"""Asking the application behind the adapter, and holding its answer back until it is known what it is."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class Answer:
    """The answer of an application to one request, of which nothing has been sent on."""

    def __init__(self, application: "WSGIApplication", environ: "WSGIEnvironment") -> None:
        self.status, self.headers = "", Headers()
        self.parts: Iterable[bytes] = application(environ, self._start)

    def _start(self, status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        self.status, self.headers = status, Headers(headers)
        return _refuse_to_write

    @property
    def code(self) -> int:
        return int(self.status.partition(" ")[0])

    @property
    def is_json(self) -> bool:
        return self.headers.get("Content-Type", "").partition(";")[0] == "application/json"

    def content(self) -> bytes:
        """The whole body; the application is then done with the request."""
        try:
            return b"".join(self.parts)
        finally:
            getattr(self.parts, "close", bool)()

    def replace(self, content: bytes, code: int) -> None:
        """Answer this instead, under the headers that are there."""
        self.parts = [content]
        self.status = f"{code} {HTTPStatus(code).phrase}"
        self.headers["Content-Length"] = str(len(content))


def get(application: "WSGIApplication", environ: "WSGIEnvironment", path: str) -> Answer:
    """Ask for another address in the name of whoever sent a request."""
    carried = {name: value for name, value in environ.items() if not name.startswith(("CONTENT_", "werkzeug."))}
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "wsgi.input": BytesIO()}
    return Answer(application, carried | asked)


def _refuse_to_write(_content: bytes) -> None:
    raise NotImplementedError("applications here return their body and never write it")
