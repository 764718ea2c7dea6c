"""What watches the shop: Prometheus takes its configuration and rules, every query of the dashboard finds something."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import meters
from app.config import PROJECT
from app.domain.enums import OperationKind, OrderStatus
from app.models import Payment, PaymentOperation
from app.services.figures import counting, queues
from app.services.figures.catalog import CATALOG
from app.tasks import worker
from scripts.ports import free_port
from tests import factories
from tests.conftest import Live
from tests.programs import program
from tests.system.test_metrics_of_workers import Server

pytestmark = pytest.mark.xdist_group("server")

MONITORING = PROJECT / "monitoring"
ALERTS = (MONITORING / "alerts.yml").read_text()
CASES = (MONITORING / "alerts_test.yml").read_text()
DASHBOARD = json.loads((MONITORING / "grafana" / "dashboards" / "aisle.json").read_text())
TOKEN = "a token that only Prometheus knows"


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [program("promtool", "prometheus"), *arguments]
    return subprocess.run(command, cwd=MONITORING, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "arguments", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")], ids=["check", "test"]
)
def test_promtool_is_content_with_the_alerts(arguments: tuple[str, ...]) -> None:
    done = promtool(*arguments)

    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_is_content_with_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "alerts.yml").write_text(ALERTS)
    given = (MONITORING / "prometheus.yml").read_text()
    given = given.replace("/etc/prometheus/metrics-token", str(tmp_path / "token"))
    (tmp_path / "prometheus.yml").write_text(given)

    done = promtool("check", "config", str(tmp_path / "prometheus.yml"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_every_alert_is_seen_to_fire_in_a_test_of_its_own() -> None:
    fired = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n\s+- exp_labels", CASES))

    assert fired == set(re.findall(r"- alert: (\w+)", ALERTS))


def test_the_runbook_of_every_alert_exists() -> None:
    for file, anchor in re.findall(r"runbook: docs/([\w.]+)#(\S+)", ALERTS):
        headings = re.findall(r"^#+ (.+)$", (PROJECT / "docs" / file).read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, anchor
    assert ALERTS.count("runbook:") == ALERTS.count("summary:") == ALERTS.count("- alert:")


def exposed() -> set[str]:
    """The names Prometheus knows everything by, without the endings of counters and histograms."""
    counted = {metric.name for metric in meters.REGISTRY.collect()}
    told = {"flask_exporter_info", "app_info", "aisle_figures_up", *CATALOG}
    return counted | told


def without_ending(name: str) -> str:
    return re.sub(r"_(total|bucket|sum|count)$", "", name)


def test_the_documentation_lists_every_metric_and_no_other() -> None:
    lines = [line for line in (PROJECT / "docs" / "monitoring.md").read_text().splitlines() if line.startswith("| `")]
    listed = {without_ending(name) for line in lines for name in re.findall(r"`([a-z_]+)`", line.split("|")[1])}

    assert listed == exposed()


@pytest.mark.parametrize("text", [ALERTS, json.dumps(DASHBOARD)], ids=["alerts", "dashboard"])
def test_alerts_and_dashboard_ask_for_metrics_there_are(text: str) -> None:
    asked = set(re.findall(r"\b((?:aisle|flask|db|app)_[a-z_]+)\b(?=[^:]*)", text))

    assert {without_ending(name) for name in asked if not name.startswith("aisle_s")} - exposed() <= {
        "aisle_business",
        "aisle_servers",
    }


def test_the_queues_are_those_of_the_worker() -> None:
    assert queues.QUEUES == (worker.CHORES, worker.EVENTS)


class Prometheus:
    """A real one on loopback, which looks at a server every second."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        given = (MONITORING / "prometheus.yml").read_text()
        (folder / "token").write_text(TOKEN)
        (folder / "alerts.yml").write_text(ALERTS)
        given = given.replace("/etc/prometheus/metrics-token", str(folder / "token"))
        given = given.replace("web:5000", f"127.0.0.1:{server.port}").replace("_interval: 15s", "_interval: 1s")
        (folder / "prometheus.yml").write_text(given)

    def __enter__(self) -> Self:
        command = [
            program("prometheus", "prometheus"),
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        with (self.folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)

    def ask(self, query: str) -> list[Any]:
        """What an instant query finds; nothing while Prometheus is starting."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/query", params={"query": query}, timeout=10)
        except httpx.HTTPError:
            return []
        body = answer.json()
        assert body["status"] == "success", (query, body)
        return list(body["data"]["result"])

    def until(self, query: str, seconds: float = 60) -> list[Any]:
        give_up = time.monotonic() + seconds
        while not (found := self.ask(query)):
            assert self.process.poll() is None, (self.folder / "prometheus.log").read_text()[-2000:]
            assert time.monotonic() < give_up, query
            time.sleep(0.3)
        return found


def queries() -> Iterator[tuple[str, str]]:
    """Each query of the dashboard with the title of its panel, the interval Grafana would put in put in."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "15s")


def trade(live: Live) -> None:
    """Orders, one with a payment under way; then everything is counted."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        user, product = factories.make_user(session), factories.make_product(session)
        for status in (OrderStatus.CREATED, OrderStatus.DELIVERED):
            factories.make_order(session, user, product, status=status)
        payment_id = session.scalars(select(Payment.id)).first()
        session.add(
            PaymentOperation(
                payment_id=payment_id,
                kind=OperationKind.CAPTURE,
                seq=7,
                idempotency_key=uuid4(),
                amount=1,
                next_at=datetime.now(UTC) + timedelta(hours=1),
            )
        )
        session.commit()
        counting.count_due()


def test_every_query_of_the_dashboard_finds_data_at_a_real_prometheus(live: Live, tmp_path: Path) -> None:
    trade(live)
    asked = list(queries())
    (tmp_path / "shop").mkdir()
    (tmp_path / "prometheus").mkdir()

    with (
        Server(live.url, tmp_path / "shop", METRICS_TOKEN=TOKEN) as server,
        Prometheus(server, tmp_path / "prometheus") as prometheus,
    ):
        prometheus.until('up{job="aisle"} == 1')
        for _ in range(8):
            httpx.get(f"{server.base}/api/v1/branches", timeout=10)
            httpx.get(f"{server.base}/api/v1/nowhere", timeout=10)
            time.sleep(0.5)
        prometheus.until("rate(flask_error_total[15s]) > 0")
        found = {(title, query): prometheus.ask(query) for title, query in asked}
        rules = httpx.get(f"http://127.0.0.1:{prometheus.port}/api/v1/rules", timeout=10).json()["data"]["groups"]
        open_orders = prometheus.ask('max(aisle_orders_open{status="CREATED",channel="DELIVERY_OR_PICKUP"})')

    assert len(asked) > 30
    assert [where for where, rows in found.items() if not rows] == []
    assert {rule["health"] for group in rules for rule in group["rules"]} <= {"ok", "unknown"}
    assert open_orders[0]["value"][1] == "1"


def test_grafana_finds_its_parts_where_the_provisioning_says() -> None:
    provisioning = MONITORING / "grafana" / "provisioning"

    assert "uid: prometheus" in (provisioning / "datasources" / "prometheus.yml").read_text()
    assert "path: /var/lib/grafana/dashboards" in (provisioning / "dashboards" / "aisle.yml").read_text()
    assert DASHBOARD["templating"]["list"][0]["current"]["value"] == "prometheus"
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
