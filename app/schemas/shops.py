"""A vendor's shop as its vendor makes, edits and sees it."""

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from app.domain.enums import ShopEvent
from app.domain.shop_hours import END_OF_DAY, Interval, clock, overlap
from app.errors import BadRequest
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, LenientRequest, Message, Request
from app.schemas.money import Money, Number
from app.schemas.needed import refused_without
from app.schemas.text import BLANK_IS_NONE, Line, Paragraphs
from app.schemas.web_address import WebAddress

MOST_INTERVALS = 70


class MissingShopFields(BadRequest):
    code = "MISSING_SHOP_FIELDS"
    message = "Missing required fields"


class NoHours(BadRequest):
    code = "NO_HOURS"
    message = "No hours data provided"


class InvalidIsOpen(BadRequest):
    code = "INVALID_IS_OPEN"
    message = "Invalid is_open value"


ShopName = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
ShopType = Annotated[Line, StringConstraints(min_length=1, max_length=50)]
ShopDescription = Annotated[Paragraphs, StringConstraints(max_length=200)]
CategoryTags = Annotated[Line, StringConstraints(max_length=400), Field(examples=["fruit, dairy"])]
Society = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
LogoUrl = Annotated[Annotated[WebAddress, StringConstraints(max_length=255)] | None, BLANK_IS_NONE]


class NewShop(LenientRequest):
    """City, society and phone come from the vendor; only the office verifies and features."""

    example: ClassVar[Mapping[str, Any]] = {"shop_name": "Asha Stores", "shop_type": "grocery", "delivers": True}

    shop_name: ShopName
    shop_type: ShopType
    description: ShopDescription = ""
    delivers: bool = False
    appointment_only: bool = False
    is_open: bool = True
    category_tags: CategoryTags = ""
    logo_url: LogoUrl = None
    minimum_order: Money = Decimal(0)
    delivery_fee: Money = Decimal(0)

    _needed = refused_without(MissingShopFields, "shop_name", "shop_type")


class ShopChange(LenientRequest):
    """What is left out stays, and so does what is null; a null or empty `logo_url` takes the logo away."""

    example: ClassVar[Mapping[str, Any]] = {"description": "Fresh every morning", "minimum_order": 100}

    shop_name: ShopName | None = None
    shop_type: ShopType | None = None
    description: ShopDescription | None = None
    society: Society | None = None
    delivers: bool | None = None
    appointment_only: bool | None = None
    is_open: bool | None = None
    category_tags: CategoryTags | None = None
    logo_url: LogoUrl = None
    minimum_order: Money | None = None
    delivery_fee: Money | None = None


class MadeShop(Message):
    shop_id: int


class OwnShop(Answer):
    """`is_open` is the vendor's switch, `is_open_now` what consumers see: the switch, the hours, the holidays and
    the office. `suspended`: the office lets the shop sell nothing."""

    id: int
    shop_name: str
    shop_type: str
    description: str
    city: str
    society: str
    phone: str | None
    delivers: bool
    appointment_only: bool
    is_open: bool
    is_open_now: bool
    category_tags: str
    logo_url: str | None
    minimum_order: Money
    delivery_fee: Money
    verified: bool
    featured: bool
    suspended: bool
    rating: Number | None
    rating_count: int
    last_opened_at: Instant | None
    last_closed_at: Instant | None
    created_at: Instant


class ShopSwitch(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"is_open": True}

    is_open: bool

    @model_validator(mode="before")
    @classmethod
    def _true_or_false(cls, values: Any) -> Any:
        if isinstance(values, dict) and not isinstance(values.get("is_open"), bool):
            raise InvalidIsOpen
        return values


class SwitchedShop(Message):
    is_open: bool


class StatusLogEntry(Answer):
    id: int
    event: ShopEvent
    created_at: Instant


_CLOSED = "[Cc][Ll][Oo][Ss][Ee][Dd]"
_TIME = "([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00"


def _moment(value: Any) -> time | None:
    """A time of day; None where the shop is closed."""
    if value is None or (isinstance(value, str) and re.fullmatch(f"({_CLOSED})?", value)):
        return None
    if not isinstance(value, str) or not re.fullmatch(_TIME, value):
        raise ValueError("must be a time like 09:30, or empty or 'Closed' where the shop is closed")
    hours, minutes = map(int, value.split(":"))
    return END_OF_DAY if hours == 24 else time(hours, minutes)


OpeningTime = Annotated[
    time | None,
    BeforeValidator(_moment),
    PlainSerializer(lambda moment: clock(moment) if moment else None, return_type=str | None),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": f"^({_TIME}|{_CLOSED}|)$"}, {"type": "null"}]},
        mode="validation",
    ),
]


class HoursEntry(LenientRequest):
    """Day 0 is Monday. Without both times, or with 'Closed', it says that the shop is closed."""

    day_of_week: Annotated[int, Field(ge=0, le=6), NOT_A_TRUTH]
    open_time: OpeningTime = None
    close_time: OpeningTime = None

    @property
    def interval(self) -> Interval | None:
        if self.open_time is None or self.close_time is None:
            return None
        return Interval(self.day_of_week, self.open_time, self.close_time)


class WeeklyHours(LenientRequest):
    """The whole week. A day may have several intervals that do not overlap; days not named are closed."""

    example: ClassVar[Mapping[str, Any]] = {
        "weekly_hours": [
            {"day_of_week": 0, "open_time": "09:00", "close_time": "13:00"},
            {"day_of_week": 0, "open_time": "16:00", "close_time": "20:30"},
            {"day_of_week": 6, "open_time": "Closed", "close_time": "Closed"},
        ]
    }

    weekly_hours: Annotated[list[HoursEntry], Field(min_length=1, max_length=MOST_INTERVALS)]

    _needed = refused_without(NoHours, "weekly_hours")

    @property
    def intervals(self) -> list[Interval]:
        """The open intervals in the order of the week."""
        return sorted(entry.interval for entry in self.weekly_hours if entry.interval)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if any(interval.closes <= interval.opens for interval in self.intervals):
            raise ValueError("close_time must be after open_time; 24:00 is the end of a day")
        if overlap(self.intervals):
            raise ValueError("the intervals of a day must not overlap")
        if not self.intervals:
            raise ValueError("name at least one time of opening; to close the shop, use toggle-status")
        return self


class OpenInterval(Answer):
    day_of_week: int
    open_time: str = Field(examples=["09:00"])
    close_time: str = Field(examples=["20:30"])


class ShownHours(Answer):
    """A shop without any interval is open all day."""

    weekly_hours: list[OpenInterval]


class SavedHours(ShownHours, Message):
    pass


def _in_the_calendar(day: date) -> date:
    if not 1970 <= day.year <= 2200:
        raise ValueError("must be in the years 1970 to 2200")
    return day


HolidayDate = Annotated[date, AfterValidator(_in_the_calendar), Field(examples=["2026-12-25"])]


class Holiday(LenientRequest):
    """A day on which the shop is closed; a second call for the same day changes the reason."""

    example: ClassVar[Mapping[str, Any]] = {"day": "2026-12-25", "reason": "Christmas"}

    day: HolidayDate
    reason: Annotated[Line, StringConstraints(max_length=100)] | None = None


class HolidayQuery(Request):
    day: HolidayDate


class ShownHoliday(Answer):
    day: date
    reason: str | None
