"""The log of a vendor's order, and telling both sides of what was done to it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderActionType
from app.domain.shop_order_states import shown
from app.models import Order, OrderAction, OrderMessage, Shop
from app.services import audit, outbox
from app.services.live.telling import tell

_OWNER = select(Shop.owner_id).where(Shop.id == bindparam("shop_id"))


def note(
    session: Session,
    order: Order,
    action: OrderActionType,
    *,
    by: Caller | None,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    details: str | None = None,
) -> None:
    """Write what was done to a locked order, in the state it has now, to log, audit trail and outbox; tell both sides.

    A step, the last of its transaction.
    """
    actor = by.user_id if by else None
    session.add(
        OrderAction(order_id=order.id, action=action, status=order.status, actor_user_id=actor, details=details)
    )
    session.flush()
    audit.record(
        session,
        entity_type="order",
        action=action.value.upper(),
        entity_id=order.id,
        by=by,
        old=dict(old) if old else None,
        new={"status": order.status, **(new or {})},
    )
    told = {"order_id": order.id, "action": action, "status": order.status, "actor_user_id": actor}
    outbox.publish(session, topic="shop_order.acted", aggregate=f"order:{order.id}", payload=told)
    tell_sides(session, order, "order.changed", {"action": action.value, "status": shown(order.status)})


def tell_sides(session: Session, order: Order, topic: str, payload: Mapping[str, Any]) -> None:
    """Put news about an order into the feeds of its consumer and its vendor. A step."""
    owner_id = session.execute(_OWNER, {"shop_id": order.stock_location_id}).scalar_one()
    tell(session, user_ids=[order.user_id, owner_id], topic=topic, payload={"order_id": order.id, **payload})


def say(session: Session, order: Order, body: str, *, by: Caller | None) -> None:
    """Put an automatic message into an order's talk. A step."""
    actor = by.user_id if by else None
    session.add(OrderMessage(order_id=order.id, sender_user_id=actor, body=body, is_automatic=True))
    session.flush()
