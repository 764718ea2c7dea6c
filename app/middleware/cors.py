"""Which pages of other origins may read an answer: Flask-CORS says it, once for each origin instead of each time."""

from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from flask import Flask, Response, request

from app.config import Settings
from app.extensions import cors
from app.flask_config import cors_options
from app.middleware.device_answers import is_for_device

_ALLOWED = "Access-Control-Allow-Origin"
_ASKS_FOR_MORE = "Access-Control-Request-Private-Network"


def register_cors(app: Flask, settings: Settings) -> None:
    """Add the headers that browsers ask for, and answer their questions beforehand."""
    cors.init_app(app, resources=cors_options(settings))
    slowly: Any = app.after_request_funcs[None].pop()

    @lru_cache(maxsize=256)
    def headers_for(_origin: str | None, _is_api: bool) -> list[tuple[str, str]]:
        """What belongs to answers for the origin of the running request, below the API's address or not."""
        added = slowly(Response()).headers
        return [(name, value) for name, value in added if name == "Vary" or name.startswith("Access-Control-")]

    def allow(response: Response) -> Response:
        asked: Any = request._get_current_object()  # type: ignore[attr-defined]
        if is_for_device() or _ALLOWED in response.headers:
            return response
        if asked.method == "OPTIONS" or _ASKS_FOR_MORE in asked.headers:
            allowed: Response = slowly(response)
            return allowed
        origin = asked.headers.get("Origin")
        response.headers.extend(headers_for(origin, unquote(asked.path).startswith("/api")))
        return response

    app.after_request(allow)
