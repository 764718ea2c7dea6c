"""Telling users of what just happened, in the transaction in which it happens."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import LiveEvent
from app.services import locks


def tell(session: Session, *, user_ids: Collection[int], topic: str, payload: Mapping[str, Any]) -> None:
    """Put news into the feeds of users. A step, the last of its transaction: it holds back their other news."""
    if not user_ids:
        return
    locks.live_feed(session, user_ids=user_ids)
    rows = [{"user_id": user_id, "topic": topic, "payload": dict(payload)} for user_id in sorted(set(user_ids))]
    session.execute(insert(LiveEvent), rows)
