"""Consumers' wallets seen from the office, and goodwill put into them."""

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import AccountKind, JournalReason, Role
from app.errors import NotFound
from app.models import Account, Entry, Journal, User
from app.schemas.pagination import CursorPage
from app.schemas.wallets import GoodwillForm, ManagedWallet, WalletAnswer
from app.services import audit, ledger, locks
from app.services.checkout.errors import KeyReused
from app.services.ledger import Move
from app.services.live.telling import tell
from app.services.request_keys import own_key
from app.services.wallets import balances, history
from app.transaction import reading, retried, transaction


class ConsumerNotFound(NotFound):
    code = "CONSUMER_NOT_FOUND"
    message = "There is no such consumer."


_CONSUMER = select(User.id.label("user_id"), User.phone, User.email, User.full_name).where(
    User.id == bindparam("user_id", type_=BigInteger), User.role == Role.CUSTOMER
)
_CREDITED = (
    select(Entry.amount, Account.owner_id, Journal.description)
    .join(Entry, Entry.journal_id == Journal.id)
    .join(Account, Account.id == Entry.account_id)
    .where(Journal.reference == bindparam("reference"), Account.kind == AccountKind.WALLET)
)


def wallet_of(query: CursorPage, *, user_id: int) -> ManagedWallet:
    """A consumer's wallet with a page of its history (three statements). Raises ConsumerNotFound."""
    with reading() as connection:
        person = connection.execute(_CONSUMER, {"user_id": user_id}).one_or_none()
        if person is None:
            raise ConsumerNotFound
        balance = balances.in_wallet(connection, user_id=user_id)
    transactions, meta = history.of_user(query, user_id=user_id)
    return ManagedWallet(
        **person._mapping,
        currency=settings().currency,
        balance=balance,
        transactions=transactions,
        next_cursor=meta.next_cursor,
    )


def credit(form: GoodwillForm, caller: Caller, *, user_id: int, key: str) -> tuple[WalletAnswer, bool]:
    """Give a consumer money of the house, once for each key of an admin; answers whether it is a repeat as well.

    Raises ConsumerNotFound, KeyReused or BalanceTooLarge.
    """
    reference = f"goodwill:{own_key(caller, key)}"

    def attempt() -> tuple[WalletAnswer, bool]:
        with transaction() as session:
            locks.limit_waits(session)
            if session.execute(_CONSUMER, {"user_id": user_id}).one_or_none() is None:
                raise ConsumerNotFound
            is_new = _book(session, form, user_id, reference)
            if not is_new:
                _check_repeat(session, form, user_id, reference)
            answer = WalletAnswer(balance=balances.in_wallet(session, user_id=user_id))
            if is_new:
                _note(session, form, caller, user_id)
            return answer, not is_new

    return retried(attempt)


def _book(session: Session, form: GoodwillForm, user_id: int, reference: str) -> bool:
    moves = [Move(AccountKind.ADJUSTMENTS, -form.amount), Move(AccountKind.WALLET, form.amount, user_id)]
    reason = JournalReason.ADMIN_REFUND
    return ledger.post(session, reference=reference, description=form.reason, reason=reason, moves=moves)


def _check_repeat(session: Session, form: GoodwillForm, user_id: int, reference: str) -> None:
    """Raises KeyReused where the key stands for another amount, person or reason."""
    kept = session.execute(_CREDITED, {"reference": reference}).one()
    if tuple(kept) != (form.amount, user_id, form.reason):
        raise KeyReused


def _note(session: Session, form: GoodwillForm, caller: Caller, user_id: int) -> None:
    given = {"amount": str(form.amount), "currency": settings().currency, "reason": form.reason}
    audit.record(session, entity_type="wallet", entity_id=user_id, action="GOODWILL", by=caller, new=given)
    tell(session, user_ids=[user_id], topic="wallet.changed", payload={"amount": float(form.amount)})
