"""The words of messages about orders from vendors' shops, plain and short."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.enums import OrderActionType as Did
from app.domain.enums import OrderStatus
from app.services.messages.text import Text
from app.services.messages.tongue import Tongue, marked


@dataclass(frozen=True, slots=True)
class ShopOrderFacts:
    """`total` in `currency` is what the order comes to as it stands."""

    order_number: str
    shop_name: str
    total: Decimal
    currency: str
    status: OrderStatus


Words = tuple[str, str]
"""Subject and sentence; both may name {number}, the sentence {shop} and {total} as well."""

_BY_ACTION: Mapping[Did, Words] = {
    Did.ORDER_CREATED: (
        marked("Order {number} is new"),
        marked("A new order {number} for {total} waits for your answer."),
    ),
    Did.VENDOR_MODIFIED: (
        marked("Order {number} was changed"),
        marked("{shop} changed your order {number}; it comes to {total} now. Confirm or cancel it."),
    ),
    Did.MODIFICATION_CONFIRMED: (
        marked("Order {number} is confirmed"),
        marked("The customer agreed to your changes of order {number}."),
    ),
    Did.ORDER_CANCELLED: (
        marked("Order {number} is cancelled"),
        marked("Order {number} is cancelled. Do not prepare it any further."),
    ),
    Did.RETURN_REQUESTED: (
        marked("Order {number} is to be returned"),
        marked("The customer wants to return goods of order {number}."),
    ),
    Did.RETURN_ACCEPTED: (
        marked("Order {number} return accepted"),
        marked("{shop} takes back goods of your order {number}."),
    ),
    Did.RETURN_REJECTED: (
        marked("Order {number} return rejected"),
        marked("{shop} does not take back goods of your order {number}. Write to them."),
    ),
    Did.RETURN_COMPLETED: (
        marked("Order {number} return completed"),
        marked("The return of goods of your order {number} is completed."),
    ),
    Did.REFUNDED: (
        marked("Order {number} refunded"),
        marked("You got money back for your order {number}."),
    ),
    Did.ISSUE_RAISED: (
        marked("Order {number} has an issue"),
        marked("The customer has an issue with order {number}."),
    ),
    Did.ISSUE_RESOLVED: (
        marked("Order {number} issue answered"),
        marked("Your issue with order {number} was answered."),
    ),
    Did.ORDER_RATED: (
        marked("Order {number} is rated"),
        marked("The customer rated order {number}."),
    ),
}
"""Messages are told the moment they are sent, by the live feed, and so are not here."""

_BY_STATUS: Mapping[OrderStatus, Words] = {
    OrderStatus.ACCEPTED: (
        marked("Order {number} accepted"),
        marked("Your order {number} from {shop} is accepted."),
    ),
    OrderStatus.DELIVERED: (
        marked("Order {number} delivered"),
        marked("Your order {number} from {shop} is delivered."),
    ),
}
"""What a new status is told by. The other ways an order goes on are actions of their own."""


def is_told(action: Did, status: OrderStatus) -> bool:
    """Whether there are words for what was done."""
    return _words(action, status) is not None


def acted(say: Tongue, action: Did, facts: ShopOrderFacts) -> Text:
    """The message about an action. Raises LookupError where there are no words for it."""
    words = _words(action, facts.status)
    if words is None:
        raise LookupError(f"no words for {action} in {facts.status}")
    subject, sentence = words
    total = say.money(facts.total, facts.currency)
    told = say(sentence, number=facts.order_number, shop=facts.shop_name, total=total)
    return Text(say(subject, number=facts.order_number), told, told, {"order_number": facts.order_number})


def _words(action: Did, status: OrderStatus) -> Words | None:
    if action is Did.STATUS_UPDATED:
        return _BY_STATUS.get(status)
    return _BY_ACTION.get(Did.RETURN_ACCEPTED if action is Did.VENDOR_FORCED_RETURN else action)
