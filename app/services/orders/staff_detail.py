"""One order with everything the staff need to pick, hand over and account for it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import and_, bindparam, case, func, select
from sqlalchemy.orm import aliased

from app.domain.caller import Caller
from app.domain.order_states import UNDECIDED
from app.domain.picking import LIVE
from app.models import (
    AuditEvent,
    Category,
    DeliveryAttempt,
    Order,
    OrderItem,
    Payment,
    PaymentToken,
    Product,
    Substitution,
    User,
)
from app.models.base import AnyRow
from app.schemas.envelope import DEFERRED
from app.schemas.picking_queue import (
    DeliveryTry,
    OrderStep,
    StaffLine,
    StaffOrder,
    StaffSubstitution,
)
from app.services.orders import cards, shown
from app.services.orders.columns import DISCOUNTS, as_json
from app.services.orders.finding import StaffOrderNotFound
from app.services.orders.ours import OURS
from app.services.staff import employee_id, works_at
from app.transaction import reading

_PREFERRED, _SUBSTITUTE, _ACTOR = aliased(Product), aliased(Product), aliased(User)


def detail(*, order_id: int, caller: Caller) -> StaffOrder:
    """A paid order of a branch the caller works at (one statement). Raises StaffOrderNotFound."""
    values = {"order_id": order_id, "employee_id": employee_id(caller)}
    with reading() as connection:
        row = connection.execute(_DETAIL, values).one_or_none()
    if row is None:
        raise StaffOrderNotFound
    return _order(row, datetime.now(UTC))


def _named(table: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """Those columns of a table that an answer names."""
    return {name: table.c[name] for name in names if name in table.c}


_PRODUCT = {
    "name": Product.name,
    "image_url": Product.image_urls[1],
    "bin_location": Product.bin_location,
    "description": Product.description,
    "category": Category.name,
}
_SUBSTITUTION = _named(Substitution.__table__, StaffSubstitution.model_fields) | {
    "bin_location": _SUBSTITUTE.bin_location,
}
_LINE = _named(OrderItem.__table__, StaffLine.model_fields) | {
    "preferred_product_name": _PREFERRED.name,
    "product": as_json(_PRODUCT),
    "substitution": case((Substitution.id.is_not(None), as_json(_SUBSTITUTION))),
}
_LINES = (
    select(func.json_agg(as_json(_LINE)).aggregate_order_by(OrderItem.id))
    .select_from(OrderItem)
    .join(Product, Product.id == OrderItem.product_id)
    .join(Category, Category.id == Product.category_id)
    .outerjoin(_PREFERRED, _PREFERRED.id == OrderItem.preferred_product_id)
    .outerjoin(Substitution, and_(Substitution.order_item_id == OrderItem.id, Substitution.status.in_(LIVE)))
    .outerjoin(_SUBSTITUTE, _SUBSTITUTE.id == Substitution.product_id)
    .where(OrderItem.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
)
_TRY = _named(DeliveryAttempt.__table__, DeliveryTry.model_fields) | {"driver_name": _ACTOR.full_name}
_TRIES = (
    select(func.json_agg(as_json(_TRY)).aggregate_order_by(DeliveryAttempt.id))
    .select_from(DeliveryAttempt)
    .outerjoin(_ACTOR, _ACTOR.id == DeliveryAttempt.actor_user_id)
    .where(DeliveryAttempt.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
)
_STEP = {
    "action": AuditEvent.action,
    "status": AuditEvent.new_value["status"].astext,
    "actor_name": _ACTOR.full_name,
    "created_at": AuditEvent.created_at,
}
_STEPS = (
    select(func.json_agg(as_json(_STEP)).aggregate_order_by(AuditEvent.id))
    .select_from(AuditEvent)
    .outerjoin(_ACTOR, _ACTOR.id == AuditEvent.actor_user_id)
    .where(AuditEvent.entity_type == "order", AuditEvent.entity_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
)
_DETAIL = (
    cards.CARDS.add_columns(
        _LINES.label("lines"),
        DISCOUNTS.label("discounts"),
        _TRIES.label("tries"),
        _STEPS.label("steps"),
        Payment.reference,
        Payment.provider,
        Payment.authorized_amount,
        Payment.captured_amount,
        Payment.refunded_amount,
        PaymentToken.last4,
    )
    .outerjoin(Payment, Payment.order_id == Order.id)
    .outerjoin(PaymentToken, PaymentToken.id == Payment.payment_token_id)
    .where(Order.id == bindparam("order_id"), OURS, Order.status.not_in(UNDECIDED), works_at(Order.stock_location_id))
)

_LINES_OF_JSON = TypeAdapter(list[StaffLine], config=DEFERRED)
_TRIES_OF_JSON = TypeAdapter(list[DeliveryTry], config=DEFERRED)
_STEPS_OF_JSON = TypeAdapter(list[OrderStep], config=DEFERRED)
_PLAIN = tuple(name for name in StaffOrder.model_fields if name in Order.__table__.c)


def _order(row: AnyRow, now: datetime) -> StaffOrder:
    lines = _LINES_OF_JSON.validate_python(row.lines or [])
    made = {
        **{name: row._mapping[name] for name in _PLAIN},
        **cards.fields(row, lines, now),
        "discounts": [shown.discount(values) for values in row.discounts or ()],
        "payment": shown.payment(row),
        "delivery_attempts": _TRIES_OF_JSON.validate_python(row.tries or []),
        "timeline": _STEPS_OF_JSON.validate_python(row.steps or []),
    }
    return StaffOrder.model_construct(**made)
