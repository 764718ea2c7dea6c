"""Uploaded pictures."""

from flask import Blueprint, Response

from app.middleware.answers import immutable
from app.openapi import File, endpoint
from app.services.images import keeping
from app.services.images.remaking import MEDIA_TYPE

images = Blueprint("images", __name__)

PICTURE = File(MEDIA_TYPE, "The picture.")


@images.get("/<digest>.webp")
@endpoint(answers={200: PICTURE})
def picture(digest: str) -> Response:
    """Show an uploaded picture, at most 1,600 pixels long."""
    file = keeping.read(digest, thumbnail=False)
    return immutable(file.content, media_type=MEDIA_TYPE, etag=file.digest)


@images.get("/thumbnails/<digest>.webp")
@endpoint(answers={200: PICTURE})
def thumbnail(digest: str) -> Response:
    """Show the small copy of an uploaded picture, at most 320 pixels long."""
    file = keeping.read(digest, thumbnail=True)
    return immutable(file.content, media_type=MEDIA_TYPE, etag=file.digest)
