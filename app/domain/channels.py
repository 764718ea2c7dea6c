"""What differs between the three ways to shop, as data: one frozen policy per channel for the one checkout."""

from dataclasses import dataclass

from app.domain.enums import ChannelName, FulfillmentType, OrderStatus, PaymentMethod


@dataclass(frozen=True)
class ChannelPolicy:
    """`first_status` is the order's state once it is paid for or needs no payment."""

    name: ChannelName
    fulfillments: frozenset[FulfillmentType]
    payment_methods: frozenset[PaymentMethod]
    first_status: OrderStatus


DELIVERY_OR_PICKUP = ChannelPolicy(
    name=ChannelName.DELIVERY_OR_PICKUP,
    fulfillments=frozenset({FulfillmentType.DELIVERY, FulfillmentType.PICKUP}),
    payment_methods=frozenset({PaymentMethod.CARD}),
    first_status=OrderStatus.CREATED,
)
MARKETPLACE = ChannelPolicy(
    name=ChannelName.MARKETPLACE,
    fulfillments=frozenset({FulfillmentType.DELIVERY}),
    payment_methods=frozenset(PaymentMethod),
    first_status=OrderStatus.PENDING,
)

POLICIES = {policy.name: policy for policy in (DELIVERY_OR_PICKUP, MARKETPLACE)}
