"""Processes killed in the middle of a trolley's checkout: session, order, payment and stock end as one."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Product
from app.services.trolleys import sweeping
from tests import factories
from tests.conftest import Live
from tests.system.killing import Till, assert_sound, kill, kill_at_once, scalar, sweep_now, till, until
from tests.trolleys import DECLINED_CARD, DEMO_CARD, Walk, start_walk

ROUNDS = 6
LATEST_KILL = 0.12
PIECES = 2
STOCK = 100
SENT = "SELECT count(*) FROM payment_operations WHERE kind = 'authorize' AND state = 'sent'"


@pytest.fixture
def milk(live: Live) -> Product:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        return factories.make_product(session)


def walks(live: Live, milk: Product, number: int) -> list[Walk]:
    """Shoppers of one branch, each with two pieces in a trolley of their own."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        branch = factories.make_location(session)
        factories.make_stock(session, milk, branch, STOCK)
        made = [start_walk(session, live.client(), branch) for _ in range(number)]
        for walk in made:
            walk.put(milk, PIECES)
    return made


def form_of(walk: Walk, token: int = DEMO_CARD) -> dict[str, Any]:
    """What pays for the trolley, the same whenever it is sent."""
    return {"cart_id": walk.opened.cart_id, "payment_token_id": token}


def start(opened: Till, walk: Walk, token: int = DEMO_CARD) -> int:
    return opened.start(form_of(walk, token), walk.headers, key_of(walk))


def key_of(walk: Walk) -> str:
    return f"walk-{walk.opened.id}"


def again(walk: Walk) -> Any:
    """The shopper's app sends the same confirm once more."""
    headers = {**walk.headers, "Idempotency-Key": key_of(walk)}
    return walk.client.post("/api/v1/checkout/confirm", json=form_of(walk), headers=headers)


def sweep_all(live: Live) -> None:
    """The payments' sweeper, again for the captures it asked for, and that of the trolleys."""
    sweep_now(live)
    sweep_now(live)
    with live.app.app_context():
        sweeping.sweep()


def sessions(live: Live) -> list[str]:
    """The state of every session, oldest first."""
    with live.engine.connect() as connection:
        return list(connection.execute(text("SELECT state FROM cart_sessions ORDER BY id")).scalars())


def shelf(live: Live) -> tuple[int, int]:
    with live.engine.connect() as connection:
        row = connection.execute(text("SELECT available_quantity, reserved_quantity FROM inventory")).one()
    return row.available_quantity, row.reserved_quantity


def assert_paid_once(live: Live, walk: Walk) -> None:
    """One order, delivered and captured, out of the stock; its answer is the same however often it is asked for."""
    assert sessions(live) == ["paid"]
    assert scalar(live, "SELECT status FROM orders") == "DELIVERED"
    assert scalar(live, "SELECT status FROM sandbox_payments") == "captured"
    assert scalar(live, "SELECT count(*) FROM payments WHERE captured_amount = requested_amount") == 1
    assert shelf(live) == (STOCK - PIECES, 0)
    assert scalar(live, "SELECT state FROM reservations") == "CONSUMED"
    assert_sound(live)
    first, second = again(walk), again(walk)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["Idempotent-Replayed"] == "true"
    assert first.json["data"] == second.json["data"]
    assert first.json["data"]["order_id"] == scalar(live, "SELECT order_id FROM cart_sessions")
    assert scalar(live, "SELECT count(*) FROM orders") == 1
    assert_sound(live)


@contextmanager
def holding(live: Live, rows: str) -> Iterator[None]:
    """Nobody else changes these rows meanwhile."""
    with live.engine.connect() as holder:
        holder.execute(text(f"{rows} FOR UPDATE"))
        yield
        holder.rollback()


