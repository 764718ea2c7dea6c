"""The PromQL of the Grafana dashboard, for whoever wants to try it without Grafana."""

import json
from collections.abc import Iterator
from typing import Any

from app.config import PROJECT

DASHBOARD = PROJECT / "monitoring" / "grafana" / "dashboards" / "aisle.json"


def dashboard_queries() -> list[str]:
    """Every expression, in the order of the panels; `$__rate_interval` stands for what Grafana would put there."""
    return [target["expr"] for panel in _panels(json.loads(DASHBOARD.read_text())) for target in panel["targets"]]


def _panels(holder: Any) -> Iterator[Any]:
    """Those that show something; a row may hold panels of its own."""
    for panel in holder["panels"]:
        if panel.get("targets"):
            yield panel
        if panel.get("panels"):
            yield from _panels(panel)
