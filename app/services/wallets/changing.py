"""Changing a wallet by hand: taking out what is there and, where users may give themselves money, putting some in.

The other side of each is the account of adjustments.
"""

import uuid
from decimal import Decimal

from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import AccountKind, JournalReason
from app.schemas.wallets import CreditForm, DebitForm, RefundForm, VendorWalletAnswer, WalletAnswer
from app.services import audit, ledger, locks
from app.services.ledger import Move
from app.services.shops.own import own_shop
from app.services.wallets import balances
from app.services.wallets.errors import SelfCreditClosed
from app.transaction import transaction


def debit(form: DebitForm, caller: Caller) -> WalletAnswer:
    """Take money out of the caller's wallet. Raises InsufficientFunds."""
    return _change_wallet(-form.amount, form.reference, caller)


def refund(form: RefundForm, caller: Caller) -> WalletAnswer:
    """Put money into the caller's wallet out of nothing. Raises SelfCreditClosed where not allowed, BalanceTooLarge."""
    _check_self_credit()
    return _change_wallet(form.amount, form.reference, caller)


def vendor_debit(form: DebitForm, caller: Caller) -> VendorWalletAnswer:
    """Take money out of what the caller's shop may draw. Raises ShopNotFound or InsufficientFunds."""
    return _change_shop(-form.amount, form.reference, caller)


def vendor_credit(form: CreditForm, caller: Caller) -> VendorWalletAnswer:
    """Give the caller's shop money out of nothing. Raises SelfCreditClosed, ShopNotFound, BalanceTooLarge."""
    _check_self_credit()
    return _change_shop(form.amount, form.reference, caller)


def _check_self_credit() -> None:
    if not settings().self_credit_allowed:
        raise SelfCreditClosed


def _change_wallet(delta: Decimal, note: str, caller: Caller) -> WalletAnswer:
    with transaction() as session:
        locks.limit_waits(session)
        _adjust(session, AccountKind.WALLET, caller.user_id, delta, note, caller)
        return WalletAnswer(balance=balances.in_wallet(session, user_id=caller.user_id))


def _change_shop(delta: Decimal, note: str, caller: Caller) -> VendorWalletAnswer:
    with transaction() as session:
        locks.limit_waits(session)
        shop_id = own_shop(session, caller)
        _adjust(session, AccountKind.VENDOR_AVAILABLE, shop_id, delta, note, caller)
        return balances.shown(balances.of_shop(session, shop_id=shop_id))


def _adjust(session: Session, kind: AccountKind, owner_id: int, delta: Decimal, note: str, caller: Caller) -> None:
    ledger.post(
        session,
        reference=f"by-hand:{uuid.uuid4().hex}",
        description=note,
        reason=JournalReason.API,
        moves=[Move(kind, delta, owner_id), Move(AccountKind.ADJUSTMENTS, -delta)],
    )
    audit.record(
        session,
        entity_type=kind.value,
        entity_id=owner_id,
        action="DEBIT" if delta < 0 else "CREDIT",
        by=caller,
        new={"amount": str(abs(delta)), "reference": note},
    )
