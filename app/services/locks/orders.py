"""Orders."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Order

_ORDER = select(Order).where(Order.id == bindparam("order_id"), Order.user_id == bindparam("user_id"))
_OWN_ORDER = _ORDER.with_for_update(key_share=True).execution_options(populate_existing=True)


def own_order(session: Session, *, order_id: int, user_id: int) -> Order | None:
    """The user's own order, locked; None for a stranger's."""
    return session.execute(_OWN_ORDER, {"order_id": order_id, "user_id": user_id}).scalar_one_or_none()
