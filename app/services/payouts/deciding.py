"""What the office does about a payout. `sent` and `paid` tell what a person did and saw at the bank.

No bank is asked from here. Repeating a step changes nothing and answers the same; the payout's row is locked first.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import AccountKind, JournalReason
from app.domain.payout_states import REACHES, TAKEN_FROM, Step
from app.models import Payout, Shop
from app.schemas.payouts import FailForm, ManagedPayout, SentForm
from app.services import audit, ledger, locks
from app.services.ledger import Move
from app.services.payouts import listing, news
from app.services.payouts.errors import NeedsAnotherAdmin, PayoutNotFound, PayoutNotThere
from app.transaction import retried, transaction

_OWNER = select(Shop.owner_id).where(Shop.id == bindparam("shop_id", type_=BigInteger))


def approve(payout_id: int, caller: Caller) -> ManagedPayout:
    """Let a payout go out. Raises PayoutNotFound, PayoutNotThere or, to whoever asked for it, NeedsAnotherAdmin."""
    return _decide(payout_id, Step.APPROVE, caller, approved_by=caller.user_id)


def mark_sent(form: SentForm, payout_id: int, caller: Caller) -> ManagedPayout:
    """Keep what the bank calls the transfer. Raises PayoutNotFound or PayoutNotThere."""
    return _decide(payout_id, Step.SEND, caller, bank_reference=form.bank_reference)


def mark_paid(payout_id: int, caller: Caller) -> ManagedPayout:
    """Book a payout as arrived. Raises PayoutNotFound or PayoutNotThere."""
    return _decide(payout_id, Step.PAY, caller)


def fail(form: FailForm, payout_id: int, caller: Caller) -> ManagedPayout:
    """Refuse a payout, or learn that it did not arrive: the vendor has the money again.

    Raises PayoutNotFound or PayoutNotThere.
    """
    return _decide(payout_id, Step.FAIL, caller, failure_reason=form.reason)


def _decide(payout_id: int, step: Step, caller: Caller, **values: Any) -> ManagedPayout:
    def attempt() -> None:
        with transaction() as session:
            locks.limit_waits(session)
            payout = locks.payout(session, payout_id=payout_id)
            if payout is None:
                raise PayoutNotFound
            if not _is_done(payout, step, values):
                _check(payout, step, caller)
                _take(session, payout, step, caller, values)

    retried(attempt)
    return listing.managed(payout_id)


def _is_done(payout: Payout, step: Step, values: dict[str, Any]) -> bool:
    """Whether a step is a repeat; one that tells of another transfer or reason is not."""
    told_anew = step is not Step.APPROVE and any(getattr(payout, name) != value for name, value in values.items())
    return payout.state is REACHES[step] and not told_anew


def _check(payout: Payout, step: Step, caller: Caller) -> None:
    if payout.state not in TAKEN_FROM[step]:
        raise PayoutNotThere(details={"state": payout.state, "allowed_from": sorted(TAKEN_FROM[step])})
    if step is Step.APPROVE and payout.requested_by == caller.user_id:
        raise NeedsAnotherAdmin


def _take(session: Session, payout: Payout, step: Step, caller: Caller, values: dict[str, Any]) -> None:
    old, payout.state = payout.state, REACHES[step]
    for name, value in values.items():
        setattr(payout, name, value)
    if step in (Step.PAY, Step.FAIL):
        payout.ended_at = func.now()
    session.flush()
    _book(session, payout, step)
    audit.record(
        session,
        entity_type="payout",
        entity_id=payout.id,
        action=step.value.upper(),
        by=caller,
        old={"state": old},
        new={"state": payout.state, **values},
        context={"shop_id": payout.shop_id, "amount": str(payout.amount)},
    )
    owner_id = session.execute(_OWNER, {"shop_id": payout.shop_id}).scalar_one()
    news.tell_vendor(session, owner_id, payout_id=payout.id, state=payout.state, amount=payout.amount)


def _book(session: Session, payout: Payout, step: Step) -> None:
    if step is Step.PAY:
        arrived = Move(AccountKind.PSP_RECEIVABLE, payout.amount)
        _post(session, payout, "payout-paid", "Payout arrived", JournalReason.PAYOUT_PAID, arrived)
    elif step is Step.FAIL:
        back = Move(AccountKind.VENDOR_AVAILABLE, payout.amount, payout.shop_id)
        _post(session, payout, "payout-failed", f"Payout #{payout.id} failed", JournalReason.PAYOUT_FAILED, back)


def _post(session: Session, payout: Payout, name: str, text: str, reason: JournalReason, to: Move) -> None:
    amount: Decimal = payout.amount
    moves = [Move(AccountKind.PAYOUT_CLEARING, -amount), to]
    ledger.post(session, reference=f"{name}:{payout.id}", description=text, reason=reason, moves=moves)
