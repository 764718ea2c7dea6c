"""Orders of vendors' shops as their consumer, their vendor and the office read them."""

from typing import Annotated

from pydantic import StringConstraints

from app.domain.enums import OrderActionType, OrderSide, PaymentStatus, ReturnStatus
from app.schemas.envelope import Answer, Instant, Printable, RowId
from app.schemas.money import Money
from app.schemas.pagination import Page
from app.schemas.shop_words import PaymentMode, ShopOrderStatus


class ShopOrderQuery(Page):
    """A page of orders, newest first, of one status where given."""

    status: ShopOrderStatus | None = None


class AdminShopOrderQuery(ShopOrderQuery):
    """`q` is a part of the order number or of the consumer's phone number."""

    q: Annotated[Printable, StringConstraints(max_length=50)] | None = None
    shop_id: RowId | None = None


class ShopOrderLine(Answer):
    """One line; `item_id` is what changes and returns name it by. `subtotal` is `unit_price` times `quantity`."""

    item_id: int
    name: str
    quantity: int
    unit: str
    unit_price: Money
    subtotal: Money
    image_url: str | None


class ShopOrderTotals(Answer):
    """What lists and details share. `total_amount` is agreed; `final_amount` is another while a change awaits a yes.

    `item_count` counts the lines.
    """

    order_id: int
    order_number: str
    shop_id: int
    shop_name: str
    status: ShopOrderStatus
    payment_mode: PaymentMode
    payment_status: PaymentStatus
    total_amount: Money
    final_amount: Money
    delivery_fee: Money
    delivery_notes: str | None
    address: str | None
    created_at: Instant
    delivered_at: Instant | None
    item_count: int
    items: list[ShopOrderLine]


class ConsumerShopOrder(ShopOrderTotals):
    """An order of one's own."""

    shop_type: str


class VendorShopOrder(ShopOrderTotals):
    """An order of one's shop; `customer` is the consumer's phone number."""

    customer: str | None
    customer_name: str


class AdminShopOrder(VendorShopOrder):
    """An order as the office sees it; `id` is `order_id`."""

    id: int
    customer_id: int


class ShopOrderEvent(Answer):
    """One thing done to the order and the state it left it in. The phone is told of consumer and vendor only."""

    action: OrderActionType
    status: ShopOrderStatus
    actor: OrderSide
    actor_phone: str | None
    details: str | None
    timestamp: Instant


class ModifiedLine(Answer):
    item_id: int
    name: str
    old_quantity: int
    new_quantity: int


class ShopOrderModification(Answer):
    """What the vendor changed; `pending` while the consumer has not confirmed it."""

    id: int
    old_total: Money
    new_total: Money
    pending: bool
    created_at: Instant
    items: list[ModifiedLine]


class ReturnedLine(Answer):
    item_id: int
    name: str
    quantity: int


class ShopOrderReturn(Answer):
    """Goods on their way back; `refund_amount` is known once it is completed."""

    id: int
    reason: str
    status: ReturnStatus
    photo_urls: list[str]
    decision_note: str | None
    refund_amount: Money | None
    created_at: Instant
    decided_at: Instant | None
    items: list[ReturnedLine]


class ShopOrderPayment(Answer):
    """What was paid so far and what went back; cash counts as paid once it is handed over."""

    mode: PaymentMode
    status: PaymentStatus
    paid: Money
    refunded: Money


class ShopOrderRating(Answer):
    rating: int
    review: str
    created_at: Instant


class ShopOrderParts(Answer):
    """What a detail has beyond a row of a list; all lists oldest first."""

    payment: ShopOrderPayment
    status_log: list[ShopOrderEvent]
    modifications: list[ShopOrderModification]
    returns: list[ShopOrderReturn]
    rating: ShopOrderRating | None


class ConsumerShopOrderDetail(ConsumerShopOrder, ShopOrderParts):
    """An order of one's own in full."""


class VendorShopOrderDetail(VendorShopOrder, ShopOrderParts):
    """An order of one's shop in full."""


class AdminShopOrderDetail(AdminShopOrder, ShopOrderParts):
    """An order in full, as the office sees it."""
