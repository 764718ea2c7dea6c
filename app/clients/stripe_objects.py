"""Stripe's payment intents, refunds and events in our words."""

import logging
from decimal import Decimal
from typing import Any

from app.clients.payments import Event, Outcome, Status
from app.domain.minor_units import from_minor

log = logging.getLogger("aisle.payments")

Intent = dict[str, Any]

_INTENT_EVENTS = {
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
}
_REFUND_EVENTS = {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
_STATUSES = {
    "requires_capture": Status.AUTHORIZED,
    "succeeded": Status.CAPTURED,
    "canceled": Status.VOIDED,
    "requires_payment_method": Status.DECLINED,
    "requires_action": Status.DECLINED,
}
_REFUND_STATUSES = {"succeeded": Status.REFUNDED, "failed": Status.DECLINED, "canceled": Status.DECLINED}
# Where the amount an outcome is about stands; servers that leave the first name out have only `amount`.
_AMOUNT_NAMES = {Status.AUTHORIZED: ("amount_capturable", "amount"), Status.CAPTURED: ("amount_received",)}


def intent_outcome(intent: Intent) -> Outcome:
    """Where the money of a payment intent stands; UNKNOWN for states on the way and for what cannot be read."""
    try:
        return _intent_outcome(intent)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
        log.exception("unreadable payment intent")
        return Outcome(Status.UNKNOWN)


def refund_outcome(refund: dict[str, Any]) -> Outcome:
    """REFUNDED, DECLINED, or UNKNOWN while the provider still works on it."""
    try:
        return _refund_outcome(refund)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        log.exception("unreadable refund")
        return Outcome(Status.UNKNOWN)


def read_event(event: Any) -> Event | None:
    """A parsed Stripe event; None for kinds and payments that are not ours. Raises ValueError if malformed."""
    try:
        kind, event_id, thing = event["type"], event["id"], event["data"]["object"]
        if kind not in _INTENT_EVENTS | _REFUND_EVENTS:
            return None
        reference = (thing.get("metadata") or {}).get("reference")
        outcome = _intent_outcome(thing) if kind in _INTENT_EVENTS else _refund_outcome(thing)
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise ValueError("not a Stripe event") from error
    if not reference or outcome.status is Status.UNKNOWN:
        return None
    if kind in _REFUND_EVENTS and outcome.status is not Status.REFUNDED:
        # As an outcome of the payment it would read as a declined card.
        log.error("a refund failed at the provider", extra={"payment": reference, "code": outcome.failure_code})
        return None
    return Event(event_id=str(event_id), reference=str(reference), outcome=outcome)


def _intent_outcome(intent: Intent) -> Outcome:
    status = _STATUSES.get(intent["status"], Status.UNKNOWN)
    currency = str(intent["currency"]).upper()
    failure = _failure(intent) if status is Status.DECLINED else None
    return Outcome(status, _amount(intent, status, currency), currency, str(intent["id"]), failure)


def _amount(intent: Intent, status: Status, currency: str) -> Decimal | None:
    for name in _AMOUNT_NAMES.get(status, ("amount",)):
        if intent.get(name) is not None:
            return from_minor(intent[name], currency)
    return None


def _failure(intent: Intent) -> str:
    if intent["status"] == "requires_action":
        return "authentication_required"
    return str((intent.get("last_payment_error") or {}).get("code") or "card_declined")[:64]


def _refund_outcome(refund: dict[str, Any]) -> Outcome:
    status = _REFUND_STATUSES.get(refund["status"], Status.UNKNOWN)
    currency = str(refund["currency"]).upper()
    failure = str(refund.get("failure_reason") or "refund_failed")[:64] if status is Status.DECLINED else None
    return Outcome(status, from_minor(refund["amount"], currency), currency, str(refund["id"]), failure)
