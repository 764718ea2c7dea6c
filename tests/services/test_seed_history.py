"""The demo shop's past."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.enums import OrderStatus, PickedStatus, Role, SubstitutionStatus
from app.extensions import db
from app.models import Order, OrderItem, PickEvent, SlotBooking, Substitution, User
from app.schemas.analytics import ReportQuery
from app.services import invariants
from app.services.analytics import reports
from app.services.seed.history.making import REORDER_POINT, seed_history
from app.services.seed.shop import NoDemoInProduction, seed
from tests import databases
from tests.conftest import dispose, make_app


@pytest.fixture(scope="module")
def shop(template: str) -> Iterator[Flask]:
    """The demo shop with its past, written once for all tests here."""
    with databases.cloned(template) as url:
        application = make_app(url)
        with application.app_context():
            seed()
            seed_history()
            yield application
        dispose(application)


@pytest.fixture
def past(shop: Flask) -> Iterator[Session]:
    with Session(db.engine) as session:
        yield session


def count(session: Session, model: type[object], *conditions: object) -> int:
    return session.execute(select(func.count()).select_from(model).where(*conditions)).scalar_one()  # type: ignore[arg-type]


def test_the_past_breaks_no_rule_of_the_books(shop: Flask) -> None:
    assert {name: number for name, number in invariants.violations().items() if number} == {}


def test_the_past_has_about_two_hundred_orders_that_are_over(past: Session) -> None:
    delivered = count(past, Order, Order.status == OrderStatus.DELIVERED)
    canceled = count(past, Order, Order.status == OrderStatus.CANCELED)

    assert 150 < delivered < 200
    assert 5 < canceled < 40
    assert delivered + canceled == count(past, Order)


def test_the_past_is_over_and_lasts_sixty_days(past: Session) -> None:
    first, last = past.execute(select(func.min(Order.delivered_at), func.max(Order.delivered_at))).one()

    assert last < datetime.now(UTC)
    assert timedelta(days=50) < last - first < timedelta(days=62)


def test_the_past_has_missing_and_substituted_lines_marked_by_three_pickers(past: Session) -> None:
    for status in (PickedStatus.PICKED, PickedStatus.MISSING, PickedStatus.REPLACED):
        assert count(past, OrderItem, OrderItem.picked_status == status) > 3
    for outcome in (SubstitutionStatus.ACCEPTED, SubstitutionStatus.REFUSED):
        assert count(past, Substitution, Substitution.status == outcome) > 1
    assert past.execute(select(func.count(PickEvent.actor_user_id.distinct()))).scalar_one() == 3


def test_every_order_with_a_window_has_its_place_in_it(past: Session) -> None:
    assert count(past, SlotBooking) == count(past, Order, Order.delivery_slot_id.is_not(None)) > 100


def test_delivered_orders_are_charged_and_earned(past: Session) -> None:
    earned = past.execute(
        text("""
        SELECT (SELECT sum(amount) FROM entries JOIN accounts ON accounts.id = account_id
                WHERE kind IN ('revenue', 'tax_payable', 'deposits')) = sum(final_total)
        FROM orders WHERE status = 'DELIVERED'
    """)
    ).scalar_one()

    assert earned is True


@pytest.mark.parametrize("name", ["revenue", "orders", "fulfilment-rate", "substitutions", "picker-speed", "slot-use"])
def test_the_reports_have_something_to_show(shop: Flask, name: str) -> None:
    report = reports.report(name, ReportQuery(range="60d"))
    key = report.columns[-1].key

    assert sum(row[key] or 0 for row in report.rows) > 0  # type: ignore[misc]


def test_what_is_sold_out_is_below_its_reorder_point(shop: Flask) -> None:
    report = reports.report("low-stock", ReportQuery(limit=1))

    assert [(row["available"], row["reorder_point"]) for row in report.rows] == [(0, REORDER_POINT)]


def test_nobody_of_the_past_can_sign_in(past: Session) -> None:
    strangers = (
        past.execute(select(User).where(User.email.like("shopper%") | User.email.like("picker%"))).scalars().all()
    )

    assert {user.role for user in strangers} == {Role.CUSTOMER, Role.EMPLOYEE}
    assert {user.password_hash for user in strangers} == {None}


def test_a_second_run_adds_nothing(shop: Flask, past: Session) -> None:
    before = count(past, Order)

    added = seed_history()

    assert (added, count(past, Order)) == (0, before)


def test_the_command_writes_the_past_only_when_asked(shop: Flask) -> None:
    plain, asked = (shop.test_cli_runner().invoke(args=["seed", *option]) for option in ((), ("--history",)))

    assert (plain.exit_code, asked.exit_code) == (0, 0)
    assert "past orders" not in plain.output
    assert "Added 0 past orders." in asked.output


def test_a_shop_without_stock_gets_no_past(app: Flask, session: Session) -> None:
    assert seed_history() == 0


def test_production_has_no_made_up_past(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    production = app.extensions["settings"].model_copy(update={"app_env": "production"})
    monkeypatch.setitem(app.extensions, "settings", production)

    with pytest.raises(NoDemoInProduction):
        seed_history()
