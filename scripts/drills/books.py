"""Acknowledged orders against the books: is each there with its total and its money, once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from scripts.drills.running import PromiseBroken
from scripts.drills.shoppers import Receipt

_ORDERS = """
    SELECT orders.id, order_number, total_amount, orders.status, payments.reference,
           count(payments.id) AS payments, max(payments.authorized_amount) AS authorized,
           count(operations.id) FILTER (WHERE operations.kind = 'authorize' AND operations.state = 'ok') AS charges,
           max(provider.authorized_amount) FILTER (WHERE provider.status = 'authorized') AS held
    FROM orders LEFT JOIN payments ON payments.order_id = orders.id
    LEFT JOIN payment_operations AS operations ON operations.payment_id = payments.id
    LEFT JOIN sandbox_payments AS provider ON provider.reference = payments.reference
    WHERE orders.id = ANY(%s) GROUP BY orders.id, payments.reference
"""
_KEYS = "SELECT key, order_id FROM idempotency_keys WHERE key = ANY(%s)"
_DOUBLED = """
    SELECT count(*) FROM (SELECT cart_id FROM orders GROUP BY cart_id HAVING count(*) > 1) AS doubled
"""
_STRAY_HOLDS = """
    SELECT count(*) FROM sandbox_payments AS provider WHERE status = 'authorized' AND NOT EXISTS (
        SELECT FROM payments JOIN orders ON orders.id = payments.order_id
        WHERE payments.reference = provider.reference AND orders.status <> 'CANCELED')
"""


@dataclass(frozen=True)
class Kept:
    """An order as the books have it."""

    order_number: str
    total: Decimal
    status: str
    reference: str | None
    payments: int
    authorized: Decimal | None
    charges: int
    held: Decimal | None


def lost(connection: "psycopg.Connection[Any]", receipts: Iterable[Receipt]) -> list[str]:
    """What the shop has acknowledged and does not keep, or keeps otherwise, a line each."""
    wanted = list(receipts)
    rows = connection.execute(_ORDERS, [[receipt.order_id for receipt in wanted]])
    kept = {row[0]: Kept(*row[1:]) for row in rows}
    keys: dict[str, int] = dict(connection.execute(_KEYS, [[receipt.key for receipt in wanted]]).fetchall())
    return [fault for receipt in wanted for fault in faults(receipt, kept.get(receipt.order_id), keys.get(receipt.key))]


def faults(receipt: Receipt, kept: Kept | None, order_of_key: int | None) -> Iterator[str]:
    """What of one acknowledged order is not true any more."""
    name = f"order {receipt.order_number}"
    if kept is None or kept.order_number != receipt.order_number:
        yield f"{name} was acknowledged and is lost"
        return
    if kept.total != receipt.total:
        yield f"{name} was acknowledged over {receipt.total} and is kept over {kept.total}"
    if kept.status in ("PENDING_PAYMENT", "CANCELLING", "CANCELED"):
        yield f"{name} was acknowledged and is {kept.status}"
    if kept.reference != receipt.reference or kept.payments != 1 or kept.charges != 1:
        yield f"{name} has {kept.payments} payments with {kept.charges} charges, {kept.reference}"
    if kept.authorized is None or kept.authorized != kept.held or kept.authorized < receipt.total:
        yield f"{name} costs {receipt.total}, holds {kept.authorized}, and at the provider {kept.held}"
    if order_of_key != receipt.order_id:
        yield f"{name} is not what its key {receipt.key} stands for"


def check(connection: "psycopg.Connection[Any]", receipts: list[Receipt]) -> None:
    """Raise PromiseBroken unless every receipt holds, and nothing was sold or charged that nobody owns."""
    numbers = [receipt.order_number for receipt in receipts]
    if len(set(numbers)) < len(numbers):
        raise PromiseBroken(f"{len(numbers) - len(set(numbers))} order numbers were given to two checkouts")
    if found := lost(connection, receipts):
        raise PromiseBroken(f"{len(found)} of {len(receipts)} receipts do not hold, the first: {found[0]}")
    for query, what in ((_DOUBLED, "carts were sold twice"), (_STRAY_HOLDS, "holds at the provider have no order")):
        row = connection.execute(query).fetchone()
        if row and row[0]:
            raise PromiseBroken(f"{row[0]} {what}")
