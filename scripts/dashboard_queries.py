"""The questions Grafana's dashboard puts to Prometheus: `python -m scripts.dashboard_queries` prints them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DASHBOARD = PROJECT / "monitoring" / "grafana" / "dashboards" / "aisle.json"
RATE_INTERVAL = "$__rate_interval"
"""What Grafana replaces by at least four times the interval at which Prometheus scrapes."""


@dataclass(frozen=True, slots=True)
class Query:
    """One line of a panel, in PromQL."""

    panel: str
    expression: str


def dashboard_queries(rate_interval: str = "1m") -> list[Query]:
    """Every query of the dashboard in its order, with `rate_interval` (such as "15s") where Grafana puts its own."""
    return [Query(panel, text.replace(RATE_INTERVAL, rate_interval)) for panel, text in _expressions()]


def _expressions() -> Iterator[tuple[str, str]]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


if __name__ == "__main__":
    for query in dashboard_queries():
        print(f"{query.panel}: {query.expression}")
