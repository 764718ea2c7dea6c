"""The route table on which requests may be answered from a replica."""

from app.api import TABLE
from app.routes import health, live, metrics


def test_whether_the_server_is_ready_is_asked_of_the_primary_and_so_are_live_news_and_figures() -> None:
    fresh = {entry.blueprint for entry in TABLE if entry.fresh}

    assert fresh == {health.probes, health.api, live.live, metrics.metrics}
