"""Traces of a real server: what a checkout did, step by step, arrives at a collector; without one nothing is loaded."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.orm import Session

from app.config import PROJECT
from app.domain.enums import PaymentProvider
from app.middleware.tracing import EXPORT_SECONDS
from app.models import PaymentToken
from scripts.parts.child import bare_environment
from tests import factories
from tests.conftest import Live, living
from tests.redis_server import redis_server
from tests.shopping import open_shop
from tests.system.celery_process import CeleryProcess, prepare, publish, settings_of
from tests.system.collector import CLIENT, SERVER, Collector, Provider, Seen, collector, payment_provider
from tests.system.test_metrics_of_workers import Server

pytestmark = pytest.mark.alone

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def shop(template: str) -> Iterator[Live]:
    """A database for all tests of this file, as a server takes seconds to start."""
    with living(template) as made:
        yield made


@pytest.fixture(scope="module")
def traces() -> Iterator[Collector]:
    with collector() as taken:
        yield taken


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with payment_provider() as taken:
        yield taken


@pytest.fixture(scope="module")
def server(
    shop: Live, tmp_path_factory: pytest.TempPathFactory, traces: Collector, provider: Provider
) -> Iterator[Server]:
    with Server(
        shop.url,
        tmp_path_factory.mktemp("traced"),
        BACKGROUND="in_process",
        OTEL_EXPORTER_OTLP_ENDPOINT=traces.url,
        OTEL_SERVICE_NAME="a-shop",
        OTEL_BSP_SCHEDULE_DELAY="200",
        PAYMENT_PROVIDER="stripe",
        STRIPE_SECRET_KEY="sk_test_1",
        STRIPE_API_BASE=provider.url,
        PAYMENT_WEBHOOK_SECRETS="a secret of webhooks, long enough to be taken",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def sold(shop: Live, server: Server) -> httpx.Response:
    """The answer to a checkout over HTTP, from the shelf to the paid order."""
    with shop.app.app_context(), Session(shop.engine, expire_on_commit=False) as session:
        store = open_shop(session)
        user = factories.make_user(session)
        token = PaymentToken(
            user_id=user.id, provider=PaymentProvider.STRIPE, provider_token="cus_1:pm_1", last4="4242", is_default=True
        )
        session.add(token)
        session.commit()
        headers = factories.sign_in(session, user)
        form = {"payment_token_id": token.id, "delivery_slot_id": store.slot.id, "address": "12 Market Street, Haifa"}
        line = {"product_id": store.products[0].id, "quantity": 1}
    with httpx.Client(base_url=f"{server.base}/api/v1", headers=headers, timeout=20) as client:
        added = client.post("/cart/items", json=line)
        assert added.is_success, added.text
        form["cart_id"] = client.get("/cart").json()["data"]["id"]
        extra = {"Idempotency-Key": "key-1", "traceparent": PARENT, "X-Request-Id": "find-me"}
        return client.post("/checkout/confirm?token=hush", json=form, headers=extra)


@pytest.fixture
def request_span(sold: httpx.Response, traces: Collector) -> Seen:
    """The span of that checkout."""
    assert sold.status_code == 201, sold.text
    (span,) = traces.until(lambda: traces.named("POST /api/v1/checkout/confirm"))
    return span  # type: ignore[no-any-return]


def test_a_request_is_a_span_below_its_senders_and_says_no_more_than_is_listed(
    request_span: Seen, sold: httpx.Response
) -> None:
    assert (request_span.trace_id, request_span.parent_id) == tuple(PARENT.split("-")[1:3])
    assert sold.headers["traceparent"] == f"00-{request_span.trace_id}-{request_span.span_id}-01"
    assert request_span.kind == SERVER
    assert request_span.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/checkout/confirm",
        "http.response.status_code": 201,
        "aisle.request_id": "find-me",
    }
    assert request_span.service["service.name"] == "a-shop"
    assert request_span.service["service.version"]


def test_the_statements_of_a_request_are_spans_below_it_without_their_values(
    request_span: Seen, traces: Collector
) -> None:
    below = traces.below(request_span)
    statements = [span for span in below if "db.query.text" in span.attributes]

    assert len(statements) > 3
    assert {span.kind for span in below} == {CLIENT}
    assert {frozenset(span.attributes) for span in statements} == {frozenset({"db.system.name", "db.query.text"})}
    told = "\n".join(span.attributes["db.query.text"] for span in statements)
    assert "INSERT INTO orders" in told
    assert "$1" in told
    assert "Market Street" not in told


def test_a_call_is_a_span_and_whoever_is_called_is_told_of_it(
    request_span: Seen, traces: Collector, provider: Provider
) -> None:
    (call,) = [span for span in traces.below(request_span) if "server.address" in span.attributes]

    assert (call.name, call.kind) == ("POST", CLIENT)
    assert call.attributes == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": int(provider.url.rpartition(":")[2]),
        "http.response.status_code": 200,
    }
    assert provider.traceparents == [f"00-{call.trace_id}-{call.span_id}-01"]


def test_what_a_request_published_is_found_again_where_it_is_handled(request_span: Seen, traces: Collector) -> None:
    published = {note["aisle.event_id"]: note["aisle.topic"] for _, note in request_span.notes}
    assert set(published.values()) == {"order.placed", "order.confirmed"}

    for event_id, topic in published.items():
        (relayed,) = traces.until(lambda: handling(traces, event_id))  # noqa: B023
        chore = traces.until(lambda: [span for span in traces.spans if span.span_id == relayed.parent_id])[0]  # noqa: B023
        assert relayed.name == f"outbox {topic}"
        assert (chore.name, chore.parent_id, chore.trace_id != request_span.trace_id) == ("chore relay", "", True)
        traces.until(lambda: [span for span in traces.below(relayed) if "db.query.text" in span.attributes])  # noqa: B023


def handling(traces: Collector, event_id: int) -> list[Seen]:
    return [span for span in traces.spans if span.attributes.get("aisle.event_id") == event_id]


def asked_by(span: Seen) -> str | None:
    return span.attributes.get("aisle.request_id")  # type: ignore[no-any-return]


def test_log_lines_of_a_request_carry_its_trace(request_span: Seen, server: Server) -> None:
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("request_id") == "find-me"]

    assert (line["trace_id"], line["span_id"]) == (request_span.trace_id, request_span.span_id)


def test_probes_scrapes_and_looks_that_find_nothing_are_no_traces(server: Server, traces: Collector) -> None:
    known = len(traces.spans)
    mine = {"X-Request-Id": "of-this-test"}  # a span of another test may still be on its way
    for path in ("/livez", "/readyz", "/metrics", "/health"):
        httpx.get(server.base + path, headers=mine, timeout=10)
    time.sleep(2)  # in which every chore of a second has looked
    httpx.get(f"{server.base}/nowhere", headers=mine, timeout=10)

    (traced,) = traces.until(lambda: [span for span in traces.spans if asked_by(span) == "of-this-test"])

    told = traces.spans[known:]
    assert traced.name == "GET unmatched"
    looks = [span for span in told if "aisle.look" in span.attributes]
    assert [span.name for span in looks if "aisle.found" not in span.attributes and not has_worked(traces, span)] == []


def has_worked(traces: Collector, look: Seen) -> bool:
    return any("aisle.event_id" in span.attributes for span in traces.below(look))


def test_a_collector_that_hangs_delays_no_request(server: Server, traces: Collector) -> None:
    known = len(traces.raw)
    traces.is_open.clear()
    httpx.get(f"{server.base}/api/v1/branches", timeout=10)
    traces.until(lambda: len(traces.raw) > known)

    with httpx.Client(base_url=server.base, timeout=10) as client:
        began = time.monotonic()
        answers = [client.get("/api/v1/branches").status_code for _ in range(20)]
        seconds = time.monotonic() - began
    traces.is_open.set()

    assert answers == [200] * 20
    assert seconds < EXPORT_SECONDS


def test_tasks_of_celery_are_spans_and_so_is_what_they_did(live: Live, tmp_path: Path) -> None:
    prepare(live)
    event_id = publish(live, "test.count")
    with redis_server(tmp_path) as redis, collector() as traces:
        environment = settings_of(live, redis.url, tmp_path)
        environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": traces.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        with CeleryProcess(environment, tmp_path, "worker", "-B", "--concurrency", "1"):
            (handled,) = traces.until(lambda: handling(traces, event_id), seconds=90)
            (task,) = traces.until(lambda: [span for span in traces.spans if span.span_id == handled.parent_id])

    assert (handled.name, task.name, task.parent_id) == ("outbox test.count", "chore handle", "")
    assert [span for span in traces.below(handled) if "db.query.text" in span.attributes]


LOOK = """
import sys
from app import create_app
create_app()
print([name for name in sys.modules if name in ("app.middleware.tracing", "opentelemetry.exporter")])
"""


def test_without_an_endpoint_nothing_of_it_is_even_loaded(live: Live, tmp_path: Path) -> None:
    environment = bare_environment(APP_ENV="testing", DATABASE_URL=live.url, DATA_DIR=str(tmp_path))
    look = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )

    assert look.stdout.strip() == "[]"
