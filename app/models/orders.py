"""Orders and their lines: snapshots taken at checkout, never re-priced."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import (
    ChannelName,
    DiscountKind,
    FulfillmentType,
    OrderStatus,
    PaymentMethod,
    PickedStatus,
    SoldBy,
    SubstitutionPreference,
)
from app.models.base import Base, Id, Instant, Money, Percent, Timestamped
from app.models.enums import stored

_IN_WORK = text("status IN ('CREATED', 'IN_PROGRESS', 'MISSING', 'READY', 'OUT_FOR_DELIVERY', 'DELAYED')")
"""What the staff's queue shows first; the orders of the past are not in this index."""


class Order(Timestamped, Base):
    """Made by checkout from one cart and one stock location. Amounts include tax; `tax_total` says how much.

    The totals are those of the checkout. The `final_*` amounts are set once, when the order is READY: what was picked
    and is charged. `final_reduction` is what went beyond the authorization and is given to the customer.

    An order of a vendor's shop has `final_*` amounts while its consumer has yet to confirm what the vendor changed;
    confirming makes them the totals. `wallet_paid` came out of a wallet, `wallet_refunded` went back into it.
    `commission` is the house's part of what was earned, `matures_at` when the vendor may have the rest: null before
    the delivery and once they have it.
    """

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
        CheckConstraint(
            "final_total = final_items_total + final_deposit_total + delivery_fee - final_discount_total"
            " - final_reduction",
            name="final_total_adds_up",
        ),
        CheckConstraint(
            "num_nulls(final_items_total, final_deposit_total, final_discount_total, final_reduction,"
            " final_tax_total, final_total) IN (0, 6)",
            name="final_all_or_nothing",
        ),
        CheckConstraint("final_items_total >= 0", name="final_items_total_not_negative"),
        CheckConstraint("final_deposit_total >= 0", name="final_deposit_total_not_negative"),
        CheckConstraint("final_discount_total >= 0", name="final_discount_total_not_negative"),
        CheckConstraint("final_reduction >= 0", name="final_reduction_not_negative"),
        CheckConstraint("final_total >= 0", name="final_total_not_negative"),
        CheckConstraint("final_tax_total BETWEEN 0 AND final_total", name="final_tax_within_total"),
        CheckConstraint(
            "channel = 'MARKETPLACE' OR (ready_at IS NULL) = (final_total IS NULL)", name="ready_has_final_total"
        ),
        CheckConstraint(
            "channel = 'MARKETPLACE' OR status NOT IN ('READY', 'OUT_FOR_DELIVERY', 'DELIVERED')"
            " OR ready_at IS NOT NULL",
            name="packed_has_time",
        ),
        CheckConstraint(
            "(status IN ('DELIVERED', 'RETURN_ACCEPTED', 'RETURN_COMPLETED')) = (delivered_at IS NOT NULL)",
            name="delivered_has_time",
        ),
        CheckConstraint("wallet_refunded BETWEEN 0 AND wallet_paid", name="wallet_refunded_within_paid"),
        CheckConstraint("payment_method = 'WALLET' OR wallet_paid = 0", name="only_wallets_pay_so"),
        CheckConstraint("commission BETWEEN 0 AND total_amount", name="commission_within_total"),
        CheckConstraint("(status = 'DELAYED') = (delayed_from IS NOT NULL)", name="delayed_knows_from_where"),
        Index("ix_orders_user_id_id", "user_id", text("id DESC")),
        Index("ix_orders_open", "stock_location_id", "slot_start", postgresql_where=_IN_WORK),
        Index("ix_orders_delivered_at", "delivered_at", postgresql_where=text("delivered_at IS NOT NULL")),
        Index("ix_orders_driver_id", "driver_id", postgresql_where=text("driver_id IS NOT NULL")),
        Index("ix_orders_unanswered", "created_at", postgresql_where=text("status = 'PENDING'")),
        Index("ix_orders_maturing", "matures_at", postgresql_where=text("matures_at IS NOT NULL")),
        Index("ix_orders_batch_id", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
        Index("ix_orders_status_id", "status", "id"),
        Index(
            "ix_orders_place",
            "stock_location_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_include=["status", "fulfillment_type"],
        ),
    )

    id: Mapped[Id]
    order_number: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="RESTRICT"))
    channel: Mapped[ChannelName] = mapped_column(stored(ChannelName, "channel"))
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    status: Mapped[OrderStatus] = mapped_column(stored(OrderStatus, "status"))
    fulfillment_type: Mapped[FulfillmentType] = mapped_column(stored(FulfillmentType, "fulfillment_type"))
    payment_method: Mapped[PaymentMethod] = mapped_column(
        stored(PaymentMethod, "payment_method"), server_default=PaymentMethod.CARD.value
    )
    currency: Mapped[str] = mapped_column(String(3))
    items_total: Mapped[Money]
    deposit_total: Mapped[Money] = mapped_column(server_default=text("0"))
    delivery_fee: Mapped[Money] = mapped_column(server_default=text("0"))
    delivery_tax_rate: Mapped[Percent] = mapped_column(server_default=text("0"))
    discount_total: Mapped[Money] = mapped_column(server_default=text("0"))
    tax_total: Mapped[Money]
    total_amount: Mapped[Money]
    wallet_paid: Mapped[Money] = mapped_column(server_default=text("0"))
    wallet_refunded: Mapped[Money] = mapped_column(server_default=text("0"))
    commission: Mapped[Money] = mapped_column(server_default=text("0"))
    matures_at: Mapped[Instant | None]
    notes: Mapped[str | None] = mapped_column(String(500))
    address: Mapped[str | None] = mapped_column(Text)
    delivery_slot_id: Mapped[int | None] = mapped_column(ForeignKey("delivery_slots.id", ondelete="RESTRICT"))
    slot_start: Mapped[Instant | None]
    slot_end: Mapped[Instant | None]
    pay_deadline: Mapped[Instant | None]
    canceled_at: Mapped[Instant | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(64))
    picker_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    claimed_at: Mapped[Instant | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("pick_batches.id", ondelete="SET NULL"))
    ready_at: Mapped[Instant | None]
    driver_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    dispatched_at: Mapped[Instant | None]
    delivered_at: Mapped[Instant | None]
    delayed_from: Mapped[OrderStatus | None] = mapped_column(stored(OrderStatus, "delayed_from"))
    final_items_total: Mapped[Money | None]
    final_deposit_total: Mapped[Money | None]
    final_discount_total: Mapped[Money | None]
    final_reduction: Mapped[Money | None]
    final_tax_total: Mapped[Money | None]
    final_total: Mapped[Money | None]


