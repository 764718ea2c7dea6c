"""Stripe's events in our words."""

import json
from decimal import Decimal
from typing import Any

import pytest

from app.clients.payments import Event, Outcome, Status
from app.clients.stripe_payments import StripePayments
from app.config import Settings

INTENT = {"id": "pi_1", "amount": 1290, "currency": "ils", "metadata": {"reference": "pay_1"}}
REFUND = {**INTENT, "id": "re_1", "payment_intent": "pi_1"}


@pytest.fixture
def client() -> StripePayments:
    return StripePayments(Settings(stripe_secret_key="sk_test_unused", currency="ILS"))


def event(kind: str, **thing: Any) -> bytes:
    return json.dumps({"id": "evt_1", "object": "event", "type": kind, "data": {"object": thing}}).encode()


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        (
            event(
                "payment_intent.amount_capturable_updated", **INTENT, status="requires_capture", amount_capturable=1290
            ),
            Outcome(Status.AUTHORIZED, Decimal("12.90"), "ILS", "pi_1"),
        ),
        (
            event("payment_intent.succeeded", **INTENT, status="succeeded", amount_received=1000),
            Outcome(Status.CAPTURED, Decimal("10.00"), "ILS", "pi_1"),
        ),
        (
            event("payment_intent.canceled", **INTENT, status="canceled"),
            Outcome(Status.VOIDED, Decimal("12.90"), "ILS", "pi_1"),
        ),
        (
            event(
                "payment_intent.payment_failed",
                **INTENT,
                status="requires_payment_method",
                last_payment_error={"code": "insufficient_funds"},
            ),
            Outcome(Status.DECLINED, Decimal("12.90"), "ILS", "pi_1", "insufficient_funds"),
        ),
        (
            event("refund.updated", **REFUND, status="succeeded"),
            Outcome(Status.REFUNDED, Decimal("12.90"), "ILS", "re_1"),
        ),
    ],
)
def test_an_event_about_a_payment_is_read_exactly(client: StripePayments, raw: bytes, outcome: Outcome) -> None:
    assert client.read_event(raw) == Event("evt_1", "pay_1", outcome)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(event("customer.created", id="cus_1"), id="another kind"),
        pytest.param(
            event("payment_intent.succeeded", **{**INTENT, "metadata": {}}, status="succeeded"), id="not our payment"
        ),
        pytest.param(event("refund.updated", **REFUND, status="pending"), id="a refund on its way"),
        pytest.param(event("refund.failed", **REFUND, status="failed"), id="a failed refund is no declined card"),
    ],
)
def test_an_event_that_decides_no_payment_of_ours_is_passed_over(client: StripePayments, raw: bytes) -> None:
    assert client.read_event(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'"evt_1"',
        b"{}",
        event("payment_intent.succeeded"),
        event("payment_intent.succeeded", **{**INTENT, "amount": "x"}, status="canceled"),
        event("payment_intent.succeeded", **{**INTENT, "metadata": "pay_1"}, status="canceled"),
        json.dumps({"id": "evt_1", "type": "payment_intent.succeeded", "data": None}).encode(),
        json.dumps({"id": "evt_1", "type": ["payment_intent.succeeded"], "data": {"object": INTENT}}).encode(),
    ],
)
def test_a_malformed_event_is_a_value_error(client: StripePayments, raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        client.read_event(raw)
