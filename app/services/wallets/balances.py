"""What is in a wallet, and what a shop has earned. Reading opens no account: nothing was moved, so nothing is there."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, Label, bindparam, func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.enums import AccountKind
from app.models import Account, Shop
from app.schemas.wallets import VendorWalletAnswer, WalletAnswer
from app.transaction import reading


@dataclass(frozen=True, slots=True)
class Earnings:
    """A shop's money: `pending` until goods may no longer come back, `available` to be drawn."""

    pending: Decimal
    available: Decimal

    @property
    def balance(self) -> Decimal:
        return self.pending + self.available


_CURRENCY = Account.currency == bindparam("currency")
_WALLET = select(Account.balance).where(
    Account.kind == AccountKind.WALLET, Account.owner_id == bindparam("user_id"), _CURRENCY
)


def _held(kind: AccountKind) -> Label[Decimal | None]:
    return func.coalesce(func.sum(Account.balance).filter(Account.kind == kind), NOTHING).label(kind.value)


_EARNINGS = select(
    _held(AccountKind.VENDOR_PENDING),
    _held(AccountKind.VENDOR_AVAILABLE),
).where(Account.kind.in_((AccountKind.VENDOR_PENDING, AccountKind.VENDOR_AVAILABLE)), _CURRENCY)
_OF_SHOP = _EARNINGS.where(Account.owner_id == bindparam("shop_id"))
_OF_OWNER = _EARNINGS.where(
    Account.owner_id == select(Shop.id).where(Shop.owner_id == bindparam("user_id")).scalar_subquery()
)


def in_wallet(session: Session | Connection, *, user_id: int) -> Decimal:
    """What a user's wallet holds. A step."""
    values = {"user_id": user_id, "currency": settings().currency}
    return session.execute(_WALLET, values).scalar_one_or_none() or NOTHING


def of_shop(session: Session | Connection, *, shop_id: int) -> Earnings:
    """What a shop has. A step."""
    row = session.execute(_OF_SHOP, {"shop_id": shop_id, "currency": settings().currency}).one()
    return Earnings(row.vendor_pending, row.vendor_available)


def wallet(caller: Caller) -> WalletAnswer:
    """What the caller's wallet holds."""
    with reading() as connection:
        return WalletAnswer(balance=in_wallet(connection, user_id=caller.user_id))


def vendor_wallet(caller: Caller) -> VendorWalletAnswer:
    """What the caller's shop has; a vendor without a shop has earned nothing yet (one statement)."""
    with reading() as connection:
        row = connection.execute(_OF_OWNER, {"user_id": caller.user_id, "currency": settings().currency}).one()
    return shown(Earnings(row.vendor_pending, row.vendor_available))


def shown(earnings: Earnings) -> VendorWalletAnswer:
    """A shop's money as it is answered."""
    return VendorWalletAnswer(balance=earnings.balance, pending=earnings.pending, available=earnings.available)
