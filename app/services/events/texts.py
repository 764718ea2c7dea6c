"""The words of every message, plain and short."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Text:
    """A message as mail (`subject`, `body`) and as text message (`short`); `params` fill a provider's template."""

    subject: str
    body: str
    short: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What order messages tell. Amounts in `currency`, tax included; `given_back` counts refunds under way as well.

    `reason` is the cancel reason, if any; `window` a sentence on when the order is due, or empty.
    """

    order_number: str
    total: Decimal
    refunded: Decimal
    given_back: Decimal
    currency: str
    reason: str | None
    window: str


def welcome(shop: str, name: str) -> Text:
    """After registration."""
    body = f"Hello {name},\n\nyour account at {shop} is ready. Sign in with this address whenever you like.\n\n{shop}\n"
    return Text(f"Welcome to {shop}", body, "Your account is ready.", {"name": name})


def registration_code(shop: str, code: str) -> Text:
    """The code stands as a word of its own, so that people and programs find it."""
    body = (
        f"Your code for {shop} is\n\n{code}\n\n"
        "It works once, for ten minutes. If you did not ask for it, ignore this message.\n"
    )
    return Text(f"Your code for {shop}", body, f"Your code is {code}", {"code": code})


def password_reset(shop: str, link: str, token: str) -> Text:
    """The way back in for somebody who forgot the password."""
    body = (
        f"Somebody, hopefully you, forgot the password of this address at {shop}. Set a new one here:\n\n{link}\n\n"
        "The link works once, for thirty minutes. If it was not you, ignore this message: nothing has changed.\n"
    )
    params = {"link": link, "token": token}
    return Text(f"Set a new password for {shop}", body, f"Set a new password: {link}", params)


def order_confirmed(facts: OrderFacts) -> Text:
    """The payment stands and the order will be picked."""
    total = _money(facts.total, facts.currency)
    return _about(facts, "confirmed", f"Your order {facts.order_number} for {total} is confirmed.{facts.window}")


def order_canceled(facts: OrderFacts) -> Text:
    """The order will not come; no money is kept."""
    reason = _REASONS.get(facts.reason or "", "")
    money = "What was paid is given back." if facts.given_back else "You are not charged."
    return _about(facts, "cancelled", f"Your order {facts.order_number} is cancelled{reason}. {money}")


def order_refunded(facts: OrderFacts) -> Text:
    """Money went back to the customer."""
    amount = _money(facts.refunded, facts.currency)
    return _about(facts, "refunded", f"We have paid back {amount} for your order {facts.order_number}.")


_REASONS = {
    "payment_declined": ", because the payment was declined",
    "payment_abandoned": ", because the payment was not completed in time",
    "user": ", as you asked",
    "store": " by the shop",
}


def _about(facts: OrderFacts, what: str, sentence: str) -> Text:
    params = {"order_number": facts.order_number, "total": _money(facts.total, facts.currency)}
    return Text(f"Order {facts.order_number} {what}", sentence, sentence, params)


def _money(amount: Decimal, currency: str) -> str:
    return f"{currency} {amount:.2f}"
