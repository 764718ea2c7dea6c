"""What the shop's own books say at the end, read in one snapshot, and what of it is still undecided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

_ORDERS = """
    SELECT orders.id, order_number, cart_id, user_id, total_amount, status, payment_method, stock_location_id,
           reference, authorized_amount, captured_amount, refunded_amount
    FROM orders LEFT JOIN payments ON payments.order_id = orders.id ORDER BY orders.id
"""
_LINES = """
    SELECT order_id, jsonb_object_agg(product_id, quantity) FROM order_items GROUP BY order_id
"""
_KEYS = "SELECT key, order_id FROM idempotency_keys WHERE order_id IS NOT NULL"
_TOP_UPS = "SELECT reference, client_key, state, amount FROM top_ups"
_STOCK = "SELECT stock_location_id, product_id, available_quantity FROM inventory"
_UNDECIDED = """
    SELECT (SELECT count(*) FROM payment_operations
            WHERE state IN ('created', 'sent', 'unknown') AND created_at <= COALESCE(%(until)s, now()))
         + (SELECT count(*) FROM orders
            WHERE status IN ('PENDING_PAYMENT', 'CANCELLING') AND created_at <= COALESCE(%(until)s, now()))
         + (SELECT count(*) FROM top_ups
            WHERE state NOT IN ('paid', 'declined', 'manual') AND created_at <= COALESCE(%(until)s, now()))
"""
_FOR_PEOPLE = """
    SELECT (SELECT count(*) FROM payment_operations WHERE state = 'manual')
         + (SELECT count(*) FROM top_ups WHERE state = 'manual')
"""
ENDED_UNSOLD = frozenset({"CANCELED", "REJECTED"})


@dataclass(frozen=True)
class Order:
    """An order with its payment, where it has one."""

    id: int
    number: str
    cart_id: int
    user_id: int
    total: Decimal
    status: str
    paid_by: str
    place: int
    reference: str | None
    authorized: Decimal | None
    captured: Decimal | None
    refunded: Decimal | None

    @property
    def is_live(self) -> bool:
        return self.status not in ENDED_UNSOLD


@dataclass(frozen=True)
class TopUp:
    reference: str
    key: str | None
    state: str
    amount: Decimal


@dataclass(frozen=True)
class Accounts:
    """Orders by id and by their payment's reference, their lines, and everything else that is compared."""

    orders: Mapping[int, Order]
    by_reference: Mapping[str, Order]
    lines: Mapping[int, Mapping[int, int]]
    order_of_key: Mapping[str, int]
    top_ups: Mapping[str, TopUp]
    stock: Mapping[tuple[int, int], int]


def read(connection: Connection) -> Accounts:
    """All of it, from one snapshot."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        orders = [Order(*row) for row in connection.execute(_ORDERS)]
        return Accounts(
            orders={order.id: order for order in orders},
            by_reference={order.reference: order for order in orders if order.reference},
            lines={
                row[0]: {int(name): pieces for name, pieces in row[1].items()} for row in connection.execute(_LINES)
            },
            order_of_key=dict(connection.execute(_KEYS).fetchall()),
            top_ups={row[0]: TopUp(*row) for row in connection.execute(_TOP_UPS)},
            stock={(row[0], row[1]): row[2] for row in connection.execute(_STOCK)},
        )


def _by_product(pieces: Mapping[str, int]) -> dict[int, int]:
    return {int(name): count for name, count in pieces.items()}


def undecided(connection: Connection, until: datetime | None = None) -> int:
    """Payments, orders and loads of wallets nobody knows the end of yet; only those made until a moment, if given."""
    row = connection.execute(_UNDECIDED, {"until": until}).fetchone()
    return int(row[0]) if row else 0


def left_to_people(connection: Connection) -> int:
    """What the shop could not make sense of by itself."""
    row = connection.execute(_FOR_PEOPLE).fetchone()
    return int(row[0]) if row else 0
