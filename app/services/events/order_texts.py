"""The words of every message about an order, plain and short."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.domain.enums import FulfillmentType
from app.services.messages.text import Text
from app.services.messages.tongue import Tongue, marked


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What order messages tell. Amounts in `currency`, tax included.

    `total` is what is charged, as picked once the order is packed; `given_back` counts refunds under way as well.
    `reason` is the cancel reason, if any; `window` when the order is due, from and to; `branch` name and address of
    where it is packed; `told` what the event itself says.
    """

    order_number: str
    total: Decimal
    refunded: Decimal
    given_back: Decimal
    currency: str
    reason: str | None
    window: tuple[datetime, datetime] | None
    fulfillment: FulfillmentType
    branch: str
    told: Mapping[str, Any]

    @property
    def is_pickup(self) -> bool:
        return self.fulfillment is FulfillmentType.PICKUP


def confirmed(say: Tongue, facts: OrderFacts) -> Text:
    """The payment stands and the order will be picked."""
    number, total = facts.order_number, say.money(facts.total, facts.currency)
    sentence = say("Your order {number} for {total} is confirmed.", number=number, total=total)
    return _about(say, facts, say("Order {number} confirmed", number=number), sentence, _window(say, facts))


def substitution_proposed(say: Tongue, facts: OrderFacts) -> Text:
    """Another product for a missing one; silence is consent once the order is packed."""
    sentence = say(
        "{name} of your order {number} is not there. We would give you {substitute} instead, at no more than the price"
        " of what you ordered. You can refuse it in the shop until your order is packed; it is not charged then.",
        number=facts.order_number,
        name=facts.told["name"],
        substitute=facts.told["substitute"],
    )
    return _about(say, facts, say("Order {number} has a substitute", number=facts.order_number), sentence)


def ready(say: Tongue, facts: OrderFacts) -> Text:
    """Packed: what is charged is now known, and where to fetch it."""
    total = say.money(facts.total, facts.currency)
    charged = say("You are charged {total}.", total=total) if facts.total else say("You are not charged.")
    return _about(
        say,
        facts,
        say("Order {number} ready", number=facts.order_number),
        say("Your order {number} is packed.", number=facts.order_number),
        charged,
        say("Fetch it at {branch}.", branch=facts.branch) if facts.is_pickup else "",
        _window(say, facts),
    )


def out_for_delivery(say: Tongue, facts: OrderFacts) -> Text:
    """The driver has set out."""
    sentence = say("Your order {number} is on its way to you.", number=facts.order_number)
    subject = say("Order {number} on its way", number=facts.order_number)
    return _about(say, facts, subject, sentence, _window(say, facts))


def delivered(say: Tongue, facts: OrderFacts) -> Text:
    """Handed over, at the door or in the branch."""
    if facts.is_pickup:
        sentence = say("Your order {number} has been picked up. Enjoy it!", number=facts.order_number)
    else:
        sentence = say("Your order {number} has been delivered. Enjoy it!", number=facts.order_number)
    return _about(say, facts, say("Order {number} delivered", number=facts.order_number), sentence)


def delivery_failed(say: Tongue, facts: OrderFacts) -> Text:
    """The driver could not hand the order over."""
    sentence = say(
        "We could not hand over your order {number} ({reason}). We will try again or get in touch with you.",
        number=facts.order_number,
        reason=facts.told["reason"],
    )
    return _about(say, facts, say("Order {number} could not be delivered", number=facts.order_number), sentence)


def delayed(say: Tongue, facts: OrderFacts) -> Text:
    """It will come later than promised."""
    sentence = say(
        "Your order {number} will be later than promised. We are sorry; we tell you when it goes on.",
        number=facts.order_number,
    )
    return _about(say, facts, say("Order {number} delayed", number=facts.order_number), sentence)


def canceled(say: Tongue, facts: OrderFacts) -> Text:
    """The order will not come; no money is kept."""
    told = _CANCELLED.get(facts.reason or "", _CANCELLED[""])
    money = say("What was paid is given back.") if facts.given_back else say("You are not charged.")
    subject = say("Order {number} cancelled", number=facts.order_number)
    return _about(say, facts, subject, say(told, number=facts.order_number), money)


def refunded(say: Tongue, facts: OrderFacts) -> Text:
    """Money went back to the customer."""
    amount = say.money(facts.refunded, facts.currency)
    sentence = say("We have paid back {amount} for your order {number}.", number=facts.order_number, amount=amount)
    return _about(say, facts, say("Order {number} refunded", number=facts.order_number), sentence)


_CANCELLED = {
    "": marked("Your order {number} is cancelled."),
    "payment_declined": marked("Your order {number} is cancelled, because the payment was declined."),
    "payment_abandoned": marked("Your order {number} is cancelled, because the payment was not completed in time."),
    "user": marked("Your order {number} is cancelled, as you asked."),
    "store": marked("Your order {number} is cancelled by the shop."),
    "vendor_rejected": marked("Your order {number} is cancelled, as the shop cannot take it."),
    "unanswered": marked("Your order {number} is cancelled, as the shop did not answer in time."),
}
"""By the reason of the cancellation."""


def _window(say: Tongue, facts: OrderFacts) -> str:
    """When the order is due, in the shop's time zone."""
    if facts.window is None:
        return ""
    start, end = facts.window
    return say("Its time: {day}, {start} to {end}.", day=say.day(start), start=say.hour(start), end=say.hour(end))


def _about(say: Tongue, facts: OrderFacts, subject: str, *sentences: str) -> Text:
    told = " ".join(sentence for sentence in sentences if sentence)
    params = {"order_number": facts.order_number, "total": say.money(facts.total, facts.currency)}
    return Text(subject, told, told, params)
