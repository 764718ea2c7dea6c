"""The page that shows where the trolleys are, and its files; they hold no data, which come from the API."""

from flask import Blueprint, Response

from app.config import PROJECT
from app.middleware.answers import cacheable
from app.openapi import File, endpoint

page = Blueprint("trolley_map", __name__)

_FOLDER = PROJECT / "app" / "trolley_map"


@page.get("", strict_slashes=False)
@endpoint(answers={200: File("text/html", "The page.")})
def open_page() -> Response:
    """Open the map of the trolleys in a browser, for managers.

    The page itself is the same for everybody: it asks for e-mail and password, and then for the trolleys.
    """
    return _file("index.html", "text/html")


@page.get("/map.js")
@endpoint(answers={200: File("text/javascript", "The script.")})
def script() -> Response:
    """Fetch the script of the map."""
    return _file("map.js", "text/javascript")


@page.get("/map.css")
@endpoint(answers={200: File("text/css", "The style sheet.")})
def style() -> Response:
    """Fetch the style sheet of the map."""
    return _file("map.css", "text/css")


def _file(name: str, media_type: str) -> Response:
    return cacheable(Response((_FOLDER / name).read_bytes(), mimetype=media_type))
