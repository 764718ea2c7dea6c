"""Bringing a payment into a wallet to its end: hold, take, book. The provider is asked with no transaction open.

Whoever learns of an answer (the request, a retry, the sweeper) applies it under the row's lock; a second one finds
nothing to do. Outcomes merge by rank and not by arrival: captured, then authorized, then declined, then unknown.
"""

import logging
from datetime import timedelta

from sqlalchemy import BigInteger, Interval, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.clients.payments import Outcome, Status
from app.clients.providers import payment_client
from app.config import settings
from app.domain.enums import AccountKind, JournalReason, TopUpState
from app.models import PaymentToken, TopUp
from app.models.base import AnyRow
from app.services import audit, ledger, locks
from app.services.ledger import Move
from app.services.live.telling import tell
from app.services.payments.sending import answer_time
from app.transaction import reading, retried, transaction

log = logging.getLogger("aisle.payments")

OPEN = frozenset({TopUpState.CREATED, TopUpState.AUTHORIZED})
_NO_TOKEN = Outcome(Status.DECLINED, failure_code="payment_token_deleted")


def carry_on(top_up_id: int) -> TopUpState:
    """Ask the provider to hold the amount, then to take it, as far as it answers; answers on the state it came to."""
    row = _read(top_up_id)
    state: TopUpState = row.state
    if state is TopUpState.CREATED:
        state = apply(top_up_id, _hold(row))
        row = _read(top_up_id)
    if state is TopUpState.AUTHORIZED:
        state = apply(top_up_id, _take(row))
    return state


def resume(top_up_id: int) -> TopUpState:
    """Find out what became of a payment that was left open, and go on from there; harmless to repeat.

    One that never reached the provider is sent again under the same key, unless its time is over: then it is
    cancelled there, so that nobody is charged long after they gave up.
    """
    row = _read(top_up_id)
    if row.state not in OPEN:
        return TopUpState(row.state)
    client = payment_client(settings())
    outcome = client.find(reference=row.reference, since=row.created_at)
    if outcome.status is Status.NOT_FOUND:
        if row.may_be_sent:
            return carry_on(top_up_id)
        if not row.is_late:
            return TopUpState(row.state)
        outcome = client.cancel(reference=row.reference, since=row.created_at)
    state = apply(top_up_id, outcome)
    return carry_on(top_up_id) if state is TopUpState.AUTHORIZED else state


def apply(top_up_id: int, outcome: Outcome) -> TopUpState:
    """Apply an answer to a payment, once; answers on its state then."""
    return retried(lambda: _apply(top_up_id, outcome))


def hurry(session: Session, *, reference: str) -> bool:
    """Let the sweeper ask about an open payment at once, as the provider has news of it. A step; False if unknown."""
    hurried = session.execute(_HURRY, {"ours": reference}).scalar_one_or_none()
    return hurried is not None


_HURRY = (
    update(TopUp)
    .where(TopUp.reference == bindparam("ours"), TopUp.state.in_(OPEN))
    .values(next_at=func.now())
    .returning(TopUp.id)
    .execution_options(synchronize_session=False)
)
_TIME_TO_SEND = bindparam("time_to_send", type_=Interval)
_TIME_TO_ANSWER = bindparam("time_to_answer", type_=Interval)
_READ = (
    select(
        TopUp.id,
        TopUp.state,
        TopUp.created_at,
        TopUp.reference,
        TopUp.provider_reference,
        TopUp.amount,
        TopUp.currency,
        TopUp.authorize_key,
        TopUp.capture_key,
        PaymentToken.provider_token,
        (TopUp.created_at > func.now() - _TIME_TO_SEND).label("may_be_sent"),
        (TopUp.created_at < func.now() - _TIME_TO_SEND - _TIME_TO_ANSWER).label("is_late"),
    )
    .outerjoin(PaymentToken, PaymentToken.id == TopUp.payment_token_id)
    .where(TopUp.id == bindparam("top_up_id", type_=BigInteger))
)


def _read(top_up_id: int) -> AnyRow:
    """A payment as it stands. Between `may_be_sent` and `is_late` the last request may still be on its way."""
    values = {
        "top_up_id": top_up_id,
        "time_to_send": timedelta(minutes=settings().pay_deadline_minutes),
        "time_to_answer": answer_time(),
    }
    with reading() as connection:
        return connection.execute(_READ, values).one()


