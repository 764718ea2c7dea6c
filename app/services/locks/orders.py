"""Orders."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Interval, and_, bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import ChannelName, OrderStatus
from app.domain.order_states import UNDECIDED
from app.models import Order, Shop
from app.services.orders.ours import OURS
from app.services.shop_orders.columns import IS_DECIDED, IS_SHOP_ORDER
from app.services.staff import employee_id, works_at

_ORDER = select(Order).where(Order.id == bindparam("order_id"), Order.user_id == bindparam("user_id"))
_OWN_ORDER = _ORDER.where(OURS).with_for_update(key_share=True).execution_options(populate_existing=True)


def own_order(session: Session, *, order_id: int, user_id: int) -> Order | None:
    """The user's own order from the supermarket, locked; None for a stranger's and for one of a vendor's shop."""
    return session.execute(_OWN_ORDER, {"order_id": order_id, "user_id": user_id}).scalar_one_or_none()


_STAFF_ORDER = (
    select(Order)
    .where(Order.id == bindparam("order_id"), OURS, Order.status.not_in(UNDECIDED), works_at(Order.stock_location_id))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def staff_order(session: Session, *, order_id: int, caller: Caller) -> Order | None:
    """A paid order of a branch the caller works at, locked; None for any other."""
    values = {"order_id": order_id, "employee_id": employee_id(caller)}
    return session.execute(_STAFF_ORDER, values).scalar_one_or_none()


_STAFF_ORDERS = (
    select(Order)
    .where(
        Order.id.in_(bindparam("order_ids", expanding=True)),
        OURS,
        Order.status.not_in(UNDECIDED),
        works_at(Order.stock_location_id),
    )
    .order_by(Order.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def staff_orders(session: Session, *, order_ids: Sequence[int], caller: Caller) -> Sequence[Order]:
    """Those of some orders that are paid and of a branch the caller works at, locked in the order of their ids."""
    values = {"order_ids": list(order_ids), "employee_id": employee_id(caller)}
    return session.execute(_STAFF_ORDERS, values).scalars().all()


_CONSUMER_ORDER = (
    _ORDER.where(Order.channel == ChannelName.MARKETPLACE)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
_VENDOR_ORDER = (
    select(Order)
    .join(Shop, Shop.id == Order.stock_location_id)
    .where(Order.id == bindparam("order_id"), IS_SHOP_ORDER, IS_DECIDED, Shop.owner_id == bindparam("owner_id"))
    .with_for_update(key_share=True, of=Order)
    .execution_options(populate_existing=True)
)


def consumer_order(session: Session, *, order_id: int, user_id: int) -> Order | None:
    """The user's own order from a vendor's shop, locked; None for a stranger's."""
    return session.execute(_CONSUMER_ORDER, {"order_id": order_id, "user_id": user_id}).scalar_one_or_none()


def vendor_order(session: Session, *, order_id: int, owner_id: int) -> Order | None:
    """A paid order, or one that is paid at the door, of the vendor's own shop, locked; None for any other."""
    return session.execute(_VENDOR_ORDER, {"order_id": order_id, "owner_id": owner_id}).scalar_one_or_none()


_MATURING = (
    select(Order)
    .where(Order.id == bindparam("order_id"), Order.matures_at <= func.now())
    .with_for_update(key_share=True, skip_locked=True)
    .execution_options(populate_existing=True)
)


def maturing_order(session: Session, *, order_id: int) -> Order | None:
    """An order whose earnings are due, locked; None when they are no more, or while somebody else works on it."""
    return session.execute(_MATURING, {"order_id": order_id}).scalar_one_or_none()


_OVERDUE = and_(
    Order.channel == ChannelName.MARKETPLACE,
    Order.status == OrderStatus.PENDING,
    Order.created_at < func.now() - bindparam("patience", type_=Interval),
)
_UNANSWERED = select(Order.id).where(_OVERDUE).order_by(func.random()).limit(bindparam("batch"))
_UNANSWERED_ORDER = (
    select(Order)
    .where(Order.id == bindparam("order_id"), _OVERDUE)
    .with_for_update(key_share=True, skip_locked=True)
    .execution_options(populate_existing=True)
)


def unanswered_orders(connection: Connection, *, patience: timedelta, batch: int) -> Sequence[int]:
    """The ids of some of the shops' orders that nobody answered for so long, in no fixed order, not locked."""
    return connection.execute(_UNANSWERED, {"patience": patience, "batch": batch}).scalars().all()


def unanswered_order(session: Session, *, order_id: int, patience: timedelta) -> Order | None:
    """One of them, locked; None when it was answered meanwhile, or while somebody else works on it."""
    return session.execute(_UNANSWERED_ORDER, {"order_id": order_id, "patience": patience}).scalar_one_or_none()


_SHOP_ORDER = (
    select(Order)
    .where(Order.id == bindparam("order_id"), Order.channel == ChannelName.MARKETPLACE, Order.status.not_in(UNDECIDED))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def shop_order(session: Session, *, order_id: int) -> Order | None:
    """Any decided order from a vendor's shop, for the office, locked."""
    return session.execute(_SHOP_ORDER, {"order_id": order_id}).scalar_one_or_none()