def test_a_trolley_whose_payment_was_never_sent_is_paid_by_the_sweeper(live: Live, milk: Product) -> None:
    (walk,) = walks(live, milk, 1)

    with till(live, latency_ms=5_000) as opened:
        pid = start(opened, walk)
        until(lambda: scalar(live, SENT))
        kill(live, pid)
    assert sessions(live) == ["paying"]
    assert scalar(live, "SELECT count(*) FROM sandbox_payments") == 0
    sweep_all(live)

    assert_paid_once(live, walk)


def test_a_trolley_whose_process_dies_between_the_payment_and_its_own_books_is_paid(live: Live, milk: Product) -> None:
    (walk,) = walks(live, milk, 1)

    with till(live, latency_ms=300) as opened:
        pid = start(opened, walk)
        until(lambda: scalar(live, SENT))
        with holding(live, "SELECT * FROM orders"):
            until(lambda: scalar(live, "SELECT count(*) FROM sandbox_payments"))
            kill_at_once(pid)
        kill(live, pid)
    assert sessions(live) == ["paying"]
    assert scalar(live, "SELECT status FROM orders") == "PENDING_PAYMENT"
    sweep_all(live)

    assert_paid_once(live, walk)


def test_a_trolley_whose_answer_is_lost_hears_it_again(live: Live, milk: Product) -> None:
    (walk,) = walks(live, milk, 1)

    with till(live, latency_ms=0) as opened:
        pid = start(opened, walk)
        until(lambda: scalar(live, "SELECT count(*) FROM orders WHERE status = 'DELIVERED'"))
        kill(live, pid)
    assert sessions(live) == ["paid"]
    sweep_all(live)

    assert_paid_once(live, walk)


def test_goods_of_a_declined_card_are_back_in_the_trolley_after_a_crash(live: Live, milk: Product) -> None:
    (walk,) = walks(live, milk, 1)
    card = {"card_number": DECLINED_CARD}
    made = walk.client.post("/api/v1/me/payment-tokens", json=card, headers=walk.headers)

    with till(live, latency_ms=300) as opened:
        pid = start(opened, walk, made.json["data"]["payment_token_id"])
        until(lambda: scalar(live, SENT))
        with holding(live, "SELECT * FROM carts"):
            until(lambda: scalar(live, "SELECT count(*) FROM orders WHERE status = 'CANCELED'"))
            kill_at_once(pid)
        kill(live, pid)
    assert sessions(live) == ["paying"]
    sweep_all(live)

    assert sessions(live) == ["review"]
    assert scalar(live, "SELECT sum(quantity) FROM reservations WHERE state = 'ACTIVE'") == PIECES
    assert shelf(live) == (STOCK - PIECES, PIECES)
    assert_sound(live)
    with Session(live.engine) as session:
        assert walk.pay(session).status_code == 201
    assert_sound(live)


def test_whenever_a_process_dies_a_trolley_is_paid_or_still_shopping(live: Live, milk: Product) -> None:
    """Killed at a random moment of the first 120 ms, then swept, then confirmed again with the same key."""
    shoppers = walks(live, milk, ROUNDS)

    with till(live, latency_ms=15) as opened:
        for walk in shoppers:
            pid = start(opened, walk)
            time.sleep(random.uniform(0, LATEST_KILL))
            kill(live, pid)
    sweep_all(live)

    states = sessions(live)
    paid = states.count("paid")
    assert states.count("shopping") == ROUNDS - paid
    assert scalar(live, "SELECT count(*) FROM orders WHERE status = 'DELIVERED'") == paid
    assert scalar(live, "SELECT count(*) FROM sandbox_payments WHERE status = 'captured'") == paid
    assert shelf(live) == (STOCK - PIECES * ROUNDS, PIECES * (ROUNDS - paid))
    assert_sound(live)
    assert {again(walk).status_code for walk in shoppers} <= {200, 201}
    sweep_all(live)
    assert sessions(live) == ["paid"] * ROUNDS
    assert scalar(live, "SELECT count(*) FROM sandbox_payments WHERE status = 'captured'") == ROUNDS
    assert shelf(live) == (STOCK - PIECES * ROUNDS, 0)
    assert_sound(live)
