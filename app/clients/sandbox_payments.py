"""The offline payment provider of development and tests, with a memory of its own as a real provider has.

It can be told how to behave by the card: see CARDS. Each call runs in a transaction of its own, which also proves that
no caller holds one open while it talks to a provider (nesting is refused).
"""

import time
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Row, text

from app.clients.payments import Event, NewToken, Outcome, Status
from app.config import Settings
from app.domain.enums import PaymentProvider
from app.prepared import Step
from app.transaction import transaction

APPROVE = "sandbox-approve"
DECLINE = "sandbox-decline"
NO_FUNDS = "sandbox-insufficient-funds"
NO_ANSWER = "sandbox-no-answer"
NEVER_ARRIVES = "sandbox-never-arrives"
TWICE = "sandbox-twice"

CARDS = {
    "4000000000000002": DECLINE,
    "4000000000009995": NO_FUNDS,
    "4000000000000119": NO_ANSWER,  # the hold is made, but the answer is lost
    "4000000000000127": NEVER_ARRIVES,  # the first request is lost on the way
    "4000000000000259": TWICE,  # answers, and sends the same news twice as webhooks
}
_REFUSALS = {DECLINE: "card_declined", NO_FUNDS: "insufficient_funds"}
_TOMBSTONE = Status.VOIDED.value

_AUTHORIZE = Step(
    text("""
    INSERT INTO sandbox_payments (reference, provider_reference, status, authorized_amount)
    VALUES (:reference, :provider_reference, :status, :amount)
    ON CONFLICT (reference) DO UPDATE SET reference = excluded.reference
    RETURNING *, xmax = 0 AS is_new
""")
)
_FIND = text("SELECT * FROM sandbox_payments WHERE reference = :reference FOR UPDATE")
_CHANGE = text("""
    UPDATE sandbox_payments
    SET status = :status, captured_amount = :captured, refunded_amount = :refunded,
        calls = calls || CAST(:calls AS jsonb)
    WHERE reference = :reference
""")
_DELIVER = text("""
    INSERT INTO webhook_events (provider, event_id, raw) VALUES ('mockpay', :event_id, :raw)
    ON CONFLICT DO NOTHING
""")


class SandboxPayments:
    """PaymentClient without a network. Approves every card that CARDS does not name."""

    provider = PaymentProvider.MOCKPAY
    leaves_tombstones = True

    def __init__(self, settings: Settings) -> None:
        self._currency = settings.currency
        self._latency = settings.sandbox_payment_latency_ms / 1000

    def authorize(self, *, reference: str, token: str, amount: Decimal, currency: str, idempotency_key: str) -> Outcome:
        """Hold the amount, once for each reference however often it is asked."""
        if self._latency:
            time.sleep(self._latency)
        if token == NEVER_ARRIVES and not _seen_before(reference):
            return Outcome(Status.UNKNOWN)
        status = Status.DECLINED if token in _REFUSALS else Status.AUTHORIZED
        values = {"reference": reference, "provider_reference": f"sbx_{uuid.uuid4().hex}"}
        [row] = _AUTHORIZE.alone(**values, status=status.value, amount=amount)
        if token == TWICE and row.is_new:
            _deliver_twice(row, currency)
        if token == NO_ANSWER and row.is_new:
            return Outcome(Status.UNKNOWN)
        return _outcome(row, currency, _REFUSALS.get(token, "canceled"))

    def capture(self, *, reference: str, provider_reference: str, amount: Decimal, idempotency_key: str) -> Outcome:
        """Take up to the held amount, once."""
        return self._change(reference, idempotency_key, "capture", amount)

    def void(self, *, reference: str, provider_reference: str, idempotency_key: str) -> Outcome:
        """Let go of a hold."""
        return self._change(reference, idempotency_key, "void", Decimal(0))

    def refund(self, *, reference: str, provider_reference: str, amount: Decimal, idempotency_key: str) -> Outcome:
        """Give back part of what was captured, once for each key."""
        return self._change(reference, idempotency_key, "refund", amount)

    def find(self, *, reference: str, since: datetime | None = None) -> Outcome:
        """What became of a payment."""
        with transaction() as session:
            row = session.execute(_FIND, {"reference": reference}).one_or_none()
        return _outcome(row, self._currency, "card_declined") if row else Outcome(Status.NOT_FOUND)

    def cancel(self, *, reference: str, since: datetime | None = None) -> Outcome:
        """Void by our reference, leaving a tombstone where nothing was held yet."""
        values = {"reference": reference, "provider_reference": f"sbx_{uuid.uuid4().hex}"}
        [row] = _AUTHORIZE.alone(**values, status=_TOMBSTONE, amount=Decimal(0))
        if row.captured_amount:
            return _outcome(row, self._currency)
        return self._change(reference, "cancel", "void", Decimal(0))

    def create_token(self, *, card_number: str) -> NewToken:
        """Keep how a card behaves and its last four digits; the number itself is forgotten at once."""
        return NewToken(provider_token=CARDS.get(card_number, APPROVE), last4=card_number[-4:])

    def read_token(self, provider_token: str) -> NewToken:
        """A token named directly, such as `sandbox-decline`."""
        return NewToken(provider_token=provider_token, last4="0000")

    def read_event(self, raw: bytes) -> Event | None:
        """The sandbox's webhook body: {id, type, data: {reference, status, amount, currency, provider_reference}}."""
        try:
            event = orjson.loads(raw)
            data = event["data"]
            outcome = Outcome(
                status=Status(data["status"]),
                amount=Decimal(str(data["amount"])),
                currency=str(data["currency"]),
                provider_reference=str(data["provider_reference"]),
                failure_code=data.get("failure_code"),
            )
            return Event(event_id=str(event["id"]), reference=str(data["reference"]), outcome=outcome)
        except (KeyError, TypeError, ArithmeticError) as error:
            raise ValueError("not an event of the sandbox") from error

    def _change(self, reference: str, key: str, kind: str, amount: Decimal) -> Outcome:
        time.sleep(self._latency)
        with transaction() as session:
            row = session.execute(_FIND, {"reference": reference}).one_or_none()
            if row is None:
                return Outcome(Status.NOT_FOUND)
            if key in row.calls:
                return _stored(row.calls[key])
            changed, outcome = _move(row, kind, amount, self._currency)
            call = _kept(outcome)
            session.execute(_CHANGE, {"reference": reference, **changed, "calls": orjson.dumps({key: call}).decode()})
        return outcome


