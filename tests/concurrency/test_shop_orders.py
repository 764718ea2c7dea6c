"""The races that broke the marketplace this one follows: each with real commits, 20 rounds."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.enums import AccountKind
from app.models import Inventory, Order, Product
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import make_item
from tests.market import Market, Person, balance, fill_wallet, open_market
from tests.shopping import assert_sound

ROUNDS = 20
AT_ONCE = 6


@pytest.fixture
def session(live: Live) -> Iterator[Session]:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def market(session: Session, live: Live) -> Market:
    return open_market(session, live.client())


def apart(live: Live, person: Person) -> Person:
    """The same person on another device."""
    return Person(person.user, live.client(), person.headers)


def status(person: Person, path: str, body: object = None) -> int:
    return person.post(path, body).status_code


def statuses(live: Live, person: Person, path: str, body: object = None, times: int = AT_ONCE) -> list[int]:
    calls = [partial(status, apart(live, person), path, body) for _ in range(times)]
    return sorted(at_once(calls))


def test_of_parallel_cancels_one_refunds(live: Live, session: Session, market: Market) -> None:
    item = make_item(session, market.shop, stock=10)
    fill_wallet(session, market.consumer.user, "20.00")

    for _ in range(ROUNDS):
        order_id = market.order(item, quantity=2, mode="wallet")
        sides = [(market.consumer, "consumer"), (market.vendor, "vendor")]
        calls = [
            partial(status, apart(live, person), f"/{side}/orders/{order_id}/cancel") for person, side in sides * 3
        ]

        assert sorted(at_once(calls)) == [200, 409, 409, 409, 409, 409]
        assert balance(session, AccountKind.WALLET, market.consumer.user.id) == Decimal("20.00")
    assert_sound()


def test_of_parallel_deliveries_one_earns(live: Live, session: Session, market: Market) -> None:
    item = make_item(session, market.shop, stock=100)
    fill_wallet(session, market.consumer.user, "200.00")

    for done in range(1, ROUNDS + 1):
        order_id = market.order(item, quantity=1, mode="wallet")

        answers = statuses(live, market.vendor, f"/vendor/orders/{order_id}/status", {"status": "delivered"})

        assert answers == [200] * AT_ONCE
        session.rollback()
        assert balance(session, AccountKind.VENDOR_PENDING, market.shop.id) == 10 * done
    assert_sound()


def test_of_parallel_confirms_of_one_basket_one_orders(live: Live, session: Session, market: Market) -> None:
    item = make_item(session, market.shop, stock=100)
    fill_wallet(session, market.consumer.user, "400.00")

    for done in range(1, ROUNDS + 1):
        market.consumer.post("/consumer/cart/add", {"item_id": item.id, "quantity": 2})

        answers = statuses(live, market.consumer, "/consumer/order/confirm", {"payment_mode": "wallet"})

        assert answers == [201, 400, 400, 400, 400, 400]
        session.rollback()
        assert session.scalar(select(func.count()).select_from(Order)) == done
    assert balance(session, AccountKind.WALLET, market.consumer.user.id) == 0
    assert_sound()


def test_cancel_against_delivery_ends_in_one_of_them(live: Live, session: Session, market: Market) -> None:
    item = make_item(session, market.shop, stock=100)
    fill_wallet(session, market.consumer.user, "400.00")

    for _ in range(ROUNDS):
        order_id = market.order(item, quantity=1, mode="wallet")
        calls = [
            partial(status, market.consumer, f"/consumer/orders/{order_id}/cancel"),
            partial(status, market.vendor, f"/vendor/orders/{order_id}/status", {"status": "delivered"}),
        ]

        assert sorted(at_once(calls)) == [200, 409]
    assert_sound()


def test_of_parallel_returns_no_more_goes_back_than_was_bought(live: Live, session: Session, market: Market) -> None:
    item = make_item(session, market.shop, stock=100)
    fill_wallet(session, market.consumer.user, "800.00")

    for _ in range(ROUNDS):
        order_id = market.order(item, quantity=2, mode="wallet")
        market.answer(order_id, "delivered")
        body = {"reason": "broken", "items": [{"item_id": item.id, "quantity": 1}]}

        raised = statuses(live, market.consumer, f"/consumer/orders/{order_id}/return/raise", body, times=4)
        accepted = statuses(live, market.vendor, f"/vendor/orders/{order_id}/return/accept", times=3)
        completed = statuses(live, market.vendor, f"/vendor/orders/{order_id}/return/complete", times=3)

        assert raised == [200, 200, 400, 400]
        assert accepted == [200, 409, 409]
        assert completed == [200, 409, 409]
    session.rollback()
    assert balance(session, AccountKind.WALLET, market.consumer.user.id) == Decimal("800.00")
    assert balance(session, AccountKind.VENDOR_PENDING, market.shop.id) == 0
    assert_sound()


def test_the_last_pieces_go_to_as_many_as_there_are(live: Live, session: Session, market: Market) -> None:
    """Six neighbours want two pieces each of five: two get theirs, the others are told what is short."""
    neighbours = [open_market(session, live.client()).consumer for _ in range(AT_ONCE)]
    for _ in range(ROUNDS // 2):
        item = make_item(session, market.shop, stock=5)
        for neighbour in neighbours:
            neighbour.post("/consumer/cart/clear")
            added = neighbour.post("/consumer/cart/add", {"item_id": item.id, "quantity": 2})
            assert added.status_code == 200, added.json
        calls = [partial(status, neighbour, "/consumer/order/confirm") for neighbour in neighbours]

        assert sorted(at_once(calls)) == [201, 201, 409, 409, 409, 409]
        session.rollback()
        assert stock_of(session, item) == (1, 4)
    assert_sound()


def stock_of(session: Session, item: Product) -> tuple[int, int]:
    row = session.execute(
        select(Inventory).where(Inventory.product_id == item.id).execution_options(populate_existing=True)
    ).scalar_one()
    return row.available_quantity, row.reserved_quantity
