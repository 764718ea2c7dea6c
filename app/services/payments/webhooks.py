"""What the payment provider tells us by itself: proven and stored at once, acted on afterwards.

A lost, late, doubled or reordered event changes nothing in the end: the sweeper asks the provider about every open
operation anyway, and outcomes merge by rank, whoever brings them.
"""

import json
import logging
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Interval, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.clients.payments import Event, Outcome, Status
from app.clients.providers import payment_client
from app.config import settings, webhook_secrets
from app.domain.enums import OperationKind, OperationState, PaymentProvider
from app.domain.signatures import is_signed
from app.errors import BadRequest, DomainError, NotFound
from app.models import Payment, PaymentOperation, WebhookEvent
from app.services import audit, locks
from app.services.payments import outcomes, provider_events
from app.services.top_ups import settling as top_ups
from app.transaction import reading, transaction

log = logging.getLogger("aisle.payments")

LARGEST_BODY = 64 * 1024
MOST_ATTEMPTS = 10
_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 3600))
_EVENT_ID = re.compile(r"[!-~]{1,255}", re.ASCII)


class InvalidSignature(BadRequest):
    code = "INVALID_SIGNATURE"
    message = "The body is not signed with a secret of this shop, or was signed too long ago."


class WebhookTooLarge(DomainError):
    code = "HTTP_413"
    status = 413
    message = "The request body is too large."


class NotAnEvent(BadRequest):
    message = "The body must be a JSON object with the event's id."


@dataclass(frozen=True, slots=True)
class _Stored:
    """A leased event; `attempts` counts this try."""

    id: int
    provider: PaymentProvider
    raw: str
    attempts: int


_STORE = insert(WebhookEvent).on_conflict_do_nothing(index_elements=["provider", "event_id"])


def receive(*, provider: str, raw: bytes, signature: str) -> None:
    """Store a signed event once, however often it is sent; nothing is acted on yet.

    Raises NotFound for a provider this shop does not use, WebhookTooLarge, InvalidSignature, or NotAnEvent.
    """
    current = settings()
    if provider != payment_client(current).provider:
        raise NotFound
    if len(raw) > LARGEST_BODY:
        raise WebhookTooLarge
    if not is_signed(raw, header=signature, secrets=webhook_secrets(current), now=int(time.time())):
        log.warning("refused a payment webhook without a valid signature")
        raise InvalidSignature
    text, event_id = _named(raw)
    with transaction() as session:
        session.execute(_STORE, {"provider": provider, "event_id": event_id, "raw": text})


def process_due(batch: int = 50) -> int:
    """Act on stored events that are due; answers on how many. A failing event is noted and blocks no other."""
    done = 0
    for stored in _lease(batch):
        try:
            note = _act(stored)
        except Exception as error:  # noqa: BLE001 (one poisoned event must not stop the rest)
            _note_failure(stored, error)
        else:
            _change(stored, processed_at=func.now(), note=note)
            done += 1
    return done


def _named(raw: bytes) -> tuple[str, str]:
    """The body as text and the provider's name for the event. Raises NotAnEvent."""
    try:
        text = raw.decode()
        event_id = json.loads(text)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotAnEvent from None
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        raise NotAnEvent
    return text, event_id


def _lease(batch: int) -> list[_Stored]:
    """Take due events on, their next try put off already: should this process die, another one goes on later."""
    with transaction() as session:
        due = locks.due_webhooks(session, batch=batch)
        leased = [_Stored(row.id, row.provider, row.raw, row.attempts + 1) for row in due]
        changes = [
            {"row_id": event.id, "tried": event.attempts, "pause": _PAUSES[min(event.attempts, len(_PAUSES)) - 1]}
            for event in leased
        ]
        if changes:
            session.connection().execute(_PUT_OFF, changes)
    return leased


_PUT_OFF = (
    update(WebhookEvent)
    .where(WebhookEvent.id == bindparam("row_id"))
    .values(attempts=bindparam("tried"), next_at=func.now() + bindparam("pause", type_=Interval))
)


