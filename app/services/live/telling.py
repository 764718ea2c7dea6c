"""Telling users of what just happened, in the transaction in which it happens."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.services import locks


def tell(session: Session, *, user_ids: Collection[int], topic: str, payload: Mapping[str, Any]) -> None:
    """Put news into the feeds of users. A step, the last of its transaction: it holds back their other news."""
    if user_ids:
        locks.live_feed(session, user_ids=user_ids, topic=topic, payload=payload)
