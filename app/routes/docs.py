"""The OpenAPI document at /apispec.json and Swagger UI, with local assets, at /docs/."""

import orjson
from flask import Blueprint, Flask, Response, current_app, redirect
from flask_swagger_ui import get_swaggerui_blueprint
from werkzeug.wrappers import Response as BaseResponse

from app.openapi_document import build_document

document = Blueprint("document", __name__)

_PAGE = {
    "app_name": "Aisle API",
    "persistAuthorization": True,
    "displayRequestDuration": True,
    "filter": True,
    "docExpansion": "none",
    "layout": "BaseLayout",
    "tryItOutEnabled": True,
}


def register_docs(app: Flask) -> None:
    """Serve the document and the page; both are public and outside the table, as they hold no data."""
    app.register_blueprint(document)
    app.register_blueprint(get_swaggerui_blueprint("/docs", "/apispec.json", config=_PAGE))


@document.get("/apispec.json")
def apispec() -> Response:
    """The OpenAPI document."""
    return Response(written(current_app), mimetype="application/json")


def written(app: Flask) -> bytes:
    """The OpenAPI document as JSON, written when a worker is first asked for it, and kept."""
    kept: bytes | None = app.extensions.get("openapi")
    if kept is None:
        kept = app.extensions["openapi"] = orjson.dumps(build_document(app))
    return kept


@document.get("/")
def start() -> BaseResponse:
    """Send a browser to the documentation."""
    return redirect("/docs/")
