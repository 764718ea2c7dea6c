"""The races of checkout, with real commits on a database of their own."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.services import invariants
from app.services.payments import sweeper
from tests import databases
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.shopping import Shop, Shopper, make_shopper, open_shop


def count(live: Live, query: str) -> int:
    with live.engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def assert_sound(live: Live) -> None:
    with live.app.app_context():
        assert {name: n for name, n in invariants.violations().items() if n} == {}


def prepare(live: Live, buyers: int, **shop: int) -> tuple[Shop, list[Shopper]]:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        opened = open_shop(session, **shop)
        return opened, [make_shopper(session, live.client()) for _ in range(buyers)]


def test_sixty_buyers_of_the_last_twenty_units_make_twenty_orders_and_forty_clean_refusals(live: Live) -> None:
    shop, buyers = prepare(live, 60, stock=20)
    for buyer in buyers:
        assert buyer.add(shop.products[0]).status_code == 201
    carts = [buyer.cart_id() for buyer in buyers]

    answers = at_once([partial(b.confirm, shop, cart_id=c) for b, c in zip(buyers, carts, strict=True)])

    assert Counter(answer.status_code for answer in answers) == {201: 20, 409: 40}
    refused = [answer.json["error"] for answer in answers if answer.status_code == 409]
    assert {error["code"] for error in refused} == {"INSUFFICIENT_STOCK"}
    assert refused[0]["details"]["missing"][0]["available_quantity"] == 0
    assert count(live, "SELECT available_quantity FROM inventory") == 0
    assert count(live, "SELECT count(*) FROM orders WHERE status = 'CREATED'") == 20
    assert_sound(live)


def test_sixty_four_shoppers_of_the_same_eight_products_never_fail_nor_deadlock(live: Live) -> None:
    shop, buyers = prepare(live, 64, stock=100_000, products=8)
    log_before = len(databases.server_log())

    def shop_and_sometimes_cancel(buyer: Shopper, seed: int) -> list[int]:
        chance = random.Random(seed)
        codes = []
        for _ in range(3):
            for product in chance.sample(shop.products, 5):
                added = buyer.add(product, chance.randint(1, 3))
                codes.append(added.status_code)
            answer = buyer.confirm(shop)
            codes.append(answer.status_code)
            if chance.random() < 0.5:
                codes.append(buyer.post(f"/orders/{answer.json['data']['order_id']}/cancel").status_code)
        return codes

    answers = at_once([partial(shop_and_sometimes_cancel, buyer, seed) for seed, buyer in enumerate(buyers)])

    assert {code for codes in answers for code in codes} <= {200, 201}
    assert "deadlock detected" not in databases.server_log()[log_before:]
    assert count(live, "SELECT count(*) FROM orders") == 64 * 3
    assert_sound(live)


@pytest.mark.parametrize("keys", [("one", "one"), ("one", "two")], ids=["one key", "two keys"])
def test_the_same_confirm_twice_at_once_is_one_order_one_charge_and_one_answer(
    live: Live, keys: tuple[str, str]
) -> None:
    shop, buyers = prepare(live, 20, stock=1000)
    for buyer in buyers:
        buyer.add(shop.products[0], 3)

    for buyer in buyers:
        cart_id = buyer.cart_id()
        first, second = at_once([partial(buyer.confirm, shop, key=key, cart_id=cart_id) for key in keys])
        assert first.status_code in (200, 201)
        assert second.status_code in (200, 201)
        assert first.json == second.json

    assert count(live, "SELECT count(*) FROM orders") == 20
    assert count(live, "SELECT count(*) FROM sandbox_payments") == 20
    assert count(live, "SELECT available_quantity FROM inventory") == 1000 - 20 * 3
    assert_sound(live)


def test_sixteen_confirms_with_one_key_make_one_order(live: Live) -> None:
    shop, [buyer] = prepare(live, 1, stock=100)
    buyer.add(shop.products[0])
    cart_id = buyer.cart_id()

    answers = at_once([partial(buyer.confirm, shop, key="the-key", cart_id=cart_id) for _ in range(16)])

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json["data"]["order_id"] for answer in answers}) == 1
    assert count(live, "SELECT count(*) FROM orders") == 1
    assert_sound(live)


def test_one_key_for_two_different_requests_at_once_stands_for_one_of_them(live: Live) -> None:
    shop, buyers = prepare(live, 10, stock=100)

    for buyer in buyers:
        buyer.add(shop.products[0])
        confirm = partial(buyer.confirm, shop, key="k", cart_id=buyer.cart_id())
        answers = at_once([partial(confirm, address=address) for address in ("1 First Street", "2 Second Street")])
        refused = [answer.json["error"]["code"] for answer in answers if answer.status_code == 409]
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert refused == ["IDEMPOTENCY_KEY_REUSE_MISMATCH"]


def test_an_order_cancelled_by_many_hands_at_once_is_cancelled_and_told_of_once(live: Live) -> None:
    shop, buyers = prepare(live, 5, stock=100)

    for buyer in buyers:
        buyer.add(shop.products[0])
        order_id = buyer.confirm(shop).json["data"]["order_id"]
        answers = at_once([partial(buyer.post, f"/orders/{order_id}/cancel") for _ in range(6)])
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5

    assert count(live, "SELECT count(*) FROM outbox WHERE topic = 'order.canceled'") == 5
    assert count(live, "SELECT count(*) FROM audit_events WHERE entity_type = 'order' AND action = 'CANCEL'") == 5
    assert count(live, "SELECT available_quantity FROM inventory") == 100
    assert_sound(live)


def test_a_slot_is_never_booked_beyond_its_capacity(live: Live) -> None:
    shop, buyers = prepare(live, 24, stock=1000, capacity=5)
    with live.app.app_context(), Session(live.engine) as session:
        day = session.execute(text("SELECT current_date + (7 - extract(dow FROM current_date))::int")).scalar_one()
    for buyer in buyers:
        buyer.add(shop.products[0])
    carts = [buyer.cart_id() for buyer in buyers]

    answers = at_once(
        [partial(b.confirm, shop, cart_id=c, delivery_date=day.isoformat()) for b, c in zip(buyers, carts, strict=True)]
    )

    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 19}
    assert {a.json["error"]["code"] for a in answers if a.status_code == 409} == {"SLOT_FULL"}
    assert_sound(live)


def test_pieces_added_during_a_confirm_are_either_sold_or_in_the_next_cart(live: Live) -> None:
    shop, buyers = prepare(live, 20, stock=1000)
    [product] = shop.products

    for buyer in buyers:
        buyer.add(product, 1)
        confirm = partial(buyer.confirm, shop, cart_id=buyer.cart_id())
        answers = at_once([confirm, partial(buyer.add, product, 2), partial(buyer.add, product, 3), confirm])
        assert {answer.status_code for answer in answers} <= {200, 201}

    sold = count(live, "SELECT sum(quantity) FROM order_items")
    waiting = (
        "SELECT COALESCE(sum(quantity), 0) FROM cart_items JOIN carts ON carts.id = cart_id WHERE status = 'ACTIVE'"
    )
    assert sold + count(live, waiting) == 20 * (1 + 2 + 3)
    assert count(live, "SELECT count(*) FROM orders") == 20
    assert_sound(live)


def test_a_database_that_drops_connections_all_the_time_sells_every_cart_once(live: Live) -> None:
    shop, buyers = prepare(live, 24, stock=1000)
    for buyer in buyers:
        buyer.add(shop.products[0])
    confirms = [partial(buyer.confirm, shop, key="k", cart_id=buyer.cart_id()) for buyer in buyers]
    over = Event()

    def drop_connections() -> None:
        while not over.wait(0.03):
            count(live, DROP_ONE)

    with ThreadPoolExecutor(1) as pool:
        dropping = pool.submit(drop_connections)
        first = at_once(confirms)
        over.set()
        dropping.result()
    run_until_settled(live, confirms)

    assert {answer.status_code for answer in first} <= {200, 201, 202, 500, 503}
    assert count(live, "SELECT count(*) FROM orders WHERE status = 'CREATED'") == 24
    assert count(live, "SELECT count(*) FROM orders") == 24
    assert count(live, "SELECT available_quantity FROM inventory") == 1000 - 24
    assert_sound(live)


DROP_ONE = """
    WITH chosen AS MATERIALIZED (
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        ORDER BY random() LIMIT 1
    )
    SELECT count(pg_terminate_backend(pid)) FROM chosen
"""


def run_until_settled(live: Live, confirms: Sequence[Callable[[], TestResponse]]) -> None:
    """Every client repeats its request, then the sweeper finishes what is left, a minute later."""
    for confirm in confirms:
        for _ in range(10):
            if confirm().status_code in (200, 201, 202):
                break
    with live.engine.begin() as connection:
        connection.execute(
            text("UPDATE payment_operations SET next_at = now(), updated_at = now() - interval '1 minute'")
        )
    with live.app.app_context():
        sweeper.sweep()
