"""Orders as their owner sees them."""

from datetime import date

from pydantic import Field

from app.domain.enums import (
    DiscountKind,
    FulfillmentType,
    OrderStatus,
    PaymentProvider,
    PickedStatus,
    SoldBy,
    SubstitutionPreference,
    SubstitutionStatus,
)
from app.schemas.branches import ClockTime
from app.schemas.carts import CartAnswer, LeftOutLine
from app.schemas.envelope import Answer, Instant
from app.schemas.money import Money, Number
from app.schemas.pagination import ClampedPage


class OrderQuery(ClampedPage):
    """A page of the caller's orders, newest first, of one status where given."""

    status: OrderStatus | None = None


class OrderSubstitution(Answer):
    """Another product in place of a line; its owner may take or refuse it while `may_decide`."""

    id: int
    product_id: int
    name: str
    sku: str
    image_url: str | None
    quantity: int
    unit_price: Money
    line_total: Money
    unit_deposit: Money
    tax_rate: Number
    status: SubstitutionStatus
    may_decide: bool


class OrderLine(Answer):
    """One line, frozen at checkout, and what was picked for it.

    A weighed line names its price per kilogram and estimated weight in grams. `missing`: it could not be had and is not
    charged; `final_total` is what is charged for it, known once the order is READY.
    """

    id: int
    product_id: int
    name: str
    sku: str
    unit: str
    image_url: str | None
    sold_by: SoldBy
    price_per_kg: Money | None
    estimated_weight_grams: int | None
    unit_price: Money
    quantity: int
    line_total: Money
    unit_deposit: Money
    tax_rate: Number
    discount_amount: Money
    substitution_preference: SubstitutionPreference
    picked_status: PickedStatus
    picked_quantity: int | None
    picked_weight_grams: int | None
    missing: bool
    final_total: Money | None
    replacement_name: str | None
    substitution: OrderSubstitution | None


class OrderDeposit(Answer):
    """The deposit on the bottles of one line, given back with the bottles."""

    name: str
    quantity: int
    unit_deposit: Money
    total: Money


class OrderDiscountLine(Answer):
    """What a coupon takes off; `final_amount` is known once the order is READY."""

    kind: DiscountKind
    code: str
    description: str
    amount: Money
    final_amount: Money | None


class OrderTax(Answer):
    """How much tax is inside the amounts of one rate (percent)."""

    rate: Number
    gross: Money
    tax: Money


class OrderSlot(Answer):
    """The booked window in the shop's time zone."""

    id: int
    date: date
    start_time: ClockTime
    end_time: ClockTime


class OrderPayment(Answer):
    """What was asked of the card and what became of it; `last4` are the last digits of the card, where known."""

    reference: str
    provider: PaymentProvider
    last4: str | None
    authorized_amount: Money
    captured_amount: Money
    refunded_amount: Money


class OrderBranch(Answer):
    """Where the order is packed, and where a pickup waits."""

    id: int
    name: str
    address: str


class OrderAnswer(Answer):
    """An order. total_amount = items_total + deposit_total + delivery_fee - discount_total; tax is inside.

    Once it is READY the final amounts say what is charged: final_total = final_items_total + final_deposit_total +
    delivery_fee - final_discount_total - final_reduction, and deposits and tax_table follow them. final_reduction is
    what the picked goods cost beyond the authorized amount; the customer does not pay it.
    """

    id: int
    order_number: str = Field(examples=["ORD-1767225600-9F3A1C"])
    status: OrderStatus
    fulfillment_type: FulfillmentType
    created_at: Instant
    currency: str
    items_count: int
    items_total: Money
    deposit_total: Money
    delivery_fee: Money
    discount_total: Money
    tax_total: Money
    total_amount: Money
    final_items_total: Money | None
    final_deposit_total: Money | None
    final_discount_total: Money | None
    final_reduction: Money | None
    final_tax_total: Money | None
    final_total: Money | None
    customer_name: str
    customer_phone: str | None
    address: str | None
    branch: OrderBranch
    delivery_slot: OrderSlot | None
    pickup_start: Instant | None
    pickup_end: Instant | None
    pay_deadline: Instant | None
    delivered_at: Instant | None
    driver_name: str | None
    canceled_at: Instant | None
    cancel_reason: str | None
    payment: OrderPayment | None
    items: list[OrderLine]
    discounts: list[OrderDiscountLine]
    deposits: list[OrderDeposit]
    tax_table: list[OrderTax]


class Reordered(Answer):
    """The cart after an order was put into it again; `left_out` names what could not be had and why."""

    cart: CartAnswer
    left_out: list[LeftOutLine]
