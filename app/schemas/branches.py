"""Branches and their delivery windows."""

from datetime import date, time
from typing import Annotated

from pydantic import Field, PlainSerializer

from app.domain.enums import LocationKind
from app.schemas.envelope import Answer, Instant, Listed, PageMeta, Request, RowId
from app.schemas.pagination import Page

ClockTime = Annotated[time, PlainSerializer(lambda moment: moment.isoformat("seconds"), return_type=str)]
"""A time of day, sent as HH:MM:SS."""


class Branch(Answer):
    id: int
    name: str
    address: str
    is_active: bool
    kind: LocationKind


class BranchList(Listed[Branch]):
    """`pagination` repeats `meta` under the name older clients read."""

    pagination: PageMeta


class BranchName(Answer):
    id: int
    name: str


class BranchQuery(Page):
    pass


class SlotQuery(Request):
    """Day 0 is Sunday."""

    day_of_week: int | None = Field(default=None, ge=0, le=6)
    branch_id: RowId | None = None


class SlotDate(Answer):
    """A date the window still takes orders for: places left, and when it closes."""

    date: date
    remaining: int
    closes_at: Instant


class Slot(Answer):
    """A weekly window in the shop's time zone, with its next open dates, soonest first."""

    id: int
    branch_id: int
    day_of_week: int
    start_time: ClockTime
    end_time: ClockTime
    next_dates: list[SlotDate]