class OrderItem(Base):
    """One line: name, price and tax frozen at checkout. `quantity` counts pieces; weight is estimated until picked.

    `held_quantity` are the pieces of `inventory.reserved_quantity` that belong to this line now: none once it is
    missing, cancelled or handed over. `missing_quantity` were not on the shelf and are written off. The `final_*`
    amounts are what the line costs as picked.
    """

    __tablename__ = "order_items"
    __table_args__ = (
        UniqueConstraint("order_id", "product_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("line_total = unit_price * quantity", name="line_total_adds_up"),
        CheckConstraint("unit_deposit >= 0", name="unit_deposit_not_negative"),
        CheckConstraint("tax_amount BETWEEN 0 AND line_total", name="tax_within_line"),
        CheckConstraint("discount_amount BETWEEN 0 AND line_total", name="discount_within_line"),
        CheckConstraint("held_quantity >= 0", name="held_not_negative"),
        CheckConstraint("missing_quantity >= 0", name="missing_not_negative"),
        CheckConstraint("picked_quantity BETWEEN 0 AND quantity", name="picked_within_ordered"),
        CheckConstraint("picked_weight_grams > 0", name="picked_weight_positive"),
        CheckConstraint("(picked_status = 'PICKED') = (picked_quantity IS NOT NULL)", name="picked_has_quantity"),
        CheckConstraint("final_total >= 0", name="final_total_not_negative"),
        CheckConstraint("final_tax_amount BETWEEN 0 AND final_total", name="final_tax_within_line"),
        CheckConstraint(
            "(substitution_preference = 'THIS_PRODUCT') = (preferred_product_id IS NOT NULL)",
            name="this_product_is_named",
        ),
        Index("ix_order_items_held", "product_id", postgresql_where=text("held_quantity > 0")),
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
    discount_amount: Mapped[Money] = mapped_column(server_default=text("0"))
    substitution_preference: Mapped[SubstitutionPreference] = mapped_column(
        stored(SubstitutionPreference, "substitution_preference"),
        server_default=SubstitutionPreference.BEST_MATCH.value,
    )
    preferred_product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    held_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    missing_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    missing_reason: Mapped[str | None] = mapped_column(String(256))
    picked_quantity: Mapped[int | None]
    picked_weight_grams: Mapped[int | None]
    final_total: Mapped[Money | None]
    final_tax_amount: Mapped[Money | None]


class OrderDiscount(Base):
    """One discount of an order, shown as a line of its own; `value` is percent or money as `kind` says.

    `released_at` is set when the order is cancelled and the coupon's use is given back.
    """

    __tablename__ = "order_discounts"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        UniqueConstraint("order_id", "coupon_id"),
        Index("ix_order_discounts_coupon_id", "coupon_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupons.id", ondelete="RESTRICT"))
    code: Mapped[str] = mapped_column(String(32))
    description: Mapped[str] = mapped_column(String(200))
    kind: Mapped[DiscountKind] = mapped_column(stored(DiscountKind, "kind"))
    value: Mapped[Money]
    max_discount: Mapped[Money | None]
    amount: Mapped[Money]
    final_amount: Mapped[Money | None]
    released_at: Mapped[Instant | None]
