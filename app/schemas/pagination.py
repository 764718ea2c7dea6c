"""Pages: `limit` and `offset` as in the contract, and an opaque keyset `cursor` on every list that can grow."""

import base64
import binascii
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from app.config import settings
from app.errors import ValidationFailed
from app.schemas.envelope import PageMeta, Request, RowId

LARGEST_PAGE = 200
"""What no setting can exceed: pages are read with a literal limit, and there are statements for these sizes only."""

LARGEST_SCREEN = 10_000
"""Rows of the lists that older clients ask for whole."""

DEEPEST_OFFSET = 10_000

COUNTED_UP_TO = 1000
"""Rows of a long list that are counted: `total` is exact up to here and absent beyond."""

_LARGEST_EXPONENT = 30

Cursor = Annotated[str, Field(min_length=1, max_length=400, pattern="^[A-Za-z0-9_-]+$")]


def _lenient_limit(value: Any) -> int:
    return _clamped(value, settings().max_limit)


def _screen_limit(value: Any) -> int:
    return _clamped(value, LARGEST_SCREEN)


def _clamped(value: Any, most: int) -> int:
    """A bad number falls back to the default and a large one is clamped; a negative one is refused."""
    number = _lenient_number(value, default_limit())
    if number < 0:
        raise ValueError("must not be negative")
    return min(number or default_limit(), most)


def default_limit() -> int:
    """Rows of a page when nothing is asked for (DEFAULT_LIMIT)."""
    return min(settings().default_limit, settings().max_limit)


def _within_maximum(value: int) -> int:
    if value > settings().max_limit:
        raise ValueError(f"must be at most {settings().max_limit}")
    return value


def _at_most(value: int) -> int:
    return min(value, settings().max_limit)


def _lenient_offset(value: Any) -> int:
    number = _lenient_number(value, 0)
    if number < 0:
        raise ValueError("must not be negative")
    return min(number, DEEPEST_OFFSET)


def _lenient_number(value: Any, default: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default


ANY_NUMBER = WithJsonSchema(
    {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^(?!\s*-[0-9]*[1-9][0-9]*\s*$)"}]}
)
"""A number from 0; of texts that are not numbers any, as they fall back to a default."""


LenientOffset = Annotated[int, BeforeValidator(_lenient_offset), ANY_NUMBER]
NONE_IF_BLANK = BeforeValidator(lambda value: None if value == "" else value)
"""For lists whose older clients send a filter that is not set as `name=`."""

BLANK = {"type": "string", "maxLength": 0}
"""Such a filter in the document."""

OptionalId = Annotated[
    RowId | None,
    NONE_IF_BLANK,
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2**63 - 1}, BLANK]}),
]

Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE, examples=[50]), AfterValidator(_within_maximum)]


class Page(Request):
    """limit 1..200 and offset 0..10,000; `cursor` (from meta.next_cursor) replaces offset and reaches any depth."""

    limit: Limit = Field(default_factory=default_limit)
    offset: int = Field(default=0, ge=0, le=DEEPEST_OFFSET)
    cursor: Cursor | None = None


class ClampedPage(Page):
    """A page of the lists without an upper bound in older clients: a larger limit is taken for the largest."""

    limit: Annotated[int, Field(ge=1, examples=[50]), AfterValidator(_at_most)] = Field(default_factory=default_limit)


class WholePage(ClampedPage):
    """A page of the lists that older clients ask for whole: without a limit it is the largest there is."""

    limit: Annotated[int, Field(ge=1, examples=[50]), AfterValidator(_at_most)] = Field(
        default_factory=lambda: settings().max_limit
    )


class CursorPage(Request):
    """limit 1..200 and `cursor`, for lists that have no numbered pages."""

    limit: Limit = Field(default_factory=default_limit)
    cursor: Cursor | None = None


class LenientPage(Request):
    """A page whose bad numbers fall back to the defaults, as older clients of these lists rely on."""

    limit: Annotated[int, BeforeValidator(_lenient_limit), ANY_NUMBER] = Field(default_factory=default_limit)
    offset: LenientOffset = 0
    cursor: Cursor | None = None


class LenientScreen(LenientPage):
    """A lenient page of up to 10,000 rows."""

    limit: Annotated[int, BeforeValidator(_screen_limit), ANY_NUMBER] = Field(default_factory=default_limit)


def encode_cursor(*keys: Any) -> str:
    """Pack the sort keys of the last row of a page; the client hands the text back unread."""
    return base64.urlsafe_b64encode(orjson.dumps(keys, default=str)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The keys of `encode_cursor`, each of the given kind.

    Raises ValidationFailed for a cursor that was not made by this list with this sort order.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        keys = orjson.loads(raw)
        if not isinstance(keys, list) or len(keys) != len(kinds):
            raise ValueError("wrong shape")
        return tuple(_key(value, kind) for value, kind in zip(keys, kinds, strict=True))
    except (ValueError, TypeError, ArithmeticError, binascii.Error):
        fault = {"loc": ["query", "cursor"], "msg": "is not a cursor of this list and sort order", "type": "cursor"}
        raise ValidationFailed(details={"errors": [fault]}) from None


def _key(value: Any, kind: type) -> Any:
    if kind is int and (not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63):
        raise ValueError("not an id")
    if kind is str and (not isinstance(value, str) or "\x00" in value):
        raise ValueError("not a text")
    converted = kind.fromisoformat(value) if hasattr(kind, "fromisoformat") else kind(value)
    if hasattr(converted, "is_finite") and not converted.is_finite():
        raise ValueError("not a number")
    if hasattr(converted, "adjusted") and abs(converted.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("out of range")
    return converted


def page_meta(
    *, limit: int, offset: int, total: int | None = None, has_next: bool = False, next_cursor: str | None = None
) -> PageMeta:
    """The `meta` of a list answer."""
    return PageMeta(
        total=total, limit=limit, offset=offset, has_next=has_next, next_cursor=next_cursor if has_next else None
    )
