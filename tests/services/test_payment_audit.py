"""What payments leave in the audit trail: who brought it about, in which request, old and new."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.clients.payments import Outcome, Status
from app.clients.sandbox_payments import SandboxPayments
from app.models import AuditEvent, Order, Payment, PaymentOperation
from app.services import locks
from app.services.payments import outcomes, settlement, sweeper
from app.transaction import transaction
from tests import factories
from tests.shopping import Shop, Shopper, make_shopper, one, open_shop

DECLINED = "4000000000000002"
NEVER_ARRIVES = "4000000000000127"


@pytest.fixture
def shop(session: Session) -> Shop:
    return open_shop(session, stock=5)


@pytest.fixture
def shopper(client: FlaskClient, session: Session, shop: Shop) -> Shopper:
    made = make_shopper(session, client)
    made.headers["X-Request-Id"] = "request-7"
    made.add(shop.products[0], 2)
    return made


def told(session: Session, entity_type: str, *actions: str) -> list[tuple[Any, ...]]:
    """(action, old status, new status, actor, request) of the audit rows, oldest first."""
    statement = (
        select(AuditEvent)
        .where(AuditEvent.entity_type == entity_type, AuditEvent.action.in_(actions))
        .order_by(AuditEvent.id)
    )
    return [
        (row.action, (row.old_value or {}).get("status"), row.new_value["status"], row.actor_user_id, row.request_id)
        for row in session.execute(statement).scalars()
        if row.new_value
    ]


def card(shopper: Shopper, number: str) -> int:
    return int(shopper.post("/me/payment-tokens", json={"card_number": number}).json["data"]["payment_token_id"])


def make_due(session: Session, **columns: Any) -> None:
    session.execute(update(PaymentOperation).values(next_at=func.now()))
    if columns:
        session.execute(update(Order).values(**columns))
    session.commit()


def test_a_confirmed_order_names_the_shopper_and_the_request(session: Session, shopper: Shopper, shop: Shop) -> None:
    shopper.confirm(shop)

    assert told(session, "order", "UPDATE_STATUS") == [
        ("UPDATE_STATUS", "PENDING_PAYMENT", "CREATED", shopper.user.id, "request-7")
    ]


def test_an_order_the_sweeper_confirms_names_nobody(session: Session, shopper: Shopper, shop: Shop) -> None:
    shopper.confirm(shop, payment_token_id=card(shopper, NEVER_ARRIVES))
    make_due(session)

    sweeper.sweep()

    assert told(session, "order", "UPDATE_STATUS") == [("UPDATE_STATUS", "PENDING_PAYMENT", "CREATED", None, None)]


def test_a_declined_order_names_the_shopper_and_the_request(session: Session, shopper: Shopper, shop: Shop) -> None:
    shopper.confirm(shop, payment_token_id=card(shopper, DECLINED))

    assert told(session, "order", "CANCEL") == [("CANCEL", "PENDING_PAYMENT", "CANCELED", shopper.user.id, "request-7")]


def test_cancelling_an_unpaid_order_is_told_in_both_steps(session: Session, shopper: Shopper, shop: Shop) -> None:
    order_id = shopper.confirm(shop, payment_token_id=card(shopper, NEVER_ARRIVES)).json["data"]["order_id"]

    shopper.post(f"/orders/{order_id}/cancel")

    by = (shopper.user.id, "request-7")
    assert told(session, "order", "UPDATE_STATUS", "CANCEL") == [
        ("UPDATE_STATUS", "PENDING_PAYMENT", "CANCELLING", *by),
        ("CANCEL", "CANCELLING", "CANCELED", *by),
    ]


def test_an_abandoned_order_is_told_in_both_steps_by_nobody(session: Session, shopper: Shopper, shop: Shop) -> None:
    shopper.confirm(shop, payment_token_id=card(shopper, NEVER_ARRIVES))
    make_due(session, pay_deadline=func.now())

    sweeper.sweep()

    assert told(session, "order", "UPDATE_STATUS", "CANCEL") == [
        ("UPDATE_STATUS", "PENDING_PAYMENT", "CANCELLING", None, None),
        ("CANCEL", "CANCELLING", "CANCELED", None, None),
    ]


def test_a_fence_passed_twice_is_told_once(
    session: Session, shopper: Shopper, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxPayments, "cancel", lambda *_, **__: Outcome(Status.UNKNOWN))
    shopper.confirm(shop, payment_token_id=card(shopper, NEVER_ARRIVES))
    make_due(session, pay_deadline=func.now())
    sweeper.sweep()
    make_due(session)

    sweeper.sweep()

    assert len(told(session, "order", "UPDATE_STATUS")) == 1


@pytest.mark.parametrize("moves", [["capture"], ["void"], ["capture", "refund"]])
def test_every_move_of_money_is_told(session: Session, shopper: Shopper, shop: Shop, moves: list[str]) -> None:
    order_id = shopper.confirm(shop).json["data"]["order_id"]
    caller = factories.caller_of(session, shopper.user)

    for move in moves:
        sweeper.settle(asked(order_id, move), caller)

    rows = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "payment").order_by(AuditEvent.id))
    found = list(rows.scalars())
    assert [row.action.lower() for row in found] == moves
    assert {(row.entity_id, row.actor_user_id, row.request_id) for row in found} == {
        (one(session, Payment).id, shopper.user.id, "test")
    }
    assert {str(row.old_value) for row in found} == {"{'state': 'created'}"}
    assert found[-1].new_value == {"state": "ok", "amount": "50.00", "currency": "ILS"}
    assert (found[-1].context or {})["order_id"] == order_id


def asked(order_id: int, move: str) -> int:
    """Commit a request to the provider over the whole 50.00, unsent."""
    with transaction() as opened:
        payment = locks.payment_of(opened, order_id=order_id)
        assert payment is not None
        if move == "void":
            return settlement.request_void(opened, payment_id=payment.id, amount=Decimal("50.00")) or 0
        request = settlement.request_capture if move == "capture" else settlement.request_refund
        return request(opened, payment, amount=Decimal("50.00"))


def test_money_held_for_an_order_that_will_not_come_is_told(session: Session, shopper: Shopper, shop: Shop) -> None:
    order_id = shopper.confirm(shop, payment_token_id=card(shopper, NEVER_ARRIVES)).json["data"]["order_id"]
    with transaction() as opened:
        sweeper.fence(opened, order_id=order_id, reason="payment_abandoned")

    outcomes.apply(one(session, PaymentOperation).id, Outcome(Status.AUTHORIZED, Decimal("50.00"), "ILS", "late"))

    statement = select(AuditEvent).where(AuditEvent.action == "PAYMENT_CAPTURED_NOT_COMMITTED")
    row = session.execute(statement).scalar_one()
    assert (row.entity_type, row.entity_id) == ("payment", one(session, Payment).id)
    assert row.new_value == {"state": "ok", "amount": "50.00", "currency": "ILS"}


def test_what_contradicts_us_is_told_with_its_states(session: Session, shopper: Shopper, shop: Shop) -> None:
    shopper.confirm(shop, payment_token_id=card(shopper, NEVER_ARRIVES))

    outcomes.apply(one(session, PaymentOperation).id, Outcome(Status.AUTHORIZED, Decimal("49.99"), "ILS", "x"))

    row = session.execute(select(AuditEvent).where(AuditEvent.action == "NEEDS_ATTENTION")).scalar_one()
    assert (row.old_value, row.new_value) == ({"state": "unknown"}, {"state": "manual"})
    assert session.execute(text("SELECT state FROM payment_operations")).scalar_one() == "manual"
