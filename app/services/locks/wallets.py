"""Payments into wallets, and payments out of vendors' accounts."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import BigInteger, bindparam, select, text
from sqlalchemy.orm import Session

from app.models import Payout, TopUp

_TOP_UP = (
    select(TopUp)
    .where(TopUp.id == bindparam("top_up_id", type_=BigInteger))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def top_up(session: Session, *, top_up_id: int) -> TopUp:
    """A payment into a wallet that is known to be there, locked."""
    return session.execute(_TOP_UP, {"top_up_id": top_up_id}).scalar_one()


_DUE_TOP_UP = text("""
    WITH due AS (
        SELECT id FROM top_ups WHERE state IN ('created', 'authorized') AND next_at <= now()
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE top_ups
    SET attempts = attempts + 1,
        next_at = now() + (CAST(:pauses AS interval[]))[least(attempts + 1, cardinality(CAST(:pauses AS interval[])))]
    FROM due WHERE top_ups.id = due.id
    RETURNING top_ups.id
""")


def lease_top_up(session: Session, *, pauses: Sequence[timedelta]) -> int | None:
    """Take on the payment into a wallet due first, pushing its next try back by the pause of its attempt.

    Rows that another sweeper holds are skipped, so any number of sweepers may run (one statement).
    """
    return session.execute(_DUE_TOP_UP, {"pauses": list(pauses)}).scalar_one_or_none()


_PAYOUT = (
    select(Payout)
    .where(Payout.id == bindparam("payout_id", type_=BigInteger))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def payout(session: Session, *, payout_id: int) -> Payout | None:
    """A payout, locked."""
    return session.execute(_PAYOUT, {"payout_id": payout_id}).scalar_one_or_none()
