"""The words of messages about orders from vendors' shops, plain and short."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.enums import OrderActionType as Did
from app.domain.enums import OrderStatus
from app.domain.shop_order_states import shown
from app.services.events.texts import Text


@dataclass(frozen=True, slots=True)
class ShopOrderFacts:
    """`total` in `currency` is what the order comes to as it stands."""

    order_number: str
    shop_name: str
    total: Decimal
    currency: str
    status: OrderStatus

    @property
    def money(self) -> str:
        return f"{self.currency} {self.total:.2f}"


def _created(facts: ShopOrderFacts) -> Text:
    return _about(facts, "is new", f"A new order {facts.order_number} for {facts.money} waits for your answer.")


def _status(facts: ShopOrderFacts) -> Text:
    word = shown(facts.status)
    return _about(facts, word, f"Your order {facts.order_number} from {facts.shop_name} is {word}.")


def _modified(facts: ShopOrderFacts) -> Text:
    sentence = (
        f"{facts.shop_name} changed your order {facts.order_number}; it comes to {facts.money} now."
        " Confirm or cancel it."
    )
    return _about(facts, "was changed", sentence)


def _agreed(facts: ShopOrderFacts) -> Text:
    return _about(facts, "is confirmed", f"The customer agreed to your changes of order {facts.order_number}.")


def _cancelled(facts: ShopOrderFacts) -> Text:
    return _about(facts, "is cancelled", f"Order {facts.order_number} is cancelled. Do not prepare it any further.")


def _return_requested(facts: ShopOrderFacts) -> Text:
    return _about(facts, "is to be returned", f"The customer wants to return goods of order {facts.order_number}.")


def _return_accepted(facts: ShopOrderFacts) -> Text:
    sentence = f"{facts.shop_name} takes back goods of your order {facts.order_number}."
    return _about(facts, "return accepted", sentence)


def _return_rejected(facts: ShopOrderFacts) -> Text:
    sentence = f"{facts.shop_name} does not take back goods of your order {facts.order_number}. Write to them."
    return _about(facts, "return rejected", sentence)


def _refunded(facts: ShopOrderFacts) -> Text:
    return _about(facts, "refunded", f"You got money back for your order {facts.order_number}.")


def _return_completed(facts: ShopOrderFacts) -> Text:
    return _about(facts, "return completed", f"The return of goods of your order {facts.order_number} is completed.")


def _issue_raised(facts: ShopOrderFacts) -> Text:
    return _about(facts, "has an issue", f"The customer has an issue with order {facts.order_number}.")


def _issue_resolved(facts: ShopOrderFacts) -> Text:
    return _about(facts, "issue answered", f"Your issue with order {facts.order_number} was answered.")


def _rated(facts: ShopOrderFacts) -> Text:
    return _about(facts, "is rated", f"The customer rated order {facts.order_number}.")


BY_ACTION: Mapping[Did, Callable[[ShopOrderFacts], Text]] = {
    Did.ORDER_CREATED: _created,
    Did.STATUS_UPDATED: _status,
    Did.VENDOR_MODIFIED: _modified,
    Did.MODIFICATION_CONFIRMED: _agreed,
    Did.ORDER_CANCELLED: _cancelled,
    Did.RETURN_REQUESTED: _return_requested,
    Did.RETURN_ACCEPTED: _return_accepted,
    Did.RETURN_REJECTED: _return_rejected,
    Did.VENDOR_FORCED_RETURN: _return_accepted,
    Did.RETURN_COMPLETED: _return_completed,
    Did.REFUNDED: _refunded,
    Did.ISSUE_RAISED: _issue_raised,
    Did.ISSUE_RESOLVED: _issue_resolved,
    Did.ORDER_RATED: _rated,
}
"""Messages are told the moment they are sent, by the live feed, and so are not here."""


def _about(facts: ShopOrderFacts, what: str, sentence: str) -> Text:
    return Text(f"Order {facts.order_number} {what}", sentence, sentence, {"order_number": facts.order_number})
