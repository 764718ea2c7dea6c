"""Pictures as they are kept and served. They are named by their content, so they never change and are never removed:
products, orders and caches may show them for good."""

import re
from dataclasses import dataclass

from sqlalchemy import String, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.config import settings
from app.errors import NotFound
from app.models import StoredImage
from app.services.images.remaking import MEDIA_TYPE, Made, Picture
from app.transaction import reading

_DIGEST = re.compile("[0-9a-f]{64}")

_WANTED = bindparam("digest", type_=String)
_SHOWN = select(StoredImage.digest, StoredImage.content).where(StoredImage.digest == _WANTED)
_small = aliased(StoredImage)
_THUMBNAIL = (
    select(
        func.coalesce(_small.digest, StoredImage.digest).label("digest"),
        func.coalesce(_small.content, StoredImage.content).label("content"),
    )
    .select_from(StoredImage)
    .outerjoin(_small, _small.digest == StoredImage.thumbnail_digest)
    .where(StoredImage.digest == _WANTED)
)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """The bytes to send, with their digest."""

    digest: str
    content: bytes


def address(digest: str) -> str:
    """Where a picture is served: whole with PUBLIC_BASE_URL, for pages of another origin, else from the root."""
    return f"{settings().public_base_url}/media/{digest}.webp"


def thumbnail_address(digest: str) -> str:
    """Where the small copy of a picture is served; of a small picture that is the picture itself."""
    return f"{settings().public_base_url}/media/thumbnails/{digest}.webp"


def is_address_of(url: str, digest: str) -> bool:
    """Whether a stored address shows that picture, also one from before PUBLIC_BASE_URL changed."""
    return url.endswith(f"/media/{digest}.webp")


def read(digest: str, *, thumbnail: bool) -> ImageFile:
    """A kept picture, or its small copy. Raises NotFound."""
    if not _DIGEST.fullmatch(digest):
        raise NotFound
    with reading() as connection:
        row = connection.execute(_THUMBNAIL if thumbnail else _SHOWN, {"digest": digest}).one_or_none()
    if row is None:
        raise NotFound
    return ImageFile(row.digest, row.content)


def keep(session: Session, made: Made) -> str:
    """Store a picture and its thumbnail, unless they are there already; answers the picture's digest. A step."""
    thumbnail = made.thumbnail.digest if made.thumbnail else None
    if made.thumbnail:
        _insert(session, made.thumbnail, None)
    _insert(session, made.shown, thumbnail)
    return made.shown.digest


def _insert(session: Session, picture: Picture, thumbnail_digest: str | None) -> None:
    row = insert(StoredImage).values(
        digest=picture.digest,
        media_type=MEDIA_TYPE,
        width=picture.width,
        height=picture.height,
        thumbnail_digest=thumbnail_digest,
        content=picture.content,
    )
    session.execute(row.on_conflict_do_nothing())
