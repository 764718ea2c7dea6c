"""Orders and their lines: snapshots taken at checkout, never re-priced."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import ChannelName, FulfillmentType, OrderStatus, PickedStatus, SoldBy
from app.models.base import Base, Id, Instant, Money, Percent, Timestamped
from app.models.enums import stored


class Order(Timestamped, Base):
    """Made by checkout from one cart and one stock location. Amounts include tax; `tax_total` says how much."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("cart_id", "stock_location_id"),
        CheckConstraint(
            "total_amount = items_total + deposit_total + delivery_fee - discount_total", name="total_adds_up"
        ),
        CheckConstraint("items_total >= 0", name="items_total_not_negative"),
        CheckConstraint("deposit_total >= 0", name="deposit_total_not_negative"),
        CheckConstraint("delivery_fee >= 0", name="delivery_fee_not_negative"),
        CheckConstraint("discount_total >= 0", name="discount_total_not_negative"),
        CheckConstraint("total_amount >= 0", name="total_amount_not_negative"),
        CheckConstraint("tax_total BETWEEN 0 AND total_amount", name="tax_within_total"),
        CheckConstraint("status <> 'PENDING_PAYMENT' OR pay_deadline IS NOT NULL", name="pending_has_deadline"),
        CheckConstraint("(status = 'CANCELED') = (canceled_at IS NOT NULL)", name="canceled_has_time"),
        CheckConstraint("slot_start < slot_end", name="slot_starts_before_end"),
        Index("ix_orders_user_id_id", "user_id", text("id DESC")),
        Index("ix_orders_status_id", "status", "id"),
    )

    id: Mapped[Id]
    order_number: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="RESTRICT"))
    channel: Mapped[ChannelName] = mapped_column(stored(ChannelName, "channel"))
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    status: Mapped[OrderStatus] = mapped_column(stored(OrderStatus, "status"))
    fulfillment_type: Mapped[FulfillmentType] = mapped_column(stored(FulfillmentType, "fulfillment_type"))
    currency: Mapped[str] = mapped_column(String(3))
    items_total: Mapped[Money]
    deposit_total: Mapped[Money] = mapped_column(server_default=text("0"))
    delivery_fee: Mapped[Money] = mapped_column(server_default=text("0"))
    delivery_tax_rate: Mapped[Percent] = mapped_column(server_default=text("0"))
    discount_total: Mapped[Money] = mapped_column(server_default=text("0"))
    tax_total: Mapped[Money]
    total_amount: Mapped[Money]
    address: Mapped[str | None] = mapped_column(Text)
    delivery_slot_id: Mapped[int | None] = mapped_column(ForeignKey("delivery_slots.id", ondelete="RESTRICT"))
    slot_start: Mapped[Instant | None]
    slot_end: Mapped[Instant | None]
    pay_deadline: Mapped[Instant | None]
    canceled_at: Mapped[Instant | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(64))


class OrderItem(Base):
    """One line: name, price and tax frozen at checkout. `quantity` counts pieces; weight is estimated until picked."""

    __tablename__ = "order_items"
    __table_args__ = (
        UniqueConstraint("order_id", "product_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("line_total = unit_price * quantity", name="line_total_adds_up"),
        CheckConstraint("unit_deposit >= 0", name="unit_deposit_not_negative"),
        CheckConstraint("tax_amount BETWEEN 0 AND line_total", name="tax_within_line"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    sku: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(32))
    image_url: Mapped[str | None] = mapped_column(Text)
    sold_by: Mapped[SoldBy] = mapped_column(stored(SoldBy, "sold_by"))
    price_per_kg: Mapped[Money | None]
    estimated_weight_grams: Mapped[int | None]
    age_limit: Mapped[int | None] = mapped_column(SmallInteger)
    unit_price: Mapped[Money]
    quantity: Mapped[int]
    line_total: Mapped[Money]
    unit_deposit: Mapped[Money] = mapped_column(server_default=text("0"))
    tax_rate: Mapped[Percent]
    tax_amount: Mapped[Money]
    picked_status: Mapped[PickedStatus] = mapped_column(
        stored(PickedStatus, "picked_status"), server_default=PickedStatus.PENDING.value
    )
