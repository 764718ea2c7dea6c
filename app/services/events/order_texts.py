"""The words of every message about an order, plain and short."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.enums import FulfillmentType
from app.services.events.texts import Text


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What order messages tell. Amounts in `currency`, tax included.

    `total` is what is charged, as picked once the order is packed; `given_back` counts refunds under way as well.
    `reason` is the cancel reason, if any; `window` a sentence on when the order is due, or empty; `branch` name and
    address of where it is packed; `told` what the event itself says.
    """

    order_number: str
    total: Decimal
    refunded: Decimal
    given_back: Decimal
    currency: str
    reason: str | None
    window: str
    fulfillment: FulfillmentType
    branch: str
    told: Mapping[str, Any]

    @property
    def is_pickup(self) -> bool:
        return self.fulfillment is FulfillmentType.PICKUP


def confirmed(facts: OrderFacts) -> Text:
    """The payment stands and the order will be picked."""
    total = _money(facts.total, facts.currency)
    return _about(facts, "confirmed", f"Your order {facts.order_number} for {total} is confirmed.{facts.window}")


def substitution_proposed(facts: OrderFacts) -> Text:
    """Another product for a missing one; silence is consent once the order is packed."""
    sentence = (
        f"{facts.told['name']} of your order {facts.order_number} is not there. We would give you"
        f" {facts.told['substitute']} instead, at no more than the price of what you ordered. You can refuse it in the"
        " shop until your order is packed; it is not charged then."
    )
    return _about(facts, "has a substitute", sentence)


def ready(facts: OrderFacts) -> Text:
    """Packed: what is charged is now known, and where to fetch it."""
    charged = f"You are charged {_money(facts.total, facts.currency)}." if facts.total else "You are not charged."
    where = f" Fetch it at {facts.branch}." if facts.is_pickup else ""
    return _about(facts, "ready", f"Your order {facts.order_number} is packed. {charged}{where}{facts.window}")


def out_for_delivery(facts: OrderFacts) -> Text:
    """The driver has set out."""
    return _about(facts, "on its way", f"Your order {facts.order_number} is on its way to you.{facts.window}")


def delivered(facts: OrderFacts) -> Text:
    """Handed over, at the door or in the branch."""
    done = "has been picked up" if facts.is_pickup else "has been delivered"
    return _about(facts, "delivered", f"Your order {facts.order_number} {done}. Enjoy it!")


def delivery_failed(facts: OrderFacts) -> Text:
    """The driver could not hand the order over."""
    sentence = (
        f"We could not hand over your order {facts.order_number} ({facts.told['reason']})."
        " We will try again or get in touch with you."
    )
    return _about(facts, "could not be delivered", sentence)


def delayed(facts: OrderFacts) -> Text:
    """It will come later than promised."""
    sentence = (
        f"Your order {facts.order_number} will be later than promised. We are sorry; we tell you when it goes on."
    )
    return _about(facts, "delayed", sentence)


def canceled(facts: OrderFacts) -> Text:
    """The order will not come; no money is kept."""
    reason = _REASONS.get(facts.reason or "", "")
    money = "What was paid is given back." if facts.given_back else "You are not charged."
    return _about(facts, "cancelled", f"Your order {facts.order_number} is cancelled{reason}. {money}")


def refunded(facts: OrderFacts) -> Text:
    """Money went back to the customer."""
    amount = _money(facts.refunded, facts.currency)
    return _about(facts, "refunded", f"We have paid back {amount} for your order {facts.order_number}.")


_REASONS = {
    "payment_declined": ", because the payment was declined",
    "payment_abandoned": ", because the payment was not completed in time",
    "user": ", as you asked",
    "store": " by the shop",
    "vendor_rejected": ", as the shop cannot take it",
    "unanswered": ", as the shop did not answer in time",
}


def _about(facts: OrderFacts, what: str, sentence: str) -> Text:
    params = {"order_number": facts.order_number, "total": _money(facts.total, facts.currency)}
    return Text(f"Order {facts.order_number} {what}", sentence, sentence, params)


def _money(amount: Decimal, currency: str) -> str:
    return f"{currency} {amount:.2f}"
