"""Telling a shopper's app that something about the trolley changed."""

from typing import Any

from sqlalchemy.orm import Session

from app.models import CartSession
from app.services.live.telling import tell

TOPIC = "cart.changed"


def changed(session: Session, opened: CartSession) -> None:
    """Tell the shopper of a session as it is now, once for all that a transaction changed. A step, its last.

    It stands apart from the changes because it holds back the shopper's other news: between two changes of a batch it
    would be held while stock is still to be locked.
    """
    session.flush()
    if opened.user_id is None:
        return
    tell(session, user_ids=[opened.user_id], topic=TOPIC, payload=payload(opened))


def payload(opened: CartSession) -> dict[str, Any]:
    """What a shopper's app is told of a session."""
    return {
        "cart_id": opened.cart_id,
        "session_id": opened.id,
        "trolley": opened.trolley_id,
        "state": opened.state,
        "version": opened.version,
        "order_id": opened.order_id,
        "outcome": opened.outcome,
    }
