"""What a change of a balance is called in a history: told by why the money moved, and which way.

The words are those of the marketplace's contract, section 13; `admin_refund` is new there.
"""

from decimal import Decimal

from app.domain.enums import JournalReason

_SOURCES = {JournalReason.TOP_UP: JournalReason.API}
"""Older clients know a load of the wallet as something asked for by `api`."""


def consumer_type(reason: JournalReason | None, delta: Decimal) -> str:
    """`recharge`, `debit` or `refund`."""
    if delta < 0:
        return "debit"
    return "recharge" if reason is JournalReason.TOP_UP else "refund"


def source(reason: JournalReason | None) -> str:
    """Why a wallet changed, in the words of a consumer's history."""
    return (_SOURCES.get(reason, reason) if reason else JournalReason.API).value


def vendor_type(reason: JournalReason | None, delta: Decimal) -> str:
    """`credit`, `debit` or `withdrawal`."""
    if delta > 0:
        return "credit"
    return "withdrawal" if reason is JournalReason.PAYOUT else "debit"
