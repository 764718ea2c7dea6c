"""Lists that show what is urgent before what is new: they have no one key to go on from, and are read by offset."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam

from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import DEEPEST_OFFSET, Page, decode_cursor, encode_cursor, page_meta
from app.services.pages import total_of

_SMALLEST_REACH = 256

FIRST = bindparam("first", type_=BigInteger)
ROWS = bindparam("rows", type_=BigInteger)
"""Of rows numbered from 1, those after FIRST; one more than the page, to see whether there is a next one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins, and how many rows it has at most."""

    offset: int
    limit: int

    @property
    def reach(self) -> int:
        """How many rows of the past are looked at: a power of two, so that there are few statements to plan."""
        return max(_SMALLEST_REACH, 1 << (self.offset + self.limit).bit_length())

    @property
    def values(self) -> dict[str, int]:
        """The parameters FIRST and ROWS."""
        return {"first": self.offset, "rows": self.limit + 1}

    def meta(self, rows: Sequence[AnyRow]) -> PageMeta:
        """The `meta` of a page whose rows carry their `total`, and were read with one more than the page has."""
        following = self.offset + self.limit
        return page_meta(
            limit=self.limit,
            offset=self.offset,
            total=total_of(rows, is_first=self.offset == 0),
            has_next=len(rows) > self.limit,
            next_cursor=encode_cursor(following) if following <= DEEPEST_OFFSET else None,
        )


def place_of(query: Page) -> Place:
    """The page asked for; a cursor stands for an offset. Raises ValidationFailed."""
    offset = query.offset if query.cursor is None else decode_cursor(query.cursor, int)[0]
    return Place(offset=max(0, min(offset, DEEPEST_OFFSET)), limit=query.limit)
