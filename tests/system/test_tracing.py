"""Traces of a real server: what a checkout did, step by step, arrives at a collector; without one nothing is loaded."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.orm import Session

from app.config import PROJECT
from app.domain.enums import PaymentProvider
from app.models import PaymentToken
from scripts.parts.child import bare_environment
from tests import factories
from tests.conftest import Live
from tests.shopping import open_shop
from tests.system.collector import CLIENT, SERVER, Collector, collector, payment_provider
from tests.system.test_metrics_of_workers import Server

pytestmark = pytest.mark.xdist_group("server")

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def traces() -> Iterator[Collector]:
    with collector() as taken:
        yield taken


@pytest.fixture
def server(live: Live, tmp_path: Path, traces: Collector) -> Iterator[Server]:
    with (
        payment_provider() as provider,
        Server(
            live.url,
            tmp_path,
            BACKGROUND="in_process",
            OTEL_EXPORTER_OTLP_ENDPOINT=traces.url,
            OTEL_SERVICE_NAME="a-shop",
            OTEL_BSP_SCHEDULE_DELAY="200",
            PAYMENT_PROVIDER="stripe",
            STRIPE_SECRET_KEY="sk_test_1",
            STRIPE_API_BASE=provider,
            PAYMENT_WEBHOOK_SECRETS="a secret of webhooks, long enough to be taken",
        ) as running,
    ):
        yield running


def check_out(live: Live, server: Server) -> httpx.Response:
    """A checkout over HTTP, from the shelf to the paid order."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        shop = open_shop(session)
        user = factories.make_user(session)
        token = PaymentToken(
            user_id=user.id, provider=PaymentProvider.STRIPE, provider_token="cus_1:pm_1", last4="4242", is_default=True
        )
        session.add(token)
        session.commit()
        headers = factories.sign_in(session, user)
        form = {"payment_token_id": token.id, "delivery_slot_id": shop.slot.id, "address": "12 Market Street, Haifa"}
        line = {"product_id": shop.products[0].id, "quantity": 1}
    with httpx.Client(base_url=f"{server.base}/api/v1", headers=headers, timeout=20) as client:
        added = client.post("/cart/items", json=line)
        assert added.is_success, added.text
        form["cart_id"] = client.get("/cart").json()["data"]["id"]
        extra = {"Idempotency-Key": "key-1", "traceparent": PARENT, "X-Request-Id": "find-me"}
        return client.post("/checkout/confirm?token=hush", json=form, headers=extra)


CONFIRM = "POST /api/v1/checkout/confirm"


def test_a_checkout_is_a_trace_of_its_statements_and_the_payment_call_and_leads_to_the_relays(
    live: Live, server: Server, traces: Collector
) -> None:
    answer = check_out(live, server)

    assert answer.status_code == 201, answer.text
    (request,) = traces.until(lambda: traces.named(CONFIRM))
    below = traces.until(lambda: traces.below(request))
    assert (request.trace_id, request.parent_id) == tuple(PARENT.split("-")[1:3])
    assert answer.headers["traceparent"] == f"00-{request.trace_id}-{request.span_id}-01"
    assert request.kind == SERVER
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/checkout/confirm",
        "http.response.status_code": 201,
        "aisle.request_id": "find-me",
    }
    assert (request.service["service.name"], bool(request.service["service.version"])) == ("a-shop", True)
    statements = [span for span in below if "db.query.text" in span.attributes]
    calls = [span for span in below if "server.address" in span.attributes]
    assert len(statements) > 3
    assert len(statements) + len(calls) == len(below)
    assert {span.kind for span in below} == {CLIENT}
    (call,) = calls
    assert call.name == "POST"
    assert call.attributes["server.address"] == "127.0.0.1"
    assert call.attributes["http.response.status_code"] == 200
    assert set(call.attributes) == {
        "http.request.method",
        "server.address",
        "server.port",
        "http.response.status_code",
    }
    told = "\n".join(span.attributes["db.query.text"] for span in statements)
    assert "%(" in told or "$1" in told or "%s" in told
    assert "12 Market Street" not in told

    published = {note["aisle.event_id"]: note["aisle.topic"] for name, note in request.notes}
    assert set(published.values()) == {"order.placed", "order.confirmed"}
    for event_id, topic in published.items():
        relayed = traces.until(lambda: [s for s in traces.spans if s.attributes.get("aisle.event_id") == event_id])[0]  # noqa: B023
        assert relayed.name == f"outbox {topic}"
        assert (relayed.parent_id, relayed.trace_id != request.trace_id) == ("", True)
        traces.until(lambda: [span for span in traces.below(relayed) if "db.query.text" in span.attributes])  # noqa: B023


def test_log_lines_of_a_request_carry_its_trace(live: Live, server: Server, traces: Collector) -> None:
    check_out(live, server)
    (request,) = traces.until(lambda: traces.named(CONFIRM))

    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("request_id") == "find-me"]
    assert (line["trace_id"], line["span_id"]) == (request.trace_id, request.span_id)


def test_probes_scrapes_and_idle_looks_are_no_traces(server: Server, traces: Collector) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/health"):
        httpx.get(server.base + path, timeout=10)
    httpx.get(f"{server.base}/nowhere", timeout=10)

    traces.until(lambda: traces.named("GET unmatched"))

    assert {span.name for span in traces.spans} == {"GET unmatched"}


def test_a_stopped_server_sends_what_it_has(live: Live, server: Server, traces: Collector) -> None:
    httpx.get(f"{server.base}/api/v1/branches", timeout=10)
    server.process.terminate()
    server.process.wait(30)

    (request,) = traces.named("GET /api/v1/branches")
    (statement,) = traces.below(request)
    assert "FROM stock_locations" in statement.attributes["db.query.text"]


LOOK = """
import sys
from app import create_app
create_app()
wanted = ("app.middleware.tracing", "opentelemetry.exporter", "opentelemetry.sdk.trace")
print(sorted(name for name in sys.modules if name in wanted))
"""


@pytest.mark.parametrize(("endpoint", "is_loaded"), [("", False), ("http://127.0.0.1:1", True)])
def test_without_an_endpoint_nothing_of_it_is_even_loaded(
    live: Live, tmp_path: Path, endpoint: str, is_loaded: bool
) -> None:
    """Apart from what the client of Redis loads by itself."""
    environment = bare_environment(
        APP_ENV="testing", DATABASE_URL=live.url, DATA_DIR=str(tmp_path), OTEL_EXPORTER_OTLP_ENDPOINT=endpoint
    )
    look = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )

    parts = ["app.middleware.tracing", "opentelemetry.exporter", "opentelemetry.sdk.trace"]
    assert look.stdout.strip() == str(parts if is_loaded else [])
