"""Ledger accounts that keep a balance, and the feed of news: both last of all rows."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
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


FEED = """
    INSERT INTO live_events (user_id, topic, payload)
    SELECT user_id, :topic, CAST(:payload AS jsonb) FROM (
        SELECT user_id, pg_advisory_xact_lock(hashtextextended('live:' || user_id, 0))
        FROM unnest(CAST(:user_ids AS bigint[])) AS told(user_id) ORDER BY user_id
    ) AS held
"""
"""What `live_feed` does, to be a part of a longer statement: the last of its transaction."""
_FEED = text(FEED).bindparams(bindparam("payload", type_=JSONB))


def live_feed(session: Session, *, user_ids: Iterable[int], topic: str, payload: Mapping[str, Any]) -> None:
    """Put news into the feeds of users, each held back from others until this commit: ids grow in order of commits."""
    values = {"user_ids": sorted(set(user_ids)), "topic": topic, "payload": dict(payload)}
    session.execute(_FEED, values)
