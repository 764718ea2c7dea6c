"""The orders of a branch as its staff see them: the queue, and one order with all it takes to pick it."""

from pydantic import Field

from app.domain.enums import (
    DeliveryOutcome,
    FulfillmentType,
    OrderStatus,
    PickedStatus,
    QueuePicker,
    SoldBy,
    SubstitutionPreference,
    SubstitutionStatus,
    Urgency,
)
from app.schemas.envelope import Answer, Instant, RowId
from app.schemas.moments import Since, Until
from app.schemas.money import Money, Number
from app.schemas.orders import OrderBranch, OrderDiscountLine, OrderPayment, OrderSlot
from app.schemas.pagination import Page


class QueueQuery(Page):
    """date_from and date_to are about when orders were made, as dates or instants, both included.

    The queue is read by offset: a cursor stands for one, and neither goes beyond 10,000. Older orders are found by
    narrowing the dates. With `picker` only orders in work are shown.
    """

    status: OrderStatus | None = None
    date_from: Since | None = None
    date_to: Until | None = None
    branch_id: RowId | None = None
    fulfillment_type: FulfillmentType | None = None
    picker: QueuePicker | None = None


class StaffPerson(Answer):
    id: int
    full_name: str


class StaffCustomer(Answer):
    full_name: str
    phone: str | None


class QueueLine(Answer):
    """One line in short: what it is and how far it is picked."""

    id: int
    product_id: int
    name: str
    sku: str
    unit: str
    image_url: str | None
    unit_price: Money
    quantity: int
    picked_status: PickedStatus
    picked_quantity: int | None


class QueueOrder(Answer):
    """An order in the queue. urgency_rank: minutes from today's midnight to the start of its delivery, 1440 without.

    `urgency` counts from now to when it is due: the start of the delivery, the end of the pickup window.
    """

    id: int
    order_id: int
    order_number: str = Field(examples=["ORD-1767225600-9F3A1C"])
    status: OrderStatus
    urgency_rank: int
    urgency: Urgency
    created_at: Instant
    fulfillment_type: FulfillmentType
    branch: OrderBranch
    customer_name: str
    customer: StaffCustomer
    delivery_slot: OrderSlot | None
    pickup_start: Instant | None
    pickup_end: Instant | None
    items_count: int
    items_pending: int
    items_summary: str = Field(examples=["Milk x2, Bread x1, Eggs x1 (+2 more)"])
    items: list[QueueLine]
    picker: StaffPerson | None
    claimed_at: Instant | None
    driver: StaffPerson | None
    batch_id: int | None
    currency: str
    total_amount: Money
    final_total: Money | None


class StaffProduct(Answer):
    """The product as it is on the shelf today; `category` is the name of its category."""

    name: str
    image_url: str | None
    bin_location: str | None
    description: str | None
    category: str


class StaffSubstitution(Answer):
    """What stands in for a line now."""

    id: int
    product_id: int
    name: str
    sku: str
    unit: str
    image_url: str | None
    bin_location: str | None
    sold_by: SoldBy
    unit_price: Money
    quantity: int
    line_total: Money
    unit_deposit: Money
    tax_rate: Number
    status: SubstitutionStatus


class StaffLine(QueueLine):
    """One line with all it takes to pick it."""

    sold_by: SoldBy
    price_per_kg: Money | None
    estimated_weight_grams: int | None
    age_limit: int | None
    line_total: Money
    discount_amount: Money
    unit_deposit: Money
    tax_rate: Number
    picked_weight_grams: int | None
    missing_quantity: int
    missing_reason: str | None
    final_total: Money | None
    substitution_preference: SubstitutionPreference
    preferred_product_id: int | None
    preferred_product_name: str | None
    product: StaffProduct
    substitution: StaffSubstitution | None


class DeliveryTry(Answer):
    """A driver at the door."""

    id: int
    outcome: DeliveryOutcome
    reason: str | None
    received_by: str | None
    photo_reference: str | None
    driver_name: str | None
    created_at: Instant


class OrderStep(Answer):
    """Something that happened to the order; `status` where it changed, `actor_name` where somebody did it."""

    action: str
    status: str | None
    actor_name: str | None
    created_at: Instant


class StaffOrder(QueueOrder):
    """An order with everything the staff need. The final amounts are those charged, from READY on."""

    address: str | None
    items: list[StaffLine]  # type: ignore[assignment]
    items_total: Money
    deposit_total: Money
    delivery_fee: Money
    discount_total: Money
    tax_total: Money
    final_items_total: Money | None
    final_deposit_total: Money | None
    final_discount_total: Money | None
    final_reduction: Money | None
    final_tax_total: Money | None
    discounts: list[OrderDiscountLine]
    payment: OrderPayment | None
    ready_at: Instant | None
    dispatched_at: Instant | None
    delivered_at: Instant | None
    delayed_from: OrderStatus | None
    canceled_at: Instant | None
    cancel_reason: str | None
    delivery_attempts: list[DeliveryTry]
    timeline: list[OrderStep]