def _move(row: Row[*tuple[Any, ...]], kind: str, amount: Decimal, currency: str) -> tuple[dict[str, Any], Outcome]:
    """The provider's own rules: capture within the hold and once, void before capture, refund within the capture."""
    state = {"status": row.status, "captured": row.captured_amount, "refunded": row.refunded_amount}
    held = row.status == Status.AUTHORIZED

    def answer(status: Status, given: Decimal, failure: str | None = None) -> Outcome:
        return Outcome(status, given, currency, row.provider_reference, failure)

    if kind == "capture" and held and amount <= row.authorized_amount:
        return {**state, "status": "captured", "captured": amount}, answer(Status.CAPTURED, amount)
    if kind == "void" and row.status == Status.CAPTURED:
        return state, answer(Status.CAPTURED, row.captured_amount)
    if kind == "void":
        return {**state, "status": _TOMBSTONE}, answer(Status.VOIDED, row.authorized_amount)
    if kind == "refund" and row.refunded_amount + amount <= row.captured_amount:
        return {**state, "refunded": row.refunded_amount + amount}, answer(Status.REFUNDED, amount)
    return state, answer(Status.DECLINED, amount, f"{kind}_not_possible")


def _outcome(row: Row[*tuple[Any, ...]], currency: str, failure_code: str | None = None) -> Outcome:
    status = Status(row.status)
    amount = row.captured_amount if status is Status.CAPTURED else row.authorized_amount
    failed = failure_code if status in (Status.DECLINED, Status.VOIDED) else None
    return Outcome(status, amount, currency, row.provider_reference, failed)


def _kept(outcome: Outcome) -> dict[str, str | None]:
    return {
        "status": outcome.status.value,
        "amount": str(outcome.amount),
        "currency": outcome.currency,
        "provider_reference": outcome.provider_reference,
        "failure_code": outcome.failure_code,
    }


def _stored(call: dict[str, Any]) -> Outcome:
    return Outcome(
        Status(call["status"]),
        Decimal(call["amount"]),
        call["currency"],
        call["provider_reference"],
        call["failure_code"],
    )


def _seen_before(reference: str) -> bool:
    """Whether the lost request of NEVER_ARRIVES was lost already; the second one gets through."""
    note = f"lost-{reference}"
    [row] = _AUTHORIZE.alone(reference=note, provider_reference=note, status=_TOMBSTONE, amount=Decimal(0))
    return not row.is_new


def _deliver_twice(row: Row[*tuple[Any, ...]], currency: str) -> None:
    data = {
        "reference": row.reference,
        "status": row.status,
        "amount": str(row.authorized_amount),
        "currency": currency,
        "provider_reference": row.provider_reference,
    }
    events = [{"id": f"evt_{uuid.uuid4().hex}", "type": "payment.authorized", "data": data} for _ in range(2)]
    with transaction() as session:
        for event in events:
            session.execute(_DELIVER, {"event_id": event["id"], "raw": orjson.dumps(event).decode()})
