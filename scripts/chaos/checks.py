"""The clients' record, the shop's books and the provider's books against each other: what does not agree, in words."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from scripts.chaos.accounts import Accounts, Order
from scripts.chaos.record import Record
from scripts.chaos.stage import Stage

_PENNY = Decimal("0.01")

OVERSOLD = "oversold"
LOST = "acknowledged orders lost"
DOUBLE_ORDERS = "double orders"
DOUBLE = "double charges"
ORPHAN = "charged without order"
AMOUNT = "amounts that differ"
UNSETTLED = "payments unsettled"
STOCK = "stock that differs"
UNKNOWN = "orders nobody was told of"
TOLD_WRONG = "told otherwise than kept"
KINDS = (LOST, OVERSOLD, DOUBLE_ORDERS, DOUBLE, ORPHAN, AMOUNT, UNSETTLED, STOCK, UNKNOWN, TOLD_WRONG)

Finding = tuple[str, str]
"""One of KINDS, and a line that says what was found."""


@dataclass
class Findings:
    """All that does not agree."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, found: Iterator[Finding]) -> None:
        for kind, line in found:
            self.counts[kind] += 1
            self.first.setdefault(kind, line)

    def said(self) -> str:
        """One line: how many of each, and the first of the first."""
        counts = ", ".join(f"{self.counts[kind]} {kind}" for kind in KINDS if self.counts[kind])
        return f"{counts}; {next(self.first[kind] for kind in KINDS if kind in self.first)}"


def compare(record: Record, accounts: Accounts, intents: Sequence[Mapping[str, Any]], stage: Stage) -> Findings:
    """Everything against everything."""
    found = Findings()
    found.add(_lost(record, accounts))
    found.add(_doubled(record, accounts))
    found.add(_told(record, accounts))
    found.add(_charges(accounts, intents))
    found.add(_uncharged(accounts, intents))
    found.add(_stock(record, accounts, stage))
    found.add(_wallets(record))
    return found


def _lost(record: Record, accounts: Accounts) -> Iterator[Finding]:
    for bought in record.bought.values():
        kept, name = accounts.orders.get(bought.order_id), f"order {bought.order_number}"
        if kept is None or kept.number != bought.order_number:
            yield LOST, f"{name} was acknowledged and is not there"
            continue
        if not kept.is_live and bought.order_id not in record.cancelled:
            yield LOST, f"{name} was acknowledged and is {kept.status}"
        if kept.total != bought.total:
            yield AMOUNT, f"{name} was acknowledged over {bought.total} and is kept over {kept.total}"
        if accounts.order_of_key.get(bought.key) != bought.order_id:
            yield LOST, f"{name} is not what its key {bought.key} stands for"
        if accounts.lines[bought.order_id] != dict(bought.lines):
            yield AMOUNT, f"{name} was {dict(bought.lines)} in the cart and is {accounts.lines[bought.order_id]}"


def _doubled(record: Record, accounts: Accounts) -> Iterator[Finding]:
    carts = Counter((order.cart_id, order.place) for order in accounts.orders.values())
    yield from (
        (DOUBLE_ORDERS, f"cart {cart} was sold {times} times") for (cart, _), times in carts.items() if times > 1
    )
    keys = Counter(bought.key for bought in record.bought.values())
    yield from ((DOUBLE_ORDERS, f"key {key} made {times} orders") for key, times in keys.items() if times > 1)


def _told(record: Record, accounts: Accounts) -> Iterator[Finding]:
    """Every order is one that somebody was told of; what they were told has ended has."""
    for order in accounts.orders.values():
        if order.is_live and order.id not in record.bought:
            yield UNKNOWN, f"order {order.number} is {order.status} and nobody was told"
        if order.is_live and order.id in record.cancelled | record.declined:
            yield TOLD_WRONG, f"order {order.number} is {order.status} though its buyer was told it has ended"


