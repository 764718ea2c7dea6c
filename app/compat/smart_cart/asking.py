"""Asking our API for what an older request or answer leaves out, in the name of whoever sent the request."""

from typing import TYPE_CHECKING, Any

import orjson

from app.compat import wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

V1 = "/api/v1"


class Ask:
    """Answers what stands under `data` at an address of ours, or None where that is refused."""

    def __init__(self, application: "WSGIApplication", environ: "WSGIEnvironment") -> None:
        self.application, self.environ = application, dict(environ)
        self.environ.pop("HTTP_IF_NONE_MATCH", None)

    def __call__(self, path: str, *, token: str | None = None) -> Any:
        """`token`: instead of the one in the request."""
        bearer = {} if token is None else {"HTTP_AUTHORIZATION": f"Bearer {token}"}
        answer = wsgi.get(self.application, self.environ | bearer, V1 + path)
        body = orjson.loads(answer.content())
        return body["data"] if answer.code == 200 else None
