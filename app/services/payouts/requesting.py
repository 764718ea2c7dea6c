"""Drawing money: it leaves what is available in the very transaction that writes the payout down."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.bank_accounts import masked
from app.domain.caller import Caller
from app.domain.enums import AccountKind, JournalReason, PayoutState
from app.models import Payout, PayoutBank, Shop
from app.models.base import AnyRow
from app.schemas.payouts import ManagedPayout, PayoutOrder, WithdrawAnswer, WithdrawForm
from app.services import audit, ledger, locks
from app.services.checkout.errors import KeyReused
from app.services.ledger import Move
from app.services.payouts import listing, news
from app.services.payouts.errors import NoPayoutBank
from app.services.request_keys import hash_of, own_key
from app.services.shops.own import ShopNotFound, own_shop
from app.services.wallets import balances
from app.transaction import retried, transaction

_BANK = (
    select(
        Shop.owner_id,
        PayoutBank.user_id.label("bank_of"),
        PayoutBank.bank_name,
        PayoutBank.account_number,
        PayoutBank.last4,
        PayoutBank.ifsc_code,
    )
    .outerjoin(PayoutBank, PayoutBank.user_id == Shop.owner_id)
    .where(Shop.id == bindparam("shop_id", type_=BigInteger))
)
_BEFORE = select(Payout.id, Payout.state, Payout.last4, Payout.request_hash).where(
    Payout.shop_id == bindparam("shop_id"), Payout.idempotency_key == bindparam("key")
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody wants to draw; equal requests have the same key and hash."""

    shop_id: int
    amount: Decimal
    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class _Written:
    payout_id: int
    state: PayoutState
    last4: str
    is_replay: bool


def withdraw(form: WithdrawForm, caller: Caller, *, key: str | None) -> tuple[WithdrawAnswer, bool]:
    """Draw money of the caller's shop to its bank; answers whether that is a repeat as well.

    Without a `key` each request is a new one. Raises ShopNotFound, NoPayoutBank, InsufficientFunds or KeyReused.
    """
    key, hashed = key or uuid.uuid4().hex, hash_of("payouts.withdraw", form.model_dump(mode="json"))

    def attempt() -> tuple[WithdrawAnswer, bool]:
        with transaction() as session:
            locks.limit_waits(session)
            asked = _Asked(own_shop(session, caller), form.amount, key, hashed)
            written = _request(session, asked, caller)
            return _answer(session, asked.shop_id, written), written.is_replay

    return retried(attempt)


def request_for(form: PayoutOrder, caller: Caller, *, key: str) -> tuple[ManagedPayout, bool]:
    """Draw money of a shop on its vendor's behalf; another admin has to approve. Answers whether it is a repeat.

    Raises ShopNotFound, NoPayoutBank, InsufficientFunds or KeyReused.
    """
    hashed = hash_of("payouts.request", form.model_dump(mode="json"))
    asked = _Asked(form.shop_id, form.amount, f"admin:{own_key(caller, key)}", hashed)

    def attempt() -> _Written:
        with transaction() as session:
            locks.limit_waits(session)
            return _request(session, asked, caller)

    written = retried(attempt)
    return listing.managed(written.payout_id), written.is_replay


def _request(session: Session, asked: _Asked, caller: Caller) -> _Written:
    bank = session.execute(_BANK, {"shop_id": asked.shop_id}).one_or_none()
    if bank is None:
        raise ShopNotFound
    if before := _made_before(session, asked):
        return before
    if bank.bank_of is None:
        raise NoPayoutBank
    payout_id = _insert(session, asked, bank, caller)
    if payout_id is None:  # an equal request was a moment faster
        before = _made_before(session, asked)
        if before is None:
            raise LookupError(f"the payout of shop {asked.shop_id} under the same key is gone")
        return before
    _book(session, asked, payout_id, bank.last4)
    _note(session, asked, payout_id, caller)
    news.tell_vendor(session, bank.owner_id, payout_id=payout_id, state=PayoutState.REQUESTED, amount=asked.amount)
    return _Written(payout_id, PayoutState.REQUESTED, bank.last4, is_replay=False)


def _made_before(session: Session, asked: _Asked) -> _Written | None:
    row = session.execute(_BEFORE, {"shop_id": asked.shop_id, "key": asked.key}).one_or_none()
    if row is None:
        return None
    if row.request_hash != asked.request_hash:
        raise KeyReused
    return _Written(row.id, row.state, row.last4, is_replay=True)


def _insert(session: Session, asked: _Asked, bank: AnyRow, caller: Caller) -> int | None:
    """None when the key is taken."""
    statement = (
        insert(Payout)
        .values(
            shop_id=asked.shop_id,
            amount=asked.amount,
            currency=settings().currency,
            idempotency_key=asked.key,
            request_hash=asked.request_hash,
            bank_name=bank.bank_name,
            account_number=bank.account_number,
            last4=bank.last4,
            ifsc_code=bank.ifsc_code,
            requested_by=caller.user_id,
        )
        .on_conflict_do_nothing(index_elements=[Payout.shop_id, Payout.idempotency_key])
        .returning(Payout.id)
    )
    return session.execute(statement).scalar_one_or_none()


def _book(session: Session, asked: _Asked, payout_id: int, last4: str) -> None:
    ledger.post(
        session,
        reference=f"payout:{payout_id}",
        description=f"Withdraw to {masked(last4)}",
        reason=JournalReason.PAYOUT,
        moves=[
            Move(AccountKind.VENDOR_AVAILABLE, -asked.amount, asked.shop_id),
            Move(AccountKind.PAYOUT_CLEARING, asked.amount),
        ],
    )


def _note(session: Session, asked: _Asked, payout_id: int, caller: Caller) -> None:
    new = {"state": PayoutState.REQUESTED, "amount": str(asked.amount), "shop_id": asked.shop_id}
    audit.record(session, entity_type="payout", entity_id=payout_id, action="CREATE", by=caller, new=new)


def _answer(session: Session, shop_id: int, written: _Written) -> WithdrawAnswer:
    shown = balances.shown(balances.of_shop(session, shop_id=shop_id))
    return WithdrawAnswer(
        message="Withdrawal initiated",
        payout_id=written.payout_id,
        status=written.state,
        bank_account=masked(written.last4),
        **shown.model_dump(),
    )
