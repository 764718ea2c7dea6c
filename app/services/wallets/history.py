"""What moved a balance, newest first: one statement for each page, along the index of an account's entries."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam, literal_column, select, true

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import AccountKind, JournalReason
from app.domain.wallet_moves import consumer_type, source, vendor_type
from app.models import Account, Entry, Journal, Shop, User
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import CursorPage, decode_cursor, encode_cursor, page_meta
from app.schemas.wallets import (
    ConsumerMove,
    VendorAccount,
    VendorMove,
    VendorTransaction,
    WalletTransaction,
)
from app.transaction import reading

_ACCOUNTS = {
    AccountKind.VENDOR_PENDING: VendorAccount.PENDING,
    AccountKind.VENDOR_AVAILABLE: VendorAccount.AVAILABLE,
}
_BEGINNING = 2**63 - 1
"""Above every entry's id."""

_WALLET_OF = (
    Account.kind == AccountKind.WALLET,
    Account.owner_id == bindparam("user_id"),
    Account.currency == bindparam("currency"),
)
_MONEY_OF = (
    Account.kind.in_(_ACCOUNTS),
    Account.owner_id == select(Shop.id).where(Shop.owner_id == bindparam("user_id")).scalar_subquery(),
    Account.currency == bindparam("currency"),
)


def page(query: CursorPage, caller: Caller) -> tuple[list[WalletTransaction], PageMeta]:
    """A page of what changed the caller's wallet. Raises ValidationFailed for a cursor of another list."""
    return of_user(query, user_id=caller.user_id)


def of_user(query: CursorPage, *, user_id: int) -> tuple[list[WalletTransaction], PageMeta]:
    """A page of what changed a user's wallet. Raises ValidationFailed for a cursor of another list."""
    rows, meta = _read(query, user_id, of_vendor=False)
    return [_consumers(row) for row in rows], meta


def vendor_page(query: CursorPage, caller: Caller) -> tuple[list[VendorTransaction], PageMeta]:
    """A page of what changed the money of the caller's shop. Raises ValidationFailed for a cursor of another list."""
    rows, meta = _read(query, caller.user_id, of_vendor=True)
    return [_vendors(row) for row in rows], meta


def _read(query: CursorPage, user_id: int, *, of_vendor: bool) -> tuple[Sequence[AnyRow], PageMeta]:
    before = decode_cursor(query.cursor, int)[0] if query.cursor else _BEGINNING
    values = {"user_id": user_id, "currency": settings().currency, "before": before}
    with reading() as connection:
        rows = connection.execute(_entries(of_vendor, query.limit + 1), values).all()
    shown, has_next = rows[: query.limit], len(rows) > query.limit
    cursor = encode_cursor(shown[-1].id) if has_next else None
    return shown, page_meta(limit=query.limit, offset=0, has_next=has_next, next_cursor=cursor)


@cache
def _entries(of_vendor: bool, rows: int) -> Select[Any]:
    """The newest entries of a wallet, or of both accounts of a shop: each account is read no further than needed."""
    some: ColumnElement[int] = literal_column(str(rows), Integer)
    entries = (
        select(
            Entry.id,
            Entry.amount.label("delta"),
            Entry.balance_after,
            Journal.reason,
            Journal.description,
            Journal.order_id,
            Journal.created_at,
        )
        .join(Journal, Journal.id == Entry.journal_id)
        .where(
            Entry.account_id == Account.id,
            Entry.id < bindparam("before", type_=BigInteger),
            Journal.reason.is_distinct_from(JournalReason.MATURED),
        )
        .order_by(Entry.id.desc())
        .limit(some)
        .correlate(Account)
        .lateral("entry")
    )
    return (
        select(*entries.c, Account.kind, User.phone)
        .select_from(Account)
        .join(entries, true())
        .join(User, User.id == bindparam("user_id"))
        .where(*(_MONEY_OF if of_vendor else _WALLET_OF))
        .order_by(entries.c.id.desc())
        .limit(some)
    )


def _consumers(row: AnyRow) -> WalletTransaction:
    return WalletTransaction(
        type=ConsumerMove(consumer_type(row.reason, row.delta)), source=source(row.reason), **_common(row)
    )


def _vendors(row: AnyRow) -> VendorTransaction:
    return VendorTransaction(
        type=VendorMove(vendor_type(row.reason, row.delta)), account=_ACCOUNTS[row.kind], **_common(row)
    )


def _common(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "user_phone": row.phone,
        "amount": abs(row.delta),
        "reference": row.description,
        "created_at": row.created_at,
        "delta": row.delta,
        "balance_after": row.balance_after,
        "order_id": row.order_id,
    }
