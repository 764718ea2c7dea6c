"""What an order of a vendor's shop is read with: its row, and its parts as lists that the database builds."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal_column, null, or_, select
from sqlalchemy.orm import aliased

from app.domain.enums import ChannelName, OrderActionType, OrderSide, OrderStatus
from app.domain.order_states import UNDECIDED
from app.models import (
    Order,
    OrderAction,
    OrderItem,
    OrderModification,
    OrderModificationLine,
    OrderRating,
    OrderReturn,
    OrderReturnLine,
    Payment,
    Shop,
    StockLocation,
    User,
)
from app.services.orders.columns import as_json

IS_SHOP_ORDER = Order.channel == literal_column(f"'{ChannelName.MARKETPLACE}'")
_WAS_PLACED = exists().where(
    OrderAction.order_id == Order.id, OrderAction.action == literal_column(f"'{OrderActionType.ORDER_CREATED}'")
)
IS_DECIDED = and_(
    Order.status.not_in([literal_column(f"'{status}'") for status in sorted(UNDECIDED)]),
    or_(Order.status != literal_column(f"'{OrderStatus.CANCELED}'"), _WAS_PLACED),
)
"""An order that awaits its payment is not the vendor's business yet, nor is one that was given up before it came."""


def _listed(row: Any, order_by: Any) -> Any:
    return func.json_agg(row).aggregate_order_by(order_by)


def _parts(fields: dict[str, Any], key: Any, *, of: ColumnElement[bool], whole: Any) -> Any:
    """The rows that belong to one of `whole`, as a list in the order of `key`; null where there is none."""
    return select(_listed(as_json(fields), key)).where(of).correlate(whole).scalar_subquery()


_LINE = {
    "item_id": OrderItem.product_id,
    "name": OrderItem.name,
    "quantity": OrderItem.quantity,
    "unit": OrderItem.unit,
    "unit_price": OrderItem.unit_price,
    "subtotal": OrderItem.line_total,
    "image_url": OrderItem.image_url,
}
_LINES = _parts(_LINE, OrderItem.id, of=OrderItem.order_id == Order.id, whole=Order)

SHOP_ORDERS: Select[*tuple[Any, ...]] = (
    select(
        Order.id,
        Order.order_number,
        Order.user_id,
        Order.stock_location_id,
        Order.status,
        Order.payment_method,
        Order.total_amount,
        Order.final_total,
        Order.delivery_fee,
        Order.notes,
        Order.address,
        Order.created_at,
        Order.delivered_at,
        Order.wallet_paid,
        Order.wallet_refunded,
        StockLocation.name.label("shop_name"),
        Shop.shop_type,
        User.phone.label("customer_phone"),
        User.full_name.label("customer_name"),
        Payment.authorized_amount,
        Payment.captured_amount,
        (Payment.refunded_amount + Payment.refund_pending_amount).label("card_refunded"),
        _LINES.label("lines"),
    )
    .select_from(Order)
    .join(Shop, Shop.id == Order.stock_location_id)
    .join(StockLocation, StockLocation.id == Order.stock_location_id)
    .join(User, User.id == Order.user_id)
    .outerjoin(Payment, Payment.order_id == Order.id)
)
"""A row of a list, lines included."""


def side_of(user_id: Any) -> ColumnElement[str]:
    """Which side somebody is on, in a statement over `orders` and `shops`; null is nobody in person."""
    return case(
        (user_id == Order.user_id, literal_column(f"'{OrderSide.CONSUMER}'")),
        (user_id == Shop.owner_id, literal_column(f"'{OrderSide.VENDOR}'")),
        (user_id.is_(None), literal_column(f"'{OrderSide.SYSTEM}'")),
        else_=literal_column(f"'{OrderSide.OFFICE}'"),
    )


def phone_of_side(user_id: Any, phone: Any) -> ColumnElement[str | None]:
    """The phone of one of the two sides, in the same statement: the numbers of the office are not told."""
    return case((or_(user_id == Order.user_id, user_id == Shop.owner_id), phone), else_=null())


_ACTOR = aliased(User)
_EVENT = {
    "action": OrderAction.action,
    "status": OrderAction.status,
    "actor": side_of(OrderAction.actor_user_id),
    "actor_phone": phone_of_side(OrderAction.actor_user_id, _ACTOR.phone),
    "details": OrderAction.details,
    "timestamp": OrderAction.created_at,
}
_LOG = (
    select(_listed(as_json(_EVENT), OrderAction.id))
    .select_from(OrderAction)
    .outerjoin(_ACTOR, _ACTOR.id == OrderAction.actor_user_id)
    .where(OrderAction.order_id == Order.id)
    .correlate(Order, Shop)
    .scalar_subquery()
)
_MODIFIED_LINE = {
    "item_id": OrderModificationLine.product_id,
    "name": OrderModificationLine.name,
    "old_quantity": OrderModificationLine.old_quantity,
    "new_quantity": OrderModificationLine.new_quantity,
}
_MODIFIED_LINES = _parts(
    _MODIFIED_LINE,
    OrderModificationLine.id,
    of=OrderModificationLine.modification_id == OrderModification.id,
    whole=OrderModification,
)
_MODIFICATION = {
    "id": OrderModification.id,
    "old_total": OrderModification.old_total,
    "new_total": OrderModification.new_total,
    "created_at": OrderModification.created_at,
    "items": _MODIFIED_LINES,
}
_MODIFICATIONS = _parts(_MODIFICATION, OrderModification.id, of=OrderModification.order_id == Order.id, whole=Order)
_RETURNED_LINE = {
    "item_id": OrderItem.product_id,
    "name": OrderItem.name,
    "quantity": OrderReturnLine.quantity,
}
_RETURNED_LINES = (
    select(_listed(as_json(_RETURNED_LINE), OrderReturnLine.id))
    .join(OrderItem, OrderItem.id == OrderReturnLine.order_item_id)
    .where(OrderReturnLine.return_id == OrderReturn.id)
    .correlate(OrderReturn)
    .scalar_subquery()
)
_RETURN = {
    "id": OrderReturn.id,
    "reason": OrderReturn.reason,
    "status": OrderReturn.status,
    "photo_urls": OrderReturn.photo_urls,
    "decision_note": OrderReturn.decision_note,
    "refund_amount": OrderReturn.refund_amount,
    "created_at": OrderReturn.created_at,
    "decided_at": OrderReturn.decided_at,
    "items": _RETURNED_LINES,
}
_RETURNS = _parts(_RETURN, OrderReturn.id, of=OrderReturn.order_id == Order.id, whole=Order)
_RATING = {"rating": OrderRating.rating, "review": OrderRating.review, "created_at": OrderRating.created_at}

SHOP_ORDER_DETAIL: Select[*tuple[Any, ...]] = SHOP_ORDERS.add_columns(
    _LOG.label("log"),
    _MODIFICATIONS.label("modifications"),
    _RETURNS.label("returns"),
    case((OrderRating.order_id.is_not(None), as_json(_RATING))).label("rating"),
).outerjoin(OrderRating, and_(OrderRating.order_id == Order.id))
"""One order with everything that was done to it."""