def _charges(accounts: Accounts, intents: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Every intent of the provider that ever held or took money."""
    charged: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for intent in intents:
        if any(move == "held" for move, _ in intent["moves"]):
            charged[intent["metadata"]["reference"]].append(intent)
    for reference, holds in charged.items():
        if sum(_weighs(intent) for intent in holds) > 1:
            yield DOUBLE, f"{reference} is charged {len(holds)} times"
        for intent in holds:
            if reference in accounts.top_ups:
                yield from _load(accounts, reference, intent)
            else:
                yield from _charge(accounts.by_reference.get(reference), intent)


def _charge(order: Order | None, intent: Mapping[str, Any]) -> Iterator[Finding]:
    name, kept = intent["metadata"]["reference"], _money(intent["amount_received"] - intent["refunded"])
    if order is None or not order.is_live:
        if intent["status"] == "requires_capture":
            yield ORPHAN if order is None else UNSETTLED, f"{name} holds {_money(intent['amount'])} for no live order"
        elif kept:
            yield ORPHAN, f"{name} took {kept} for no live order"
        return
    if intent["status"] == "canceled":
        yield UNSETTLED, f"{name} was let go of, and order {order.number} is {order.status}"
    if order.authorized != _money(intent["amount"]):
        yield AMOUNT, f"{name} holds {_money(intent['amount'])}, the shop says {order.authorized}"
    if (order.captured, order.refunded) != (_money(intent["amount_received"]), _money(intent["refunded"])):
        yield AMOUNT, f"{name} took {kept}, the shop says {order.captured} less {order.refunded}"
    if intent["amount_received"] > intent["amount"]:
        yield AMOUNT, f"{name} took more than it held"


def _load(accounts: Accounts, reference: str, intent: Mapping[str, Any]) -> Iterator[Finding]:
    """Money for a wallet."""
    load = accounts.top_ups[reference]
    is_paid = load.state == "paid"
    if is_paid != (intent["status"] == "succeeded") or intent["status"] == "requires_capture":
        yield UNSETTLED, f"{reference} is {intent['status']} at the provider and {load.state} here"
    if is_paid and _money(intent["amount_received"]) != load.amount:
        yield AMOUNT, f"{reference} took {_money(intent['amount_received'])} for {load.amount}"


def _uncharged(accounts: Accounts, intents: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """A live order paid by card has its money at the provider."""
    known = {intent["metadata"]["reference"] for intent in intents if _weighs(intent)}
    for order in accounts.orders.values():
        if order.is_live and order.reference and order.reference not in known:
            yield UNSETTLED, f"order {order.number} is {order.status}, and the provider holds nothing for it"


def _stock(record: Record, accounts: Accounts, stage: Stage) -> Iterator[Finding]:
    """What was there = what is there + what the clients' own record says they bought."""
    sold: Counter[tuple[int, int]] = Counter()
    for bought in record.live():
        sold.update({(bought.place, product): pieces for product, pieces in bought.lines.items()})
    for place, before in stage.stock.items():
        if sold[place] > before:
            yield OVERSOLD, f"{sold[place]} pieces of product {place[1]} were sold, {before} were there"
        if accounts.stock[place] != before - sold[place]:
            yield STOCK, f"of product {place[1]} {before} were there, {sold[place]} sold, {accounts.stock[place]} left"


def _wallets(record: Record) -> Iterator[Finding]:
    """What is in a wallet = what was paid into it - what was bought from it."""
    for name, balance in record.balances.items():
        loaded = sum(amount for whose, amount in record.loads.values() if whose == name)
        spent = sum(bought.total for bought in record.live() if bought.buyer == name and bought.paid_by == "WALLET")
        if balance != loaded - spent:
            yield AMOUNT, f"the wallet of {name} holds {balance}: {loaded} were paid in and {spent} spent"


def _weighs(intent: Mapping[str, Any]) -> bool:
    """Whether the customer's card feels it now."""
    return bool(intent["status"] == "requires_capture" or intent["amount_received"] > intent["refunded"])


def _money(minor: int) -> Decimal:
    return minor * _PENNY
