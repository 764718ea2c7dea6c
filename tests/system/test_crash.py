"""Processes killed in the middle of a checkout: nothing is lost, doubled or left over."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.config import PROJECT
from app.extensions import db
from app.services import invariants
from app.services.payments.sweeper import sweep
from tests.conftest import Live
from tests.shopping import DEMO_CARD, Shop, Shopper, make_shopper, open_shop

ROUNDS = 10
LATEST_KILL = 0.08


class Till:
    """Confirms a shopper's cart in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def start(self, shopper: Shopper, shop: Shop, key: str) -> int:
        """The id of the process that is now confirming."""
        body = {"cart_id": shopper.cart_id(), "payment_token_id": DEMO_CARD, "delivery_slot_id": shop.slot.id}
        request = {"json": body, "headers": {**shopper.headers, "Idempotency-Key": key}}
        self.process.stdin.write(json.dumps(request) + "\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        return int(self._line())

    def _line(self) -> str:
        return self.process.stdout.readline()  # type: ignore[union-attr]


@contextmanager
def till(live: Live, *, latency_ms: int) -> Iterator[Till]:
    """A till whose provider takes `latency_ms` to answer."""
    command = [sys.executable, "-m", "tests.system.confirming", live.url, str(latency_ms)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        opened = Till(process)
        assert opened._line() == "ready\n"
        yield opened
        process.stdin.close()  # type: ignore[union-attr]


def scalar(live: Live, query: str) -> Any:
    with live.engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def until(happened: Callable[[], Any]) -> None:
    """Wait for something another process does."""
    give_up = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def kill(live: Live, pid: int) -> None:
    """End a process without warning, and wait until the database has noticed."""
    os.kill(pid, signal.SIGKILL)
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    live.engine.dispose()
    with live.app.app_context():
        for engine in db.engines.values():
            engine.dispose()
    until(lambda: scalar(live, others) == 0)


def sweep_now(live: Live) -> None:
    """What the sweeper does a minute later, when no request of a live process can be on its way any more."""
    with live.engine.begin() as connection:
        later = "UPDATE payment_operations SET next_at = now(), updated_at = now() - interval '1 minute'"
        connection.execute(text(later))
    with live.app.app_context():
        sweep()


def assert_sound(live: Live) -> None:
    with live.app.app_context():
        assert {name: count for name, count in invariants.violations().items() if count} == {}


def prepare(live: Live, shoppers: int) -> tuple[Shop, list[Shopper]]:
    """A shop, and shoppers with two pieces in their carts each."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        shop = open_shop(session)
        found = [make_shopper(session, live.client()) for _ in range(shoppers)]
    for shopper in found:
        assert shopper.add(shop.products[0], 2).status_code == 201
    return shop, found


def test_an_order_whose_process_dies_before_the_provider_answers_is_paid_by_the_sweeper(live: Live) -> None:
    shop, (shopper,) = prepare(live, 1)
    cart_id = shopper.cart_id()

    with till(live, latency_ms=5_000) as opened:
        pid = opened.start(shopper, shop, "key-1")
        until(lambda: scalar(live, "SELECT count(*) FROM orders WHERE status = 'PENDING_PAYMENT'"))
        kill(live, pid)
    assert scalar(live, "SELECT count(*) FROM sandbox_payments") == 0
    sweep_now(live)

    assert scalar(live, "SELECT status FROM orders") == "CREATED"
    assert scalar(live, "SELECT status FROM sandbox_payments") == "authorized"
    assert_sound(live)
    again = shopper.confirm(shop, key="key-1", cart_id=cart_id, address=None)
    assert again.status_code == 200
    assert scalar(live, "SELECT count(*) FROM orders") == 1
    assert scalar(live, "SELECT count(*) FROM sandbox_payments") == 1


def test_a_process_that_dies_before_its_commit_leaves_nothing_behind(live: Live) -> None:
    shop, (shopper,) = prepare(live, 1)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    with till(live, latency_ms=0) as opened, live.engine.connect() as holder:
        holder.execute(text("SELECT * FROM inventory FOR UPDATE"))
        pid = opened.start(shopper, shop, "key-1")
        until(lambda: scalar(live, waiting))
        os.kill(pid, signal.SIGKILL)
        holder.rollback()
        until(lambda: scalar(live, waiting) == 0)
    sweep_now(live)

    assert scalar(live, "SELECT count(*) FROM orders") == 0
    assert scalar(live, "SELECT count(*) FROM sandbox_payments") == 0
    assert scalar(live, "SELECT available_quantity FROM inventory") == 100
    assert_sound(live)
    assert shopper.confirm(shop, key="key-1").status_code == 201


def test_whenever_a_process_dies_there_is_no_order_or_one_that_gets_paid(live: Live) -> None:
    """Killed at a random moment of the first 80 ms, then swept, then tried again by the customer with the same key."""
    shop, shoppers = prepare(live, ROUNDS)
    carts = [shopper.cart_id() for shopper in shoppers]

    with till(live, latency_ms=15) as opened:
        for number, shopper in enumerate(shoppers):
            pid = opened.start(shopper, shop, f"key-{number}")
            time.sleep(random.uniform(0, LATEST_KILL))
            kill(live, pid)
    sweep_now(live)

    placed = scalar(live, "SELECT count(*) FROM orders")
    assert scalar(live, "SELECT count(*) FROM orders WHERE status = 'CREATED'") == placed
    assert scalar(live, "SELECT count(*) FROM sandbox_payments WHERE status = 'authorized'") == placed
    assert scalar(live, "SELECT available_quantity FROM inventory") == 100 - 2 * placed
    assert_sound(live)
    for number, (shopper, cart_id) in enumerate(zip(shoppers, carts, strict=True)):
        answer = shopper.confirm(shop, key=f"key-{number}", cart_id=cart_id, address=None)
        assert answer.status_code in (200, 201)
    assert scalar(live, "SELECT count(*) FROM orders WHERE status = 'CREATED'") == ROUNDS
    assert scalar(live, "SELECT count(*) FROM sandbox_payments WHERE status = 'authorized'") == ROUNDS
    assert_sound(live)
