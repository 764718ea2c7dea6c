"""The answer by rules: recognise what is asked, look it up, say it in plain sentences."""

from collections.abc import Callable
from decimal import Decimal

from app.config import settings
from app.domain.assistant import Question, Topic
from app.domain.caller import Caller
from app.domain.shop_hours import clock
from app.services.assistant import facts
from app.services.assistant.facts import ItemFact, LineFact, OrderFact, ShopFact
from app.services.assistant.statements import MOST

TOLD = 5
"""So many things of a kind are told; more would not be read."""
_LONGEST_QUOTE = 120

_HELP = (
    "I can look up items near you by word and price, offers, your cart, your orders and their messages, your wallet, "
    "and which shops are open. I only look things up: buying is up to you."
)

SUGGESTIONS: dict[Topic, tuple[str, ...]] = {
    Topic.ITEMS: ("Any offers near me?", "Which shops are open now?"),
    Topic.OFFERS: ("Milk under 50", "What is in my cart?"),
    Topic.CART: ("Any offers near me?", "What is my wallet balance?"),
    Topic.ORDERS: ("Any messages about my orders?", "What is my wallet balance?"),
    Topic.MESSAGES: ("Where is my last order?", "Which shops are open now?"),
    Topic.WALLET: ("Where is my last order?", "Any offers near me?"),
    Topic.SHOPS: ("Any offers near me?", "Milk under 50"),
    Topic.HELP: ("Milk under 50", "Any offers near me?", "Where is my last order?", "Which shops are open now?"),
}


def answer(question: Question, caller: Caller) -> str:
    """Sentences that answer a question from the caller's own data and the shops around."""
    return _ANSWERS[question.topic](question, caller)


def money(amount: Decimal) -> str:
    """An amount with its currency."""
    return f"{settings().currency} {amount:.2f}"


def _items(question: Question, caller: Caller) -> str:
    found = facts.items(caller, wanted=question.words, max_price=question.max_price)
    if not found:
        return f"I found no {_named(question)} in the shops that serve you."
    return f"I found {_count(found, 'item')}: {'; '.join(_item(item) for item in found[:TOLD])}."


def _offers(question: Question, caller: Caller) -> str:
    found = facts.items(caller, wanted=question.words, max_price=question.max_price, only_offers=True)
    if not found:
        return f"There is no offer for {_named(question)} in the shops that serve you right now."
    return f"I found {_count(found, 'offer')}: {'; '.join(_item(item) for item in found[:TOLD])}."


def _cart(_question: Question, caller: Caller) -> str:
    basket = facts.cart(caller)
    if basket is None:
        return "Your cart is empty."
    more = basket.line_count - len(basket.lines[:TOLD])
    told = ", ".join(_line(line) for line in basket.lines[:TOLD]) + (f" and {more} more" if more else "")
    return f"Your cart from {basket.shop} holds {told}. Together {money(basket.total)}, without delivery."


def _orders(question: Question, caller: Caller) -> str:
    found = facts.orders(caller, order_id=question.number)
    if not found:
        number = f" {question.number}" if question.number is not None else ""
        return f"You have no order{number} at the shops near you yet."
    last, *earlier = found[:TOLD]
    which = "Your order" if question.number is not None else "Your last order"
    before = f" Before that: {'; '.join(_order(order) for order in earlier)}." if earlier else ""
    return f"{which}, {_order(last)}.{before}"


def _messages(_question: Question, caller: Caller) -> str:
    found = facts.messages(caller)[:TOLD]
    if not found:
        return "There are no messages about your orders."
    told = "; ".join(f'order {one.order_id}, {one.by}: "{one.text[:_LONGEST_QUOTE]}"' for one in found)
    return f"The last messages about your orders: {told}."


def _wallet(_question: Question, caller: Caller) -> str:
    return f"Your wallet holds {money(facts.wallet(caller))}."


def _shops(question: Question, caller: Caller) -> str:
    found = facts.shops(caller, wanted=question.words)
    if not found:
        return "No shop of that name serves you." if question.words else "No shop serves your address yet."
    return f"{'; '.join(_shop(shop) for shop in found[:TOLD])}."


def _help(_question: Question, _caller: Caller) -> str:
    return _HELP


_ANSWERS: dict[Topic, Callable[[Question, Caller], str]] = {
    Topic.ITEMS: _items,
    Topic.OFFERS: _offers,
    Topic.CART: _cart,
    Topic.ORDERS: _orders,
    Topic.MESSAGES: _messages,
    Topic.WALLET: _wallet,
    Topic.SHOPS: _shops,
    Topic.HELP: _help,
}


def _named(question: Question) -> str:
    what = " ".join(question.words) or "items"
    return what if question.max_price is None else f"{what} up to {money(question.max_price)}"


def _count(found: list[ItemFact], noun: str) -> str:
    if len(found) == 1:
        return f"1 {noun}"
    more = " or more" if len(found) == MOST else ""
    first = f", here are {TOLD}" if len(found) > TOLD else ""
    return f"{len(found)}{more} {noun}s{first}"


def _item(item: ItemFact) -> str:
    instead = f" instead of {money(item.mrp)}" if item.mrp is not None and item.mrp > item.price else ""
    closed = "" if item.shop_is_open else " (closed now)"
    return f"{item.name} for {money(item.price)}{instead} at {item.shop}{closed}"


def _line(line: LineFact) -> str:
    return f"{line.quantity} x {line.name} at {money(line.price)}"


def _order(order: OrderFact) -> str:
    return f"number {order.order_id} at {order.shop} for {money(order.total)}, is {order.status.replace('_', ' ')}"


def _shop(shop: ShopFact) -> str:
    state = "is open now" if shop.is_open else "is closed now"
    hours = f", today {clock(shop.opens)} to {clock(shop.closes)}" if shop.opens and shop.closes else ""
    return f"{shop.name} {state}{hours}"
