"""Ledger accounts that keep a balance, and the feed of news: both last of all rows."""

from collections.abc import Collection, Iterable
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import Account


def balances(session: Session, *, account_ids: Collection[int]) -> dict[int, Decimal]:
    """The balances of accounts that keep one, locked in the order of their ids."""
    statement = (
        select(Account.id, Account.balance)
        .where(Account.id.in_(account_ids), Account.balance.is_not(None))
        .order_by(Account.id)
        .with_for_update(key_share=True)
    )
    return {row.id: row.balance or Decimal(0) for row in session.execute(statement)}


_FEED = text("SELECT pg_advisory_xact_lock(hashtextextended('live:' || :user_id, 0))")


def live_feed(session: Session, *, user_ids: Iterable[int]) -> None:
    """Hold back other news for these users until this commit, so that ids grow in the order of the commits."""
    for user_id in sorted(set(user_ids)):
        session.execute(_FEED, {"user_id": str(user_id)})
