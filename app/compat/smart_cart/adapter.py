"""Carrying a request of the trolley's older app, or of a first trolley, to our API and the answer back."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from flask import Flask
from werkzeug.wrappers import Request

from app.compat import wsgi
from app.compat.smart_cart.asking import V1, Ask
from app.compat.smart_cart.bodies import asks_for_points
from app.compat.smart_cart.refusals import Refused, refusal
from app.compat.smart_cart.shapes import as_it_is
from app.compat.smart_cart.table import Found, Route, find
from app.compat.wsgi import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BASE = "/compat/smart-cart"
NOWHERE = f"{V1}{BASE}"
"""Where nothing is, and a request for what is not in the table goes."""

WHOLE = 200
"""Rows of a list that older clients expect to be whole."""

_UNKNOWN = Route("", "", as_it_is)


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
        if asked is None:
            return self.inner(environ, start_response)
        answer = self._answer(asked)
        start_response(answer.status, answer.headers.to_wsgi_list())
        return answer.parts

    def _answer(self, environ: "WSGIEnvironment") -> Answer:
        ask = Ask(self.inner, environ)
        found = find(environ["PATH_INFO"])
        if found is None:
            nothing = Answer(self.inner, environ | {"PATH_INFO": NOWHERE + environ["PATH_INFO"]})
            return self._made_over(nothing, _UNKNOWN, None, ask)
        if not found.takes(environ["REQUEST_METHOD"]):
            return self._wrong_method(environ, found.route)
        return self._carried(environ, found, ask)

    def _wrong_method(self, environ: "WSGIEnvironment", route: Route) -> Answer:
        answer = Answer(self.inner, environ | {"PATH_INFO": NOWHERE + environ["PATH_INFO"]})
        answer.content()
        answer.headers["Allow"] = route.method
        message = "This address does not take this method; the Allow header says which it takes."
        answer.replace(_json({"detail": message}), HTTPStatus.METHOD_NOT_ALLOWED)
        return answer

    def _carried(self, environ: "WSGIEnvironment", found: Found, ask: Ask) -> Answer:
        route = found.route
        path, _, query = found.ours(environ["PATH_INFO"], ask).partition("?")
        sent = self._body(environ, route, ask) if route.method == "POST" else _query(environ, route, query)
        if route.whole:
            wsgi.ask_for_rows(environ, rows=min(WHOLE, self.app.extensions["settings"].max_limit))
        if route.is_open:
            environ.pop("HTTP_AUTHORIZATION", None)
        answer = Answer(self.inner, environ | {"PATH_INFO": path})
        return self._made_over(answer, route, sent, ask)

    def _body(self, environ: "WSGIEnvironment", route: Route, ask: Ask) -> Any:
        """What was sent, made into what we take; anything but an object goes through as it is, to be refused."""
        content = wsgi.body(environ, most=self.app.config["MAX_CONTENT_LENGTH"])
        if content == b"" and route.body is not None:
            environ["CONTENT_TYPE"], content = wsgi.JSON, b"{}"
        try:
            sent = orjson.loads(content or b"")
        except orjson.JSONDecodeError:
            return None
        if route.body is not None and isinstance(sent, dict):
            wsgi.put_body(environ, _json(route.body(sent, ask)))
        return sent

    def _made_over(self, answer: Answer, route: Route, sent: Any, ask: Ask) -> Answer:
        """Our answer in its older form; a file, and an answer without a body, as they are."""
        if not answer.is_json or not (content := answer.content()):
            return answer
        code, made = _older(orjson.loads(content), answer.code, route, sent, ask)
        if isinstance(made, str):
            answer.replace(made.encode(), code, media_type="text/plain; charset=utf-8")
        else:
            answer.replace(_json(made), code)
        return answer


def _older(body: Any, code: int, route: Route, sent: Any, ask: Ask) -> tuple[int, Any]:
    """Status and body of an answer in its older form."""
    if "error" in body:
        code, detail = refusal(body["error"], route.says, sent)
        return code, _told(detail, route)
    shape = route.points_shape if route.points_shape and asks_for_points(sent) else route.shape
    try:
        return route.statuses.get(code, code), shape(body.get("data"), ask)
    except Refused as refused:
        return refused.status, _told(refused.detail, route)


def _told(detail: Any, route: Route) -> dict[str, Any]:
    return {"detail": detail, "error": detail} if route.also_error else {"detail": detail}


def _json(body: Any) -> bytes:
    return orjson.dumps(body)


def _query(environ: "WSGIEnvironment", route: Route, ours: str) -> dict[str, str]:
    """What was asked for by the names the route knows, on top of what we ask for ourselves."""
    known = {"limit", "offset", "cursor"} if route.whole else set()
    args = Request(environ, populate_request=False).args
    sent = {name: args[name] for name in args if name in known | set(route.query.split())}
    environ["QUERY_STRING"] = "&".join(part for part in (ours, urlencode(sent)) if part)
    return sent
