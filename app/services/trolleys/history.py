"""What a shopper has bought with trolleys."""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.domain.amounts import to_cents
from app.domain.caller import Caller
from app.domain.enums import ChannelName, OrderStatus
from app.domain.order_states import UNDECIDED
from app.models import Order, OrderItem
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page
from app.schemas.trolleys import BoughtBasket, BoughtLine
from app.services.orders.columns import as_json
from app.services.pages import newest_first

_NOT_BOUGHT = (*UNDECIDED, OrderStatus.CANCELED)
_FIELDS = {
    "product_id": OrderItem.product_id,
    "product_name": OrderItem.name,
    "quantity": OrderItem.quantity,
    "unit_price": OrderItem.unit_price,
    "discount_amount": OrderItem.discount_amount,
}
_LINES = (
    select(func.json_agg(aggregate_order_by(as_json(_FIELDS), OrderItem.id)))
    .where(OrderItem.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
)
_BOUGHT: Select[Any] = select(
    Order.id,
    Order.order_number,
    Order.user_id,
    (Order.items_total + Order.deposit_total).label("total_price"),
    Order.total_amount,
    Order.created_at,
    _LINES.label("lines"),
).where(
    Order.user_id == bindparam("user_id", type_=BigInteger),
    Order.channel == ChannelName.IN_STORE,
    Order.status.not_in(_NOT_BOUGHT),
)


def show(page: Page, caller: Caller) -> tuple[list[BoughtBasket], PageMeta]:
    """A page of the caller's paid trolleys with what was in them, newest first, in one statement."""
    rows, meta = newest_first(_BOUGHT, Order.id, page, {"user_id": caller.user_id})
    return [_basket(row) for row in rows], meta


def _basket(row: Any) -> BoughtBasket:
    return BoughtBasket(
        order_id=row.id,
        order_number=row.order_number,
        user_id=row.user_id,
        total_products=sum(line["quantity"] for line in row.lines),
        total_price=row.total_price,
        discounted_price=row.total_amount,
        created_at=row.created_at,
        items=[_line(line) for line in row.lines],
    )


def _line(line: dict[str, Any]) -> BoughtLine:
    price, off = Decimal(line["unit_price"]), Decimal(line["discount_amount"])
    return BoughtLine(
        product_id=line["product_id"],
        product_name=line["product_name"],
        quantity=line["quantity"],
        price=price,
        discounted_price=to_cents(price - off / line["quantity"]) if off else None,
    )
