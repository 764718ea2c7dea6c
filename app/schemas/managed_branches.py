"""Branches and delivery slots as managers edit them."""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from app.domain.enums import LocationKind
from app.schemas.branches import ClockTime
from app.schemas.envelope import NOT_A_TRUTH, Answer, Request, RowId
from app.schemas.pagination import Page
from app.schemas.text import Line

_CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
LARGEST_CAPACITY = 100_000
A_WEEK = 7 * 24 * 60

BranchKind = Literal[LocationKind.STORE, LocationKind.WAREHOUSE]
BranchText = Annotated[Line, StringConstraints(min_length=2, max_length=128)]
AddressText = Annotated[Line, StringConstraints(min_length=2, max_length=256)]


class NewBranch(Request):
    example: ClassVar[Mapping[str, Any]] = {"name": "Carmel Market", "address": "12 Market Street, Haifa"}

    name: BranchText
    address: AddressText
    kind: BranchKind = LocationKind.STORE


class BranchChange(Request):
    """What is left out stays."""

    example: ClassVar[Mapping[str, Any]] = {"name": "Carmel Market", "address": "14 Market Street, Haifa"}

    name: BranchText | None = None
    address: AddressText | None = None
    kind: BranchKind | None = None


class ManagedBranchQuery(Page):
    is_active: bool | None = None


class ActiveQuery(Request):
    """Whether the row shall be active."""

    active: bool


def _clock_text(value: Any) -> Any:
    """Only the forms described: a number would be read as seconds since midnight, and a zone has no meaning here."""
    if not isinstance(value, str) or not re.fullmatch(_CLOCK, value):
        raise ValueError("must be a time such as 08:00 or 08:00:00")
    return value


Clock = Annotated[
    time,
    BeforeValidator(_clock_text),
    Field(examples=["08:00"]),
    WithJsonSchema({"type": "string", "pattern": _CLOCK, "examples": ["08:00"]}),
]
"""A time of day without zone, HH:MM or HH:MM:SS."""

Day = Annotated[int, Field(ge=0, le=6), NOT_A_TRUTH]
Capacity = Annotated[int, Field(ge=0, le=LARGEST_CAPACITY), NOT_A_TRUTH]
Cutoff = Annotated[int, Field(ge=0, le=A_WEEK), NOT_A_TRUTH]


class NewSlot(Request):
    """A window of two hours inside 06:00-22:00, in the shop's time zone. Day 0 is Sunday.

    `capacity` counts orders a date, `cutoff_minutes` is how long before the start orders close.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "branch_id": 1,
        "day_of_week": 0,
        "start_time": "08:00",
        "end_time": "10:00",
    }

    branch_id: RowId
    day_of_week: Day
    start_time: Clock
    end_time: Clock
    capacity: Capacity = 50
    cutoff_minutes: Cutoff = 120


class SlotChange(Request):
    """What is left out stays; `branch_id` is read and ignored: a slot keeps its branch."""

    example: ClassVar[Mapping[str, Any]] = {"day_of_week": 0, "start_time": "10:00", "end_time": "12:00"}

    branch_id: RowId | None = None
    day_of_week: Day | None = None
    start_time: Clock | None = None
    end_time: Clock | None = None
    capacity: Capacity | None = None
    cutoff_minutes: Cutoff | None = None


class ManagedSlotQuery(Request):
    branch_id: RowId | None = None
    day_of_week: int | None = Field(default=None, ge=0, le=6)
    is_active: bool | None = None


class ManagedSlot(Answer):
    id: int
    branch_id: int
    branch_name: str
    day_of_week: int
    start_time: ClockTime
    end_time: ClockTime
    capacity: int
    cutoff_minutes: int
    is_active: bool


class SlotDay(Answer):
    """One date of a window: orders booked and taken at most. `is_open` is false once the cut-off has passed."""

    slot_id: int
    date: date
    booked: int
    capacity: int
    is_open: bool


class SlotDayChange(Request):
    """`capacity` 0 closes the day to new orders; those booked stay booked."""

    example: ClassVar[Mapping[str, Any]] = {"date": "2027-01-03", "capacity": 0}

    date: date
    capacity: Capacity
