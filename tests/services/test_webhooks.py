"""Acting on what the payment provider told us, once and in any order."""

import json
import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clients.sandbox_payments import SandboxPayments
from app.models import AuditEvent, Order, Payment, PaymentOperation, WebhookEvent
from app.services import invariants
from app.services.payments import webhooks
from tests.shopping import Shopper, make_shopper, open_shop

ANSWER_IS_LOST = "4000000000000119"


def place_order(session: Session, client: FlaskClient) -> Payment:
    """An order of 20.00 whose payment got no answer, though the provider holds the money."""
    shop = open_shop(session)
    shopper = make_shopper(session, client)
    shopper.add(shop.products[0], 2)
    answer = shopper.confirm(shop, payment_token_id=make_card(shopper))
    assert answer.status_code == 202, answer.json
    payment: Payment = session.execute(select(Payment)).scalar_one()
    return payment


def make_card(shopper: Shopper) -> int:
    answer = shopper.post("/me/payment-tokens", json={"card_number": ANSWER_IS_LOST})
    return int(answer.json["data"]["payment_token_id"])


def tell(session: Session, payment: Payment, status: str, amount: str | None = None, **data: Any) -> WebhookEvent:
    """Store an event about a payment, as if it had come in signed."""
    told = {
        "reference": payment.reference,
        "status": status,
        "amount": amount or str(payment.requested_amount),
        "currency": payment.currency,
        "provider_reference": "sbx_1",
        **data,
    }
    event_id = f"evt_{uuid.uuid4().hex}"
    return keep(session, event_id, json.dumps({"id": event_id, "type": f"payment.{status}", "data": told}))


def keep(session: Session, event_id: str, raw: str) -> WebhookEvent:
    row = WebhookEvent(provider="mockpay", event_id=event_id, raw=raw)
    session.add(row)
    session.commit()
    return row


def state_of(session: Session, payment: Payment) -> tuple[str, str]:
    """The status of the payment's order and the state of its authorization."""
    session.expire_all()
    operation = session.execute(select(PaymentOperation).where(PaymentOperation.payment_id == payment.id)).scalar_one()
    order = session.get_one(Order, payment.order_id)
    return str(order.status), str(operation.state)


def test_an_authorization_told_by_the_provider_confirms_the_order(client: FlaskClient, session: Session) -> None:
    payment = place_order(session, client)
    event = tell(session, payment, "authorized")

    done = webhooks.process_due()

    assert done == 1
    assert state_of(session, payment) == ("CREATED", "ok")
    assert event.processed_at is not None
    assert not any(invariants.violations().values())


def test_news_told_twice_changes_nothing_more(client: FlaskClient, session: Session) -> None:
    payment = place_order(session, client)
    tell(session, payment, "authorized")
    tell(session, payment, "authorized")

    done = webhooks.process_due()

    audits = session.execute(select(AuditEvent).where(AuditEvent.action == "UPDATE_STATUS")).scalars().all()
    assert done == 2
    assert state_of(session, payment) == ("CREATED", "ok")
    assert len(audits) == 1


def test_a_decline_that_arrives_after_the_authorization_changes_nothing(client: FlaskClient, session: Session) -> None:
    payment = place_order(session, client)
    tell(session, payment, "authorized")
    tell(session, payment, "declined", failure_code="card_declined")

    webhooks.process_due()

    assert state_of(session, payment) == ("CREATED", "ok")


def test_a_processed_event_is_not_taken_up_again(client: FlaskClient, session: Session) -> None:
    tell(session, place_order(session, client), "authorized")
    webhooks.process_due()

    assert webhooks.process_due() == 0


@pytest.mark.parametrize(
    ("amount", "currency"),
    [pytest.param("1.00", "ILS", id="another amount"), pytest.param(None, "USD", id="another currency")],
)
def test_money_that_differs_from_ours_is_left_to_a_person(
    client: FlaskClient, session: Session, amount: str | None, currency: str
) -> None:
    payment = place_order(session, client)
    event = tell(session, payment, "authorized", amount, currency=currency)

    webhooks.process_due()

    audits = session.execute(select(AuditEvent).where(AuditEvent.action == "NEEDS_ATTENTION")).scalars().all()
    assert state_of(session, payment) == ("PENDING_PAYMENT", "manual")
    assert [(row.entity_type, row.entity_id) for row in audits] == [("payment", payment.id)]
    assert "left to a person" in str(event.note)


def test_a_contradiction_of_what_is_settled_is_noted_and_unsettles_nothing(
    client: FlaskClient, session: Session
) -> None:
    payment = place_order(session, client)
    tell(session, payment, "authorized")
    tell(session, payment, "authorized", "1.00")

    webhooks.process_due()

    noted = session.execute(select(AuditEvent).where(AuditEvent.action == "NEEDS_ATTENTION")).scalars().all()
    assert state_of(session, payment) == ("CREATED", "ok")
    assert len(noted) == 1


def test_an_event_about_a_payment_we_do_not_have_is_put_away(client: FlaskClient, session: Session) -> None:
    payment = place_order(session, client)
    event = tell(session, payment, "authorized", reference="somebody else's")

    done = webhooks.process_due()

    session.refresh(event)
    assert (done, event.note) == (1, "no news")
    assert state_of(session, payment)[0] == "PENDING_PAYMENT"


def test_a_poisoned_event_blocks_no_other_and_is_put_off(client: FlaskClient, session: Session) -> None:
    poisoned = keep(session, "evt_poison", '{"id": "evt_poison"}')
    payment = place_order(session, client)
    tell(session, payment, "authorized")

    done = webhooks.process_due()

    session.refresh(poisoned)
    assert done == 1
    assert state_of(session, payment) == ("CREATED", "ok")
    assert (poisoned.attempts, poisoned.failed, poisoned.processed_at) == (1, False, None)
    assert str(poisoned.note).startswith("ValueError")
    assert webhooks.process_due() == 0


def test_a_poisoned_event_is_given_up_after_ten_tries(client: FlaskClient, session: Session) -> None:
    poisoned = keep(session, "evt_poison", '{"id": "evt_poison"}')

    for _ in range(12):
        webhooks.process_due()
        session.execute(update(WebhookEvent).values(next_at=WebhookEvent.received_at))
        session.commit()

    session.refresh(poisoned)
    assert (poisoned.attempts, poisoned.failed) == (10, True)


def test_pauses_between_tries_grow(client: FlaskClient, session: Session) -> None:
    poisoned = keep(session, "evt_poison", '{"id": "evt_poison"}')
    pauses = []

    for _ in range(7):
        webhooks.process_due()
        session.refresh(poisoned)
        pauses.append(round((poisoned.next_at - poisoned.received_at).total_seconds()))
        session.execute(update(WebhookEvent).values(next_at=WebhookEvent.received_at))
        session.commit()

    assert pauses == [5, 15, 60, 300, 900, 3600, 3600]


def test_an_event_survives_a_provider_that_cannot_read_it_yet(
    client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = place_order(session, client)
    event = tell(session, payment, "authorized")
    with monkeypatch.context() as broken:
        broken.setattr(SandboxPayments, "read_event", lambda *_: 1 / 0)
        webhooks.process_due()
    session.execute(update(WebhookEvent).values(next_at=event.received_at))
    session.commit()

    done = webhooks.process_due()

    assert done == 1
    assert state_of(session, payment) == ("CREATED", "ok")
