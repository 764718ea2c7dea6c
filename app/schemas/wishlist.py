"""Products a user wants to remember."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import StringConstraints

from app.schemas.envelope import Answer, Instant, Printable, Request, RowId


class NewWish(Request):
    """Without `note` an earlier note stays."""

    example: ClassVar[Mapping[str, Any]] = {"product_id": 5, "note": "For Friday"}

    product_id: RowId
    note: Annotated[Printable, StringConstraints(max_length=500)] | None = None


class Wish(Answer):
    product_id: int
    note: str | None
    created_at: Instant


class Wishlist(Answer):
    """`next_cursor` leads to older wishes; null at the end."""

    items: list[Wish]
    next_cursor: str | None


class RemovedWish(Answer):
    """`removed` is false when the product was not on the list."""

    removed: bool
