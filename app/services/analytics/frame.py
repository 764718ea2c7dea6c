"""What every report is made of: what was asked, how it is defined, and how its rows become cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Date, DateTime, String, TextClause, bindparam, text
from sqlalchemy.types import TypeEngine

from app.domain.enums import Granularity, ReportUnit
from app.domain.periods import Period, buckets, label
from app.models.base import AnyRow
from app.schemas.analytics import Cell, Report, ReportColumn, ReportPeriod

DATE = "date"
"""The key of the column that says which day, month or year a row is about."""


class Shape(StrEnum):
    """What the rows of a report are: times in order without gaps, or things in their own order."""

    TIMES = "times"
    THINGS = "things"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked for."""

    period: Period
    granularity: Granularity
    zone: ZoneInfo
    branch_id: int | None
    by: str = "money"
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `absent` is its cell for a time of which the statement says nothing: 0 of a sum, None of a share."""

    key: str
    label: str
    unit: ReportUnit = ReportUnit.COUNT
    absent: Cell = 0


@dataclass(frozen=True, slots=True)
class Definition:
    """A report: its statement answers the columns by key, TIMES with `bucket` (a date) in place of `date`.

    `drawn` are the keys of the chart's series, `named_by` the keys that name a row in it. `limit` is how many rows it
    has where nobody says; None: as many as there are. `has_period`: false for a look at the present moment.
    """

    title: str
    statement: TextClause
    columns: tuple[Column, ...]
    drawn: tuple[str, ...]
    named_by: tuple[str, ...] = (DATE,)
    shape: Shape = Shape.TIMES
    limit: int | None = None
    has_period: bool = True


WHEN = Column(DATE, "Date", ReportUnit.TEXT, None)

_PARAMETERS: dict[str, TypeEngine[Any]] = {
    "starts": DateTime(timezone=True),
    "ends": DateTime(timezone=True),
    "first": Date(),
    "last": Date(),
    "zone": String(),
    "granularity": String(),
    "branch_id": BigInteger(),
    "by": String(),
    "limit": BigInteger(),
}


def statement(sql: str) -> TextClause:
    """A report's statement; it names those of the parameters above that it needs."""
    made = text(sql)
    named = made.compile().params.keys()
    return made.bindparams(*(bindparam(name, type_=_PARAMETERS[name]) for name in named))


def parameters(asked: Asked, definition: Definition) -> dict[str, Any]:
    """The values of a statement's parameters."""
    return {
        "starts": asked.period.starts(asked.zone),
        "ends": asked.period.ends(asked.zone),
        "first": asked.period.first,
        "last": asked.period.last,
        "zone": asked.zone.key,
        "granularity": asked.granularity.value,
        "branch_id": asked.branch_id,
        "by": asked.by,
        "limit": asked.limit or definition.limit,
    }


def as_report(name: str, definition: Definition, found: Sequence[AnyRow], asked: Asked, currency: str) -> Report:
    """The answer of a report from the rows its statement found."""
    is_by_time = definition.shape is Shape.TIMES
    period = {"from": asked.period.first, "to": asked.period.last}
    return Report(
        name=name,
        title=definition.title,
        period=ReportPeriod.model_validate(period) if definition.has_period else None,
        granularity=asked.granularity if is_by_time else None,
        branch_id=asked.branch_id,
        currency=currency,
        columns=[ReportColumn(key=each.key, label=each.label, unit=each.unit) for each in definition.columns],
        rows=list(_by_time(definition, found, asked) if is_by_time else _as_found(definition, found)),
    )


def _by_time(definition: Definition, found: Sequence[AnyRow], asked: Asked) -> Iterator[dict[str, Cell]]:
    """One row for every day, month or year of the period, whether or not anything happened."""
    known = {row.bucket: row._mapping for row in found}
    for bucket in buckets(asked.period, asked.granularity):
        values = known.get(bucket)
        cells = {each.key: _cell(values[each.key]) if values else each.absent for each in definition.columns[1:]}
        yield {DATE: label(bucket, asked.granularity), **cells}


def _as_found(definition: Definition, found: Sequence[AnyRow]) -> Iterator[dict[str, Cell]]:
    for row in found:
        yield {each.key: _cell(row._mapping[each.key]) for each in definition.columns}


def _cell(value: Any) -> Cell:
    """A value of the database as JSON has it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    known: Cell = value
    return known
