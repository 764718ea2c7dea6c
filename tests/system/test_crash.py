"""Processes killed in the middle of a checkout: nothing is lost, doubled or left over."""

import random
import time

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.conftest import Live
from tests.shopping import DEMO_CARD, Shop, Shopper, make_shopper, open_shop
from tests.system.killing import Till, assert_sound, kill, kill_at_once, scalar, sweep_now, till, until

ROUNDS = 10
LATEST_KILL = 0.08


def start(opened: Till, shopper: Shopper, shop: Shop, key: str) -> int:
    """The id of the process that confirms a shopper's cart."""
    body = {"cart_id": shopper.cart_id(), "payment_token_id": DEMO_CARD, "delivery_slot_id": shop.slot.id}
    return opened.start(body, shopper.headers, key)


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
        pid = start(opened, shopper, shop, "key-1")
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
        pid = start(opened, shopper, shop, "key-1")
        until(lambda: scalar(live, waiting))
        kill_at_once(pid)
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
            pid = start(opened, shopper, shop, f"key-{number}")
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