def _act(stored: _Stored) -> str:
    """Carry out one event; answers a note for the people who look after payments. Raises ValueError if malformed."""
    client = payment_client(settings())
    if stored.provider != client.provider:
        raise ValueError(f"{stored.provider} is not the provider of this shop any more")
    event = client.read_event(stored.raw.encode())
    if event is None:
        return "not about a payment of ours"
    contested = _contested_operation(event)
    if contested is not None:
        _leave_to_a_person(contested, event)
        return "amount or currency differs from ours: left to a person"
    if provider_events.apply(reference=event.reference, outcome=event.outcome):
        return "applied"
    return "a payment into a wallet: asked about at once" if _hurries_top_up(event) else "no news"


def _hurries_top_up(event: Event) -> bool:
    with transaction() as session:
        return top_ups.hurry(session, reference=event.reference)


_KINDS = {
    Status.AUTHORIZED: (OperationKind.AUTHORIZE,),
    Status.CAPTURED: (OperationKind.CAPTURE, OperationKind.AUTHORIZE),
    Status.REFUNDED: (OperationKind.REFUND, OperationKind.CAPTURE),
}
_OPERATIONS = (
    select(PaymentOperation.id, PaymentOperation.kind, PaymentOperation.amount, Payment.currency)
    .join(Payment, Payment.id == PaymentOperation.payment_id)
    .where(Payment.reference == bindparam("reference"))
    .order_by(PaymentOperation.id.desc())
)


def _contested_operation(event: Event) -> int | None:
    """The id of our operation that the event's money contradicts; None when they agree or it says no amount.

    Compared is the newest kind of operation that the outcome can be about: a capture with the captures, or with the
    authorization where we never asked for one. Amounts of operations never change, so no lock is needed to look.
    """
    with reading() as connection:
        ours = connection.execute(_OPERATIONS, {"reference": event.reference}).all()
    if ours and event.outcome.currency not in (None, ours[0].currency):
        return int(ours[0].id)
    for kind in _KINDS.get(event.outcome.status, ()):
        concerned = [row for row in ours if row.kind == kind]
        if concerned:
            agrees = _agrees(event.outcome, [row.amount for row in concerned])
            return None if agrees else int(concerned[0].id)
    return None


def _agrees(outcome: Outcome, amounts: list[Decimal]) -> bool:
    return outcome.amount is None or outcome.amount in amounts


def _leave_to_a_person(operation_id: int, event: Event) -> None:
    """Say so where people look, and stop an operation that is still open from being settled by itself."""
    told = {"status": event.outcome.status, "amount": str(event.outcome.amount), "currency": event.outcome.currency}
    log.error("a payment webhook contradicts our books", extra={"operation_id": operation_id, **told})
    with transaction() as session:
        locks.limit_waits(session)
        ours = locks.operation(session, operation_id=operation_id)
        if ours is None:
            return
        if ours.state not in outcomes.FINAL:
            session.execute(_TO_MANUAL, {"operation_id": operation_id})
        audit.record(
            session,
            entity_type="payment",
            entity_id=ours.payment_id,
            action="NEEDS_ATTENTION",
            old={"state": ours.state, "amount": str(ours.amount), "currency": ours.currency},
            new=told,
            context={"operation_id": operation_id, "event_id": event.event_id, "reason": "a webhook contradicts it"},
        )


_TO_MANUAL = (
    update(PaymentOperation)
    .where(PaymentOperation.id == bindparam("operation_id"))
    .values(state=OperationState.MANUAL, failure_code="webhook_differs")
    .execution_options(synchronize_session=False)
)


def _note_failure(stored: _Stored, error: Exception) -> None:
    """Leave the event for a later try, or give it up after the last one."""
    gave_up = stored.attempts >= MOST_ATTEMPTS
    log.log(logging.ERROR if gave_up else logging.WARNING, "payment webhook %s failed", stored.id, exc_info=error)
    _change(stored, failed=gave_up, note=f"{type(error).__name__}: {error}"[:200])


def _change(stored: _Stored, **values: object) -> None:
    with transaction() as session:
        session.execute(
            update(WebhookEvent)
            .where(WebhookEvent.id == stored.id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
