"""The reports by name, and reading one: as an answer, as CSV, as a chart."""

from dataclasses import dataclass
from typing import Any

from app.config import settings
from app.domain.csv_text import csv_lines
from app.domain.enums import Granularity, ReportUnit
from app.domain.periods import Period, counted_back, usual_granularity
from app.errors import NotFound, ValidationFailed
from app.schemas.analytics import (
    LONGEST_GIVEN_DAYS,
    USUAL_RANGE,
    Cell,
    ChartQuery,
    Report,
    ReportColumn,
    ReportQuery,
    RevenueQuery,
    RevenueSeries,
)
from app.services.analytics import fulfilment, goods, sales
from app.services.analytics.frame import DATE, Asked, Definition, as_report, parameters
from app.services.shop_clock import today
from app.transaction import reading

REPORTS: dict[str, Definition] = {
    "revenue": sales.REVENUE,
    "orders": sales.ORDERS,
    "basket-size": sales.BASKET_SIZE,
    "fulfilment-rate": fulfilment.FULFILMENT_RATE,
    "substitutions": fulfilment.SUBSTITUTIONS,
    "picker-speed": fulfilment.PICKER_SPEED,
    "top-products": goods.TOP_PRODUCTS,
    "slot-use": goods.SLOT_USE,
    "low-stock": goods.LOW_STOCK,
}


_IMPOSSIBLE_DATES = {
    "loc": ["query", "date_from"],
    "msg": "must not be after date_to (by default today), nor more than two years before it",
    "type": "value_error",
}


class ReportNotFound(NotFound):
    message = f"There is no such report. The reports are: {', '.join(REPORTS)}."


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file and the name to keep it under."""

    name: str
    content: str


def revenue(query: RevenueQuery) -> RevenueSeries:
    """The revenue of all branches by day, month or year, without gaps (one statement)."""
    granularity = query.granularity or usual_granularity(query.range)
    period = counted_back(query.range, today(), granularity)
    made = _read("revenue", Asked(period, granularity, settings().zone, branch_id=None))
    return RevenueSeries(
        labels=[str(row["date"]) for row in made.rows], values=[float(row["revenue"] or 0) for row in made.rows]
    )


def report(name: str, query: ReportQuery) -> Report:
    """A report by its name (one statement). Raises ReportNotFound or ValidationFailed."""
    if name not in REPORTS:
        raise ReportNotFound
    return _read(name, _asked(query))


def as_csv(name: str, query: ReportQuery) -> ReportFile:
    """A report as CSV, the keys of its columns in the first line. Raises as `report` does."""
    made = report(name, query)
    lines: list[list[Any]] = [[column.key for column in made.columns]]
    lines += [[_csv_cell(row[column.key], column) for column in made.columns] for row in made.rows]
    stretch = f"-{made.period.first}-{made.period.last}" if made.period else f"-{today()}"
    return ReportFile(f"{name}{stretch}.csv", csv_lines(lines))


def as_chart(name: str, query: ChartQuery) -> str:
    """A report as an SVG chart, drawn from the rows of the answer. Raises as `report` does."""
    from app.services import charts  # noqa: PLC0415 (loads reportlab, which nothing else of the reports needs)

    made = report(name, query)
    definition = REPORTS[name]
    columns = [column for column in made.columns if column.key in definition.drawn]
    chart = charts.Chart(
        title=made.title,
        labels=[" ".join(str(row[key]) for key in definition.named_by) for row in made.rows],
        series=[charts.Series(each.label, [_number(row[each.key]) for row in made.rows]) for each in columns],
        unit={ReportUnit.MONEY: made.currency, ReportUnit.PERCENT: "%"}.get(columns[0].unit, ""),
    )
    draw = charts.over_time if definition.named_by[0] == DATE else charts.down_the_page
    return draw(chart, width=query.width)


def _read(name: str, asked: Asked) -> Report:
    definition = REPORTS[name]
    with reading() as connection:
        found = connection.execute(definition.statement, parameters(asked, definition)).all()
    return as_report(name, definition, found, asked, settings().currency)


def _asked(query: ReportQuery) -> Asked:
    period, granularity = _period(query)
    return Asked(period, granularity, settings().zone, query.branch_id, query.by, query.limit)


def _period(query: ReportQuery) -> tuple[Period, Granularity]:
    """The days a query names, and how to cut them up. Raises ValidationFailed."""
    last = query.date_to or today()
    if query.date_from is not None:
        period = Period(query.date_from, last)
        if not 1 <= period.days <= LONGEST_GIVEN_DAYS:
            raise ValidationFailed(details={"errors": [_IMPOSSIBLE_DATES]})
        return period, query.granularity or usual_granularity(f"{period.days}d")
    range_ = query.range or USUAL_RANGE
    granularity = query.granularity or usual_granularity(range_)
    return counted_back(range_, last, granularity), granularity


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


def _csv_cell(cell: Cell, column: ReportColumn) -> Cell:
    """Amounts with their two decimals, as in an account book."""
    if column.unit is ReportUnit.MONEY and isinstance(cell, int | float):
        return f"{cell:.2f}"
    return cell