def _hold(row: AnyRow) -> Outcome:
    if row.provider_token is None:
        return _NO_TOKEN
    return payment_client(settings()).authorize(
        reference=row.reference,
        token=row.provider_token,
        amount=row.amount,
        currency=row.currency,
        idempotency_key=str(row.authorize_key),
    )


def _take(row: AnyRow) -> Outcome:
    return payment_client(settings()).capture(
        reference=row.reference,
        provider_reference=row.provider_reference or "",
        amount=row.amount,
        idempotency_key=str(row.capture_key),
    )


def _apply(top_up_id: int, outcome: Outcome) -> TopUpState:
    with transaction() as session:
        locks.limit_waits(session)
        row = locks.top_up(session, top_up_id=top_up_id)
        match outcome.status:
            case Status.CAPTURED:
                _captured(session, row, outcome)
            case Status.AUTHORIZED:
                _authorized(session, row, outcome)
            case Status.DECLINED | Status.VOIDED:
                _refused(session, row, outcome)
            case Status.REFUNDED:
                _leave_to_a_person(session, row, "the provider gave the money back")
            case Status.UNKNOWN | Status.NOT_FOUND:
                pass
        return row.state


def _captured(session: Session, row: TopUp, outcome: Outcome) -> None:
    """Book what was taken. It outranks a refusal: money that is there after all belongs to the customer."""
    if row.state not in OPEN | {TopUpState.DECLINED}:
        return
    if not _same_money(row, outcome):
        _leave_to_a_person(session, row, "amount or currency differs from what was asked for")
        return
    row.provider_reference = outcome.provider_reference or row.provider_reference
    _change(session, row, TopUpState.PAID)
    ledger.post(
        session,
        reference=f"top-up:{row.id}",
        description=row.note,
        reason=JournalReason.TOP_UP,
        moves=[Move(AccountKind.PSP_RECEIVABLE, -row.amount), Move(AccountKind.WALLET, row.amount, row.user_id)],
    )
    tell(session, user_ids=[row.user_id], topic="wallet.changed", payload={"top_up_id": row.id, "status": "paid"})


def _authorized(session: Session, row: TopUp, outcome: Outcome) -> None:
    if row.state is TopUpState.DECLINED:
        _leave_to_a_person(session, row, "held after it was declined")
    elif row.state is not TopUpState.CREATED:
        return
    elif _same_money(row, outcome):
        row.provider_reference = outcome.provider_reference
        _change(session, row, TopUpState.AUTHORIZED)
    else:
        _leave_to_a_person(session, row, "amount or currency differs from what was asked for")


def _refused(session: Session, row: TopUp, outcome: Outcome) -> None:
    """Nothing is held or taken; but a hold that cannot be taken may still weigh on the card."""
    if row.state not in OPEN:
        return
    if row.state is TopUpState.AUTHORIZED and outcome.status is Status.DECLINED:
        _leave_to_a_person(session, row, outcome.failure_code or "held, but cannot be taken")
        return
    row.failure_code = (outcome.failure_code or outcome.status.value)[:64]
    _change(session, row, TopUpState.DECLINED)
    tell(session, user_ids=[row.user_id], topic="wallet.changed", payload={"top_up_id": row.id, "status": "declined"})


def _same_money(row: TopUp, outcome: Outcome) -> bool:
    same_amount = outcome.amount is None or outcome.amount == row.amount
    return same_amount and (outcome.currency or row.currency).upper() == row.currency


def _leave_to_a_person(session: Session, row: TopUp, reason: str) -> None:
    """An answer that fits nothing we asked for is never applied by itself."""
    if row.state in (TopUpState.PAID, TopUpState.MANUAL):
        return
    log.error("a payment into a wallet needs a person", extra={"top_up_id": row.id, "reason": reason})
    row.failure_code = reason[:64]
    _change(session, row, TopUpState.MANUAL)


def _change(session: Session, row: TopUp, state: TopUpState) -> None:
    old, row.state = row.state, state
    session.flush()
    audit.record(
        session,
        entity_type="top_up",
        entity_id=row.id,
        action="NEEDS_ATTENTION" if state is TopUpState.MANUAL else "UPDATE_STATUS",
        old={"state": old},
        new={"state": state, "amount": str(row.amount), "currency": row.currency},
        context={"reason": row.failure_code} if row.failure_code else None,
    )
