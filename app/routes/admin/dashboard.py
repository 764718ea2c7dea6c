"""The dashboard page and its files; they hold no data, which come from the API with the manager's own token."""

from flask import Blueprint, Response

from app.config import PROJECT
from app.middleware.answers import cacheable
from app.openapi import File, endpoint

dashboard = Blueprint("dashboard", __name__)

_FOLDER = PROJECT / "app" / "dashboard"


@dashboard.get("", strict_slashes=False)
@endpoint(answers={200: File("text/html", "The page.")})
def page() -> Response:
    """Open the dashboard for managers in a browser.

    The page itself is the same for everybody: it asks for e-mail and password, and then for the reports.
    """
    return _file("index.html", "text/html")


@dashboard.get("/dashboard.js")
@endpoint(answers={200: File("text/javascript", "The script.")})
def script() -> Response:
    """Fetch the script of the dashboard."""
    return _file("dashboard.js", "text/javascript")


@dashboard.get("/dashboard.css")
@endpoint(answers={200: File("text/css", "The style sheet.")})
def style() -> Response:
    """Fetch the style sheet of the dashboard."""
    return _file("dashboard.css", "text/css")


@dashboard.get("/icon.svg")
@endpoint(answers={200: File("image/svg+xml", "The icon.")})
def icon() -> Response:
    """Fetch the icon of the dashboard."""
    return _file("icon.svg", "image/svg+xml")


def _file(name: str, media_type: str) -> Response:
    return cacheable(Response((_FOLDER / name).read_bytes(), mimetype=media_type))
