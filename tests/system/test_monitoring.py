"""What watches the shop: Prometheus takes its configuration and rules, every query of the dashboard finds something."""

import json
import re
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import meters
from app.config import PROJECT
from app.domain.enums import OperationKind, OrderStatus
from app.models import Payment, PaymentOperation
from app.services.figures import counting, queues
from app.services.figures.catalog import CATALOG
from app.tasks import worker
from scripts.dashboard_queries import dashboard_queries
from scripts.ports import free_port
from tests import factories
from tests.conftest import Live
from tests.programs import program
from tests.system.test_metrics_of_workers import Server

pytestmark = pytest.mark.alone

MONITORING = PROJECT / "monitoring"
ALERTS = (MONITORING / "alerts.yml").read_text()
CASES = (MONITORING / "alerts_test.yml").read_text()
DASHBOARD = json.loads((MONITORING / "grafana" / "dashboards" / "aisle.json").read_text())
ONLY_AT_TIMES = {
    "aisle_queue_depth",  # with Celery
    "flask_http_request_exceptions_total",  # after the first mistake of ours
}
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


def named(promql: str) -> set[str]:
    """The metrics a query names: its words but for those in texts, label lists, ranges and PromQL's own."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(by|on|ignoring|without)\s*\([^)]*\)', " ", promql)
    words = re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare)
    return {word for word in words if not re.search(rf"\b{word}\s*\(", bare)} - {"or", "and", "unless", "bool"}


@pytest.mark.parametrize(
    ("promql", "names"),
    [
        ('sum by (le) (rate(a_bucket{path!="b"}[5m])) / sum(c) > 0.5', {"a_bucket", "c"}),
        ('max(a + ignoring (state) b{state="x"}) or vector(0) and on() d == 1', {"a", "b", "d"}),
    ],
)
def test_the_names_of_a_query_are_found(promql: str, names: set[str]) -> None:
    assert named(promql) == names


def trade(session: Session) -> None:
    """Orders, one with a payment under way; then everything is counted."""
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


def test_alerts_and_dashboard_ask_only_for_what_the_server_tells(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    trade(session)
    client.get("/api/v1/branches")
    client.get("/nowhere")
    app.extensions["figures"]._read_at = float("-inf")
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    told = {sample.name for family in families for sample in family.samples}

    rules = [rule["expr"] for group in yaml.safe_load(ALERTS)["groups"] for rule in group["rules"]]
    asked = {name for text in (*rules, *(query.expression for query in dashboard_queries())) for name in named(text)}

    assert len(asked) > 20
    assert asked - told - {"up"} <= ONLY_AT_TIMES
    assert {without_ending(name) for name in ONLY_AT_TIMES} <= exposed()


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
        if answer.status_code == 503:
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


def test_every_query_of_the_dashboard_finds_data_at_a_real_prometheus(live: Live, tmp_path: Path) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        trade(session)
    asked = dashboard_queries("15s")
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
        found = {query: prometheus.ask(query.expression) for query in asked}
        rules = httpx.get(f"http://127.0.0.1:{prometheus.port}/api/v1/rules", timeout=10).json()["data"]["groups"]
        open_orders = prometheus.ask('max(aisle_orders_open{status="CREATED",channel="DELIVERY_OR_PICKUP"})')

    assert len(asked) > 30
    assert [query for query, rows in found.items() if not rows] == []
    assert {rule["health"] for group in rules for rule in group["rules"]} <= {"ok", "unknown"}
    assert open_orders[0]["value"][1] == "1"


def test_grafana_finds_its_parts_where_the_provisioning_says() -> None:
    provisioning = MONITORING / "grafana" / "provisioning"

    assert "uid: prometheus" in (provisioning / "datasources" / "prometheus.yml").read_text()
    assert "path: /var/lib/grafana/dashboards" in (provisioning / "dashboards" / "aisle.yml").read_text()
    assert DASHBOARD["templating"]["list"][0]["current"]["value"] == "prometheus"
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
