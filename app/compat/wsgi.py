"""Asking the application behind an adapter, and holding its answer back until it is known what it is."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

JSON = "application/json"


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
        return self.headers.get("Content-Type", "").partition(";")[0] == JSON

    def content(self) -> bytes:
        """The whole body; the application is then done with the request."""
        try:
            return b"".join(self.parts)
        finally:
            getattr(self.parts, "close", bool)()

    def replace(self, content: bytes, code: int, *, media_type: str = JSON) -> None:
        """Answer this instead, under the headers that are there."""
        self.parts = [content]
        self.status = f"{code} {HTTPStatus(code).phrase}"
        self.headers["Content-Type"] = media_type
        self.headers["Content-Length"] = str(len(content))


def get(application: "WSGIApplication", environ: "WSGIEnvironment", path: str) -> Answer:
    """Ask for another address in the name of whoever sent a request."""
    carried = {name: value for name, value in environ.items() if not name.startswith(("CONTENT_", "werkzeug."))}
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "wsgi.input": BytesIO()}
    return Answer(application, carried | asked)


def below(environ: "WSGIEnvironment", base: str) -> "WSGIEnvironment | None":
    """A request as an application mounted at `base` sees it; None for one that is not below it."""
    path = environ.get("PATH_INFO", "")
    if path != base and not path.startswith(f"{base}/"):
        return None
    script, path = environ.get("SCRIPT_NAME", "") + base, path.removeprefix(base) or "/"
    return {**environ, "SCRIPT_NAME": script, "PATH_INFO": path}


def body(environ: "WSGIEnvironment", *, most: int) -> bytes | None:
    """The body of a request, which is put back; None for one longer than `most` bytes, left to be refused."""
    request = Request(environ, populate_request=False)
    if (request.content_length or 0) > most:
        return None
    content = request.stream.read(most + 1)
    put_body(environ, content)
    return content if len(content) <= most else None


def put_body(environ: "WSGIEnvironment", content: bytes) -> None:
    """Let a request have this body."""
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(content), str(len(content))


def ask_for_rows(environ: "WSGIEnvironment", *, rows: int) -> None:
    """Ask for as many rows as an older client takes for granted, unless it names a number of them."""
    if "limit" not in Request(environ, populate_request=False).args:
        environ["QUERY_STRING"] = f"{environ.get('QUERY_STRING', '')}&limit={rows}".lstrip("&")


def _refuse_to_write(_content: bytes) -> None:
    raise NotImplementedError("applications here return their body and never write it")
