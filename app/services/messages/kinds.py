"""What each message is about, by the topic of its event: people have a say in how they get all but account messages."""

from app.domain.enums import MessageKind

_ACCOUNT = (
    "user.registered",
    "registration.code",
    "phone.code",
    "password.reset",
    "staff.invited",
    "webhook.disabled",
)
_ORDERS = (
    "order.confirmed",
    "order.substitution_proposed",
    "order.ready",
    "order.out_for_delivery",
    "order.delivered",
    "order.delivery_failed",
    "order.delayed",
    "order.canceled",
    "order.refunded",
    "shop_order.acted",
    "assistance.resolved",
)

KINDS = dict.fromkeys(_ACCOUNT, MessageKind.ACCOUNT) | dict.fromkeys(_ORDERS, MessageKind.ORDERS)


def kind_of(topic: str) -> MessageKind:
    """The kind of a topic's messages; what the list does not name reaches people like a message about the account."""
    return KINDS.get(topic, MessageKind.ACCOUNT)
