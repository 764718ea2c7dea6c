"""What a shop does to its tables all the time, in threads, by statements that fit each revision since 0002."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import psycopg

APPLICATION = "drill-load"
_PAUSE = 0.005
"""Seconds a shopper thinks; the machine is to be busy, not full."""

_CART = "INSERT INTO carts (user_id, status) VALUES (%s, 'CHECKED_OUT') RETURNING id"
_PRICES = "SELECT id, price FROM products WHERE id = ANY(%s) AND is_active ORDER BY id"
_TAKE = """
    UPDATE inventory SET available_quantity = available_quantity - 1, reserved_quantity = reserved_quantity + 1
    WHERE stock_location_id = 1 AND product_id = %s
"""
_ORDER = """
    INSERT INTO orders (order_number, user_id, cart_id, channel, stock_location_id, status, fulfillment_type, currency,
                        items_total, tax_total, total_amount, pay_deadline)
    VALUES ('LIVE-' || %s, %s, %s, 'DELIVERY_OR_PICKUP', 1, 'CREATED', 'PICKUP', 'ILS', 10, 0, 10, now()) RETURNING id
"""
_LINE = """
    INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total,
                             tax_rate, tax_amount)
    VALUES (%s, %s, 'Product', 'SKU', 'each', 'PIECE', 5, 1, 5, 0, 0) RETURNING id
"""
_MOVE = """
    INSERT INTO stock_movements
        (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
    VALUES (1, %s, 'allocate', -1, 1, 'order_item', %s)
"""
_PAYMENT = """
    INSERT INTO payments (order_id, provider, reference, currency, requested_amount, authorized_amount)
    VALUES (%s, 'mockpay', 'LIVE-' || %s, 'ILS', 10, 10)
"""
_NEWS = "INSERT INTO outbox (topic, aggregate, payload) VALUES ('order.created', 'order:' || %s, '{}')"
_TRACE = (
    "INSERT INTO audit_events (entity_type, entity_id, action, request_id) VALUES ('order', %s, 'order.created', 'x')"
)
_CANCEL = """
    UPDATE orders SET status = 'CANCELED', canceled_at = now() WHERE id = %s AND status = 'CREATED'
"""
_JOURNAL = "INSERT INTO journals (reference, description) VALUES ('live-' || gen_random_uuid(), 'A gift') RETURNING id"
_ENTRY = """
    INSERT INTO entries (journal_id, account_id, amount)
    SELECT %s, id, %s FROM accounts WHERE kind = %s AND owner_id IS NOT DISTINCT FROM %s
"""
_LISTS = (
    "SELECT id, status, total_amount FROM orders WHERE user_id = %s ORDER BY id DESC LIMIT 20",
    """SELECT orders.id, order_items.product_id, quantity FROM orders
       JOIN order_items ON order_items.order_id = orders.id WHERE orders.user_id = %s LIMIT 50""",
    "SELECT id, full_name, role FROM users WHERE id = %s AND is_active",
    "SELECT id, name, price FROM products WHERE id > %s AND is_active AND shop_id IS NULL ORDER BY id LIMIT 30",
    "SELECT id, title FROM notifications WHERE user_id = %s ORDER BY id DESC LIMIT 20",
    "SELECT balance FROM accounts WHERE kind = 'wallet' AND owner_id = %s",
)


@dataclass
class Tally:
    """What the load has seen since the last time somebody asked."""

    statements: int = 0
    longest: float = 0.0
    """Seconds of the longest statement or commit."""
    faults: list[str] = field(default_factory=list)


class Worker:
    """One connection that does one kind of work, again and again."""

    def __init__(self, url: str, users: int, products: int, work: "Callable[[Worker], None]") -> None:
        self.users, self.products, self._work = users, products, work
        self._connection = psycopg.connect(url, autocommit=True, application_name=APPLICATION)
        self.chance = random.Random()
        self._lock = threading.Lock()
        self._tally = Tally()

    def run(self, over: threading.Event) -> None:
        while not over.wait(_PAUSE):
            try:
                self._work(self)
            except psycopg.Error as error:
                with self._lock:
                    self._tally.faults.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
        self._connection.close()

    def ask(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self._timed():
            cursor = self._connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def together(self) -> Iterator[None]:
        """A transaction; the time of its commit counts as that of a statement."""
        self.ask("BEGIN")
        try:
            yield
        except psycopg.Error:
            self._connection.execute("ROLLBACK")
            raise
        self.ask("COMMIT")

    def take_tally(self) -> Tally:
        with self._lock:
            taken, self._tally = self._tally, Tally()
        return taken

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._tally.statements += 1
                self._tally.longest = max(self._tally.longest, time.monotonic() - began)


def buy(shopper: Worker) -> None:
    """What a checkout writes, in its order."""
    user = shopper.chance.randint(1, shopper.users)
    goods = sorted(shopper.chance.sample(range(1, shopper.products + 1), 2))
    with shopper.together():
        cart = shopper.ask(_CART, user)[0][0]
        shopper.ask(_PRICES, goods)
        for product in goods:
            shopper.ask(_TAKE, product)
        order = shopper.ask(_ORDER, cart, user, cart)[0][0]
        for product in goods:
            line = shopper.ask(_LINE, order, product)[0][0]
            shopper.ask(_MOVE, product, line)
        shopper.ask(_PAYMENT, order, order)
        shopper.ask(_NEWS, order)
        shopper.ask(_TRACE, order)
    if shopper.chance.random() < 0.1:
        shopper.ask(_CANCEL, order)


def look(reader: Worker) -> None:
    """The lists people look at."""
    reader.ask(reader.chance.choice(_LISTS), reader.chance.randint(1, min(reader.users, reader.products)))


def keep_house(clerk: Worker) -> None:
    """Prices, people, gifts into wallets."""
    user, product = clerk.chance.randint(1, clerk.users), clerk.chance.randint(1, clerk.products)
    clerk.ask("UPDATE products SET price = price + 0.01, updated_at = now() WHERE id = %s", product)
    clerk.ask("UPDATE users SET full_name = full_name, updated_at = now() WHERE id = %s", user)
    clerk.ask("INSERT INTO users (email, full_name) VALUES (gen_random_uuid() || '@example.com', 'Somebody new')")
    with clerk.together():
        journal = clerk.ask(_JOURNAL)[0][0]
        clerk.ask(_ENTRY, journal, 5, "wallet", user)
        clerk.ask(_ENTRY, journal, -5, "psp_receivable", None)


class TableLoad:
    """Two shoppers, two readers and a clerk at work for the length of a block."""

    def __init__(self, url: str, users: int, products: int) -> None:
        crew: Sequence[Callable[[Worker], None]] = (buy, buy, look, look, keep_house)
        self._workers = [Worker(url, users, products, work) for work in crew]
        self._over = threading.Event()
        self._threads = [threading.Thread(target=one.run, args=(self._over,), daemon=True) for one in self._workers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def take_tally(self) -> Tally:
        """What all have seen together since it was last taken."""
        parts = [worker.take_tally() for worker in self._workers]
        return Tally(
            sum(part.statements for part in parts),
            max(part.longest for part in parts),
            [fault for part in parts for fault in part.faults],
        )
