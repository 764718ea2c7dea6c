"""Carrying a request of an older client to our API, and the answer back.

Files and event streams go through untouched and unbuffered; only JSON below /api/v1 is taken in and made over.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask

from app.compat import wsgi
from app.compat.marketplace import refusals, shapes, uploads
from app.compat.marketplace.table import Route, find
from app.compat.wsgi import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BASE = "/compat/marketplace"
V1 = "/api/v1"

_UNKNOWN = Route("", "", shapes.unknown)
_LARGEST_REFRESH = 4096


def mount(app: Flask) -> None:
    """Put the adapter in front of an application."""
    app.wsgi_app = Adapter(app)  # type: ignore[method-assign]


class Adapter:
    """Takes the requests below BASE and leaves all others alone."""

    def __init__(self, app: Flask) -> None:
        self.app, self.inner = app, app.wsgi_app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        asked = wsgi.below(environ, BASE)
        if asked is None or not asked["PATH_INFO"].startswith(f"{V1}/"):
            return self.inner(asked or environ, start_response)
        answer = self._answer(asked)
        start_response(answer.status, answer.headers.to_wsgi_list())
        return answer.parts

    def _answer(self, environ: "WSGIEnvironment") -> Answer:
        """The answer to an older request below /api/v1."""
        route, path = find(environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(V1))
        route = route or _UNKNOWN
        environ["PATH_INFO"] = V1 + path
        _complete(environ, route, most=self.app.extensions["settings"].max_limit)
        token = _refresh_token(environ) if route.refreshes else _access_token(environ)
        answer = Answer(self.inner, environ)
        if answer.is_json and (content := answer.content()):
            self._make_over(answer, orjson.loads(content), route, environ, token)
        return answer

    def _make_over(
        self, answer: Answer, body: dict[str, Any], route: Route, environ: "WSGIEnvironment", token: str
    ) -> None:
        """Put the older envelope around one of our answers."""
        if "error" in body:
            made = refusals.refusal(body["error"], route.refusals)
            if body["error"]["code"] == "AUTH_ERROR":
                made["message"] = refusals.of_token(token, expected="refresh" if route.refreshes else "access")
            return answer.replace(orjson.dumps(made), made["code"])
        if route.finishes_upload:
            body = uploads.finished(self.app, self.inner, environ, body["data"]["task_id"])
        code = 200 if answer.code == 201 or route.finishes_upload else answer.code
        return answer.replace(orjson.dumps({"status": "success", **route.shape(body)}), code)


def _complete(environ: "WSGIEnvironment", route: Route, *, most: int) -> None:
    """Give a bare token its scheme, and ask for as many rows as the client takes for granted."""
    token = environ.get("HTTP_AUTHORIZATION", "").strip()
    if token and " " not in token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    if route.rows:
        wsgi.ask_for_rows(environ, rows=min(route.rows, most))


def _access_token(environ: "WSGIEnvironment") -> str:
    return str(environ.get("HTTP_AUTHORIZATION", "")).rpartition(" ")[2]


def _refresh_token(environ: "WSGIEnvironment") -> str:
    """The token in a body, which is put back; of a body that is larger than one with a token none."""
    try:
        return str(orjson.loads(wsgi.body(environ, most=_LARGEST_REFRESH) or b"")["refresh_token"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
