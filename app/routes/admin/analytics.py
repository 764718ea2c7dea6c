"""Reports as JSON, CSV and charts."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.openapi import File, endpoint
from app.schemas.analytics import ChartQuery, Report, ReportQuery, RevenueQuery, RevenueSeries
from app.services.analytics import reports as analytics

revenue = Blueprint("analytics_revenue", __name__)
reports = Blueprint("analytics_reports", __name__)


@revenue.get("/analytics/revenue")
@endpoint(query=RevenueQuery, answers={200: RevenueSeries})
def show_revenue(query: RevenueQuery) -> Response:
    """Show what delivered orders brought in, by day, month or year of their delivery.

    Amounts are what was charged in the end, of all branches. Without `granularity` a range in days is shown by day (up
    to 92, beyond by month), a range in months or years by month.
    """
    return answer(analytics.revenue(query))


@reports.get("/analytics/reports/<name>")
@endpoint(query=ReportQuery, answers={200: Report}, errors=(analytics.ReportNotFound,))
def show_report(name: str, query: ReportQuery) -> Response:
    """Show a report as a table.

    Names: revenue, orders, basket-size, fulfilment-rate, substitutions, picker-speed, top-products, slot-use,
    low-stock. Days are those of the shop's time zone; a time in which nothing happened has a row of its own.
    """
    return answer(analytics.report(name, query))


@reports.get("/analytics/reports/<name>.csv")
@endpoint(
    query=ReportQuery, answers={200: File("text/csv", "The rows of the report.")}, errors=(analytics.ReportNotFound,)
)
def download_report(name: str, query: ReportQuery) -> Response:
    """Download a report as CSV: the same rows as in the table, for a spreadsheet.

    Texts that a spreadsheet would run as a formula have an apostrophe before them.
    """
    made = analytics.as_csv(name, query)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(made.content, mimetype="text/csv", headers=headers)


@reports.get("/analytics/reports/<name>.svg")
@endpoint(query=ChartQuery, answers={200: File("image/svg+xml", "The chart.")}, errors=(analytics.ReportNotFound,))
def draw_report(name: str, query: ChartQuery) -> Response:
    """Draw a report as a chart, from the same rows as in the table."""
    return Response(analytics.as_chart(name, query), mimetype="image/svg+xml")
