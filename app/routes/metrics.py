"""Figures for Prometheus."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from app.errors import AuthFailed, AuthRequired, NotFound
from app.middleware import metrics as figures
from app.openapi import File, endpoint

metrics = Blueprint("metrics", __name__)


@metrics.get("/metrics")
@endpoint(
    answers={200: File("text/plain", "Metrics in Prometheus' text format; docs/monitoring.md lists them.")},
    errors=(AuthRequired, AuthFailed, NotFound),
    operation_id="getMetrics",
)
def show_metrics() -> Response:
    """Show the metrics of this server and of the business.

    Takes METRICS_TOKEN as bearer. While none is set it is open outside production, and in production not there.
    """
    figures.check_scraper()
    return Response(figures.exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
