"""/metrics: who may read it, and that what happens is counted under names that do not grow without end."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session

from app.middleware import metrics
from app.services.figures import counting, shown
from tests import factories
from tests.conftest import Live, make_app

TOKEN = "a token that only Prometheus knows"


class Scrape(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """Samples by name and labels, as Prometheus reads them."""

    def of(self, sample: str, /, **labels: str) -> float:
        """The sum over all samples of a name that carry these labels."""
        return sum(value for (one, has), value in self.items() if one == sample and labels.items() <= dict(has).items())

    def labels(self, sample: str, name: str) -> set[str]:
        return {dict(has)[name] for one, has in self if one == sample}


def scrape(client: FlaskClient) -> Scrape:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return parsed(answer.text)


def parsed(exposed: str) -> Scrape:
    families = text_string_to_metric_families(exposed)
    return Scrape({(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples})


@pytest.fixture(autouse=True)
def fresh(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every look reads anew."""
    monkeypatch.setattr(shown, "KEPT_SECONDS", 0)
    yield
    app.extensions["figures"]._read_at = float("-inf")


@pytest.fixture
def guarded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    with_token = app.extensions["settings"].model_copy(update={"metrics_token": TOKEN})
    monkeypatch.setitem(app.extensions, "settings", with_token)
    return app


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        (TOKEN, 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer ", 401),
        ("Bearer wrong", 401),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer tök", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
    ],
)
def test_where_there_is_a_token_only_its_bearer_may_read(guarded: Flask, header: str | None, status: int) -> None:
    answer = guarded.test_client().get("/metrics", headers={} if header is None else {"Authorization": header})

    assert answer.status_code == status
    if status == 401:
        assert answer.json["error"]["code"] in ("AUTH_REQUIRED", "AUTH_ERROR")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_token_everybody_may_read_outside_production(client: FlaskClient) -> None:
    answer = client.get("/metrics")

    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"


def test_without_a_token_there_is_nothing_to_read_in_production(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_production = app.extensions["settings"].model_copy(update={"app_env": "production"})
    monkeypatch.setitem(app.extensions, "settings", in_production)

    answer = client.get("/metrics")

    assert answer.status_code == 404
    assert "flask_" not in answer.text


def test_every_name_of_the_contract_is_there(client: FlaskClient) -> None:
    client.get("/livez")
    client.get("/nowhere")

    names = {name for name, _ in scrape(client)}

    assert names >= {
        "flask_http_request_duration_seconds_bucket",
        "flask_http_request_duration_seconds_sum",
        "flask_http_request_duration_seconds_count",
        "flask_http_request_total",
        "flask_error_total",
        "flask_exporter_info",
        "app_info",
        "db_query_duration_seconds_bucket",
    }
    buckets = scrape(client).labels("db_query_duration_seconds_bucket", "le")
    assert buckets == {"0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.0", "5.0", "+Inf"}
    assert scrape(client).labels("app_info", "version")


def test_a_request_is_counted_by_method_route_and_status(client: FlaskClient, session: Session) -> None:
    product = factories.make_product(session)
    route = "/api/v1/catalog/products/<int:product_id>"
    before = scrape(client)

    statuses = [client.get(f"/api/v1/catalog/products/{id_}").status_code for id_ in (product.id, product.id, 10**9)]

    after, seen = scrape(client), "flask_http_request_duration_seconds_count"
    assert statuses == [200, 200, 404]
    assert after.of(seen, path=route, status="200", method="GET") - before.of(seen, path=route, status="200") == 2
    assert after.of(seen, path=route, status="404", method="GET") - before.of(seen, path=route, status="404") == 1
    total = "flask_http_request_total"
    assert after.of(total, method="GET", status="404") - before.of(total, method="GET", status="404") == 1
    errors = {"code": "404", "endpoint": "catalog.product"}
    assert after.of("flask_error_total", **errors) - before.of("flask_error_total", **errors) == 1


def test_no_raw_address_and_no_made_up_method_becomes_a_label(client: FlaskClient, app: Flask) -> None:
    routes = {rule.rule for rule in app.url_map.iter_rules()}
    known = scrape(client).labels("flask_http_request_duration_seconds_count", "path")  # other applications' as well
    for number in range(5):
        client.get(f"/nowhere/{number}?token=x")
        client.patch(f"/api/v1/cart/items?{number}")
        client.open("/livez", method=f"MADEUP{number}")

    seen = scrape(client)

    assert seen.labels("flask_http_request_duration_seconds_count", "path") <= known | routes | {metrics.UNMATCHED}
    assert seen.labels("flask_http_request_total", "method") <= metrics._METHODS | {"OTHER"}
    assert seen.of("flask_http_request_total", method="OTHER") >= 5
    assert not any(method.startswith("MADEUP") for method, _, _ in metrics._notes)


def test_an_unforeseen_exception_is_counted(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(**_: Any) -> None:
        raise ZeroDivisionError

    before = scrape(client).of("flask_http_request_exceptions_total", method="GET", status="500")
    monkeypatch.setitem(app.view_functions, "probes.alive", break_down)

    client.get("/livez")

    after = scrape(client)
    assert after.of("flask_http_request_exceptions_total", method="GET", status="500") - before == 1


def test_every_statement_is_timed(client: FlaskClient, session: Session) -> None:
    before = scrape(client).of("db_query_duration_seconds_count")

    client.get("/api/v1/branches")

    assert scrape(client).of("db_query_duration_seconds_count") - before >= 2  # its own, and that of the figures


def test_connections_at_work_are_counted_and_given_back(live: Live) -> None:
    client = live.client()
    idle = scrape(client)

    with live.app.app_context():
        from app.extensions import db

        with db.engines["read"].connect(), db.engines[None].connect():
            busy = scrape(client)

    after = scrape(client)
    for pool in ("read", "write"):
        assert busy.of("aisle_db_pool_in_use", pool=pool) - idle.of("aisle_db_pool_in_use", pool=pool) == 1
        assert after.of("aisle_db_pool_in_use", pool=pool) == idle.of("aisle_db_pool_in_use", pool=pool)
        assert idle.of("aisle_db_pool_size", pool=pool) == 8


def test_without_a_database_the_counts_are_still_told_and_the_figures_are_not(template: str) -> None:
    application = make_app("postgresql+psycopg://nobody@127.0.0.1:1/none")

    client = application.test_client()
    client.get("/livez")
    seen = scrape(client)

    assert seen.of("aisle_figures_up") == 0
    assert not any(name.startswith("aisle_outbox") for name, _ in seen)
    assert any(name == "flask_http_request_total" for name, _ in seen)


def test_one_statement_reads_all_figures(client: FlaskClient, session: Session, statements: list[str]) -> None:
    counting.count_due()
    statements.clear()

    seen = scrape(client)

    assert len(statements) == 1
    assert seen.of("aisle_figures_up") == 1
    assert seen.of("aisle_outbox_events", state="failed") == 0
