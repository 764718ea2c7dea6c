"""Reports: what may be asked of them, and the one shape in which all of them answer."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from app.domain.enums import Granularity, ReportUnit
from app.domain.periods import RANGE_PATTERN, is_range
from app.schemas.envelope import Answer, Request, RowId

USUAL_RANGE = "30d"
LONGEST_GIVEN_DAYS = 731
"""Two years, one of them a leap year."""

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST, _LATEST = date(2000, 1, 1), date(2100, 12, 31)


def _possible_range(value: str) -> str:
    if not is_range(value):
        raise ValueError("must be 1 to 3653 days (30d), 1 to 120 months (12m) or 1 to 10 years (2y)")
    return value


def _iso(value: Any) -> Any:
    if isinstance(value, str) and not _ISO_DATE.fullmatch(value):
        raise ValueError("must be a date such as 2026-01-31")
    return value


def _this_century(value: date) -> date:
    if not _EARLIEST <= value <= _LATEST:
        raise ValueError(f"must be between {_EARLIEST} and {_LATEST}")
    return value


Range = Annotated[
    str,
    Field(
        pattern=RANGE_PATTERN,
        max_length=8,
        examples=["30d", "12m", "2y"],
        description="So many days, months or years up to and including today; at most ten years.",
    ),
    AfterValidator(_possible_range),
]
Day = Annotated[date, BeforeValidator(_iso), AfterValidator(_this_century)]
Slices = Annotated[
    Granularity | None,
    Field(
        description="By default `day` for up to 92 days and `month` for more. With month or year, a range in months or "
        "years means whole ones, the running one included."
    ),
]


class RevenueQuery(Request):
    """Which days, and cut up how."""

    range: Range = USUAL_RANGE
    granularity: Slices = None


class RevenueSeries(Answer):
    """Two lists of one length, without gaps: `2026-01-31`, `2026-01` or `2026`, and the revenue of that time."""

    labels: list[str] = Field(examples=[["2026-01-30", "2026-01-31"]])
    values: list[float] = Field(examples=[[1204.5, 0]])


class ReportQuery(Request):
    """A report of all branches or of one, over a range or from one day to another."""

    range: Range | None = Field(default=None, description=f"By default {USUAL_RANGE}; it ends on date_to, or today.")
    date_from: Day | None = Field(default=None, description="Instead of range; at most two years before date_to.")
    date_to: Day | None = Field(default=None, description="The last day; by default today.")
    granularity: Slices = None
    branch_id: RowId | None = None
    by: Literal["pieces", "money"] = Field(default="money", description="What top-products are sorted by.")
    limit: int | None = Field(
        default=None, ge=1, le=1000, description="Rows of top-products (by default 10) and of low-stock (100)."
    )

    @model_validator(mode="after")
    def _one_way_to_name_a_period(self) -> Self:
        if self.date_from is not None and self.range is not None:
            raise ValueError("give range or date_from, not both")
        return self


class ChartQuery(ReportQuery):
    """The same, and how wide to draw."""

    width: int = Field(default=800, ge=300, le=1600, description="Pixels.")


class ReportPeriod(Answer):
    """The first and the last day, both included, on the shop's calendar."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")


class ReportColumn(Answer):
    """One column of the rows: the key of its cells, its heading, and what its numbers count."""

    key: str = Field(examples=["revenue"])
    label: str = Field(examples=["Revenue"])
    unit: ReportUnit


Cell = str | int | float | None
"""Numbers are numbers; null where there was nothing to take an average or a share of."""


class Report(Answer):
    """A table. Each row has one cell for every column; `period` is null where a report shows the present moment."""

    name: str = Field(examples=["revenue"])
    title: str = Field(examples=["Revenue"])
    period: ReportPeriod | None
    granularity: Granularity | None
    branch_id: int | None
    currency: str = Field(examples=["ILS"])
    columns: list[ReportColumn]
    rows: list[dict[str, Cell]] = Field(examples=[[{"date": "2026-01-31", "revenue": 1204.5, "orders": 9}]])
