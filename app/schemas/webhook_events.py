"""What integrators are sent: the stable shape of every event's `data`, and the envelope around it.

Fields may be added under one API version, and enums may learn words; no field changes its meaning or goes away.
No name, address, phone number or other text of a person stands in any of them.
"""

from typing import Any

from pydantic import Field

from app.domain.enums import ChannelName, FulfillmentType, OrderStatus, PaymentMethod, PayoutState
from app.domain.webhooks import EVENTS, PING
from app.schemas.envelope import Answer, Instant
from app.schemas.money import Money


class OrderEventData(Answer):
    """An order as it stood when the message was made, which may be a little after what the event tells of.

    `branch_id` is set for the supermarket's orders, `shop_id` for those of a vendor. Amounts include tax; `final_total`
    is what was picked and is charged, null until then. `refunded` is everything given back so far.
    """

    order_id: int
    order_number: str
    customer_id: int
    channel: ChannelName
    branch_id: int | None
    shop_id: int | None
    status: OrderStatus
    fulfillment_type: FulfillmentType
    payment_method: PaymentMethod
    currency: str = Field(examples=["ILS"])
    items_total: Money
    deposit_total: Money
    delivery_fee: Money
    discount_total: Money
    tax_total: Money
    total_amount: Money
    final_total: Money | None
    refunded: Money
    cancel_reason: str | None
    slot_start: Instant | None
    slot_end: Instant | None
    placed_at: Instant


class PayoutEventData(Answer):
    """A payout of a vendor's money, in the state the event tells of."""

    payout_id: int
    shop_id: int
    amount: Money
    currency: str = Field(examples=["ILS"])
    status: PayoutState


class PingEventData(Answer):
    """A try of the line."""

    endpoint_id: int


EventData = OrderEventData | PayoutEventData | PingEventData


class WebhookMessage(Answer):
    """The body of every message. `id` is the same on every try and in a replay: take one that you know as done."""

    id: str = Field(examples=["evt_1742"], pattern="^evt_[1-9][0-9]*$")
    type: str = Field(examples=["order.confirmed"])
    created_at: Instant
    api_version: str = Field(examples=["2026-11-01"])
    data: dict[str, Any]


_OF_FAMILY: dict[str, type[Answer]] = {
    "order": OrderEventData,
    "shop_order": OrderEventData,
    "payout": PayoutEventData,
    "webhook": PingEventData,
}

DATA: dict[str, type[Answer]] = {topic: _OF_FAMILY[topic.partition(".")[0]] for topic in (*EVENTS, PING)}
"""The model of each event's `data`."""
