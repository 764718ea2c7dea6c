"""Statements that the driver runs, and the products that PostgreSQL writes."""

from decimal import Decimal

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from sqlalchemy import Integer, String, bindparam, column, literal, select, text
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import Session

from app.domain.enums import SoldBy
from app.domain.gtin import shown_gtin
from app.domain.pricing import piece_price
from app.extensions import db
from app.middleware.tracing_calls import trace_statements
from app.models import Product, ProductGtin
from app.prepared import Prepared, Step
from app.schemas.catalog import Product as ShownProduct
from app.services.catalog import prices, product_page
from app.transaction import transaction
from tests.conftest import Live, Statements
from tests.factories import make_product

TWICE = Prepared(select((bindparam("number", type_=Integer) * bindparam("number", type_=Integer)).label("square")))
NEVER = Prepared(text("SELECT 1 AS one WHERE false").columns(column("one")))
HALVED = Prepared(text("SELECT 1 / :by AS half").bindparams(bindparam("by", type_=Integer)).columns(column("half")))
HALVED_WITHIN = Step(text("SELECT 1 / :by AS half").bindparams(bindparam("by", type_=Integer)))
KEPT = Step(text("INSERT INTO outbox (topic, aggregate, payload) VALUES (:topic, 'order:1', '{}') RETURNING id"))
OWN_END = Prepared(text("SELECT pg_terminate_backend(pg_backend_pid()) AS gone").columns(column("gone")))


def test_rows_have_the_columns_by_name_and_spare_values_are_left_out(session: Session) -> None:
    rows = TWICE.all(number=7, other="unused")

    assert [row.square for row in rows] == [49]


def test_the_first_row_of_none_is_none(session: Session) -> None:
    row = NEVER.first()

    assert row is None


def test_listeners_hear_of_a_prepared_statement(session: Session, statements: Statements) -> None:
    TWICE.all(number=2)

    assert len(statements) == 1


def test_a_constant_that_is_no_literal_is_refused(session: Session) -> None:
    careless = Prepared(select(literal("STORE", String).label("kind")))

    with pytest.raises(ValueError, match="must be literals"):
        careless.all()


def test_what_the_database_refuses_is_an_error_of_sqlalchemy(live: Live) -> None:
    with live.app.app_context(), pytest.raises(DataError) as refused:
        HALVED.all(by=0)

    assert getattr(refused.value.orig, "sqlstate", None) == "22012"


def test_a_prepared_statement_that_fails_leaves_a_span_as_any_other_does(live: Live) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with live.app.app_context():
        for engine in db.engines.values():
            trace_statements(engine, tracer)
        with tracer.start_as_current_span("work"), pytest.raises(DataError):
            HALVED.all(by=0)
        with tracer.start_as_current_span("work"), transaction() as session, pytest.raises(DataError):
            HALVED_WITHIN.within(session, by=0)

    failed = [span for span in exporter.get_finished_spans() if span.name == "SELECT"]
    assert [span.status.status_code for span in failed] == [StatusCode.ERROR] * 2
    assert [span.attributes["db.response.status_code"] for span in failed if span.attributes] == ["22012"] * 2


def test_a_statement_alone_is_committed_as_it_ends(live: Live) -> None:
    with live.app.app_context():
        [kept] = KEPT.alone(topic="order.tested")

    with live.engine.connect() as connection:
        assert connection.execute(text("SELECT topic FROM outbox WHERE id = :id"), {"id": kept.id}).scalar_one()


def test_a_statement_alone_is_refused_inside_a_transaction(session: Session) -> None:
    with transaction(), pytest.raises(RuntimeError, match="is open"):
        KEPT.alone(topic="order.tested")


def test_after_a_lost_connection_the_next_read_has_a_new_one(live: Live) -> None:
    with live.app.app_context():
        with pytest.raises(OperationalError) as lost:
            OWN_END.all()
        rows = TWICE.all(number=3)
        lent = db.engines["read"].pool.checkedout()

    assert lost.value.connection_invalidated
    assert [row.square for row in rows] == [9]
    assert lent == 0


def test_a_lost_connection_leaves_those_at_work_to_their_pool(live: Live) -> None:
    with live.app.app_context():
        at_work = db.engines["read"].raw_connection()
        with pytest.raises(OperationalError):
            OWN_END.all()
        at_work.close()
        places = db.engines["read"].pool.checkedin()

    assert places == 2  # its own, and the one of the lost connection, which the next use fills


@pytest.mark.parametrize("grams", [None, 1, 4, 5, 15, 333, 1000, 12_345])
@pytest.mark.parametrize("price", ["0.01", "0.99", "1.00", "12.35", "9999.99"])
@pytest.mark.parametrize("sold_by", SoldBy)
def test_sql_and_domain_agree_on_the_price_of_a_piece(
    session: Session, sold_by: SoldBy, price: str, grams: int | None
) -> None:
    if sold_by is SoldBy.WEIGHT and grams is None:
        grams = 250  # the table has none without an estimate
    made = make_product(session, price=Decimal(price), sold_by=sold_by, estimated_weight_grams=grams)

    found = session.execute(select(prices.PIECE_PRICE).where(Product.id == made.id)).scalar_one()

    assert found == piece_price(Decimal(price), sold_by, grams)


@pytest.mark.parametrize("padded", ["00000040170725", "04006381333931", "14006381333938", "00012345678905"])
def test_sql_and_domain_agree_on_the_printed_form_of_a_barcode(session: Session, padded: str) -> None:
    made = make_product(session)
    session.add(ProductGtin(product_id=made.id, gtin=padded))
    session.flush()

    shown = ShownProduct.model_validate_json(product_page.by_id(made.id, branch_id=None))

    assert shown.gtins == [shown_gtin(padded)]


def test_text_that_json_must_escape_arrives_as_it_was(session: Session) -> None:
    name = 'Käse "alt" \\ 1/2\tpfund\u2028%'
    made = make_product(session, name=name, description="a\nb", allergens=['m"ilk'], nutrition={"kJ": 1.5, "x": None})

    shown = ShownProduct.model_validate_json(product_page.by_id(made.id, branch_id=None))

    assert (shown.name, shown.description, shown.allergens) == (name, "a\nb", ['m"ilk'])
    assert shown.nutritional_info == {"kJ": 1.5, "x": None}
