"""What differs between the three ways to shop, as data: one frozen policy per channel for the one checkout."""

from dataclasses import dataclass

from app.domain.enums import ChannelName, FulfillmentType, OrderStatus, PaymentMethod


@dataclass(frozen=True)
class ChannelPolicy:
    """`first_status` is the order's state once it is paid for or needs no payment.

    `weighs_later`: goods sold by weight may turn out heavier than estimated, so the card holds a buffer for them.
    """

    name: ChannelName
    fulfillments: frozenset[FulfillmentType]
    payment_methods: frozenset[PaymentMethod]
    first_status: OrderStatus
    weighs_later: bool = False


DELIVERY_OR_PICKUP = ChannelPolicy(
    name=ChannelName.DELIVERY_OR_PICKUP,
    fulfillments=frozenset({FulfillmentType.DELIVERY, FulfillmentType.PICKUP}),
    payment_methods=frozenset({PaymentMethod.CARD}),
    first_status=OrderStatus.CREATED,
    weighs_later=True,
)
MARKETPLACE = ChannelPolicy(
    name=ChannelName.MARKETPLACE,
    fulfillments=frozenset({FulfillmentType.DELIVERY}),
    payment_methods=frozenset(PaymentMethod),
    first_status=OrderStatus.PENDING,
)
IN_STORE = ChannelPolicy(
    name=ChannelName.IN_STORE,
    fulfillments=frozenset({FulfillmentType.PICKUP}),
    payment_methods=frozenset({PaymentMethod.CARD}),
    first_status=OrderStatus.CREATED,
)
"""What lies in a trolley is in its buyer's hands: the order is handed over in the transaction that confirms it."""

POLICIES = {policy.name: policy for policy in (DELIVERY_OR_PICKUP, MARKETPLACE, IN_STORE)}
