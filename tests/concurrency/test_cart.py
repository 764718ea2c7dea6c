"""Many hands on one cart at once, with real commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import CartStatus
from app.models import AuditEvent, Cart, CartItem
from tests import factories
from tests.conftest import Live

CART = "/api/v1/cart"
ROUNDS = 20
HANDS = 6


@pytest.fixture
def session(live: Live) -> Session:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as opened:
        yield opened


def at_once(live: Live, calls: list[Callable[[FlaskClient], TestResponse]]) -> list[TestResponse]:
    """Run every call in a thread and with a client of its own, all released together."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[FlaskClient], TestResponse]) -> TestResponse:
        client = live.client()
        barrier.wait()
        return call(client)

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def adding(headers: dict[str, str], product_id: int, quantity: int = 1) -> Callable[[FlaskClient], TestResponse]:
    body = {"product_id": product_id, "quantity": quantity}
    return lambda client: client.post(f"{CART}/items", json=body, headers=headers)


def looking(headers: dict[str, str]) -> Callable[[FlaskClient], TestResponse]:
    return lambda client: client.get(CART, headers=headers)


def lines_of(session: Session, cart_id: int) -> dict[int, int]:
    session.rollback()
    rows = session.execute(select(CartItem.product_id, CartItem.quantity).where(CartItem.cart_id == cart_id))
    return {row.product_id: row.quantity for row in rows}


def test_parallel_first_looks_make_one_cart(live: Live, session: Session) -> None:
    for _ in range(ROUNDS):
        user = factories.make_user(session)
        headers = factories.sign_in(session, user)

        answers = at_once(live, [looking(headers)] * HANDS)

        assert [answer.status_code for answer in answers] == [200] * HANDS
        assert len({answer.json["data"]["id"] for answer in answers}) == 1
        assert session.scalar(select(func.count()).where(Cart.user_id == user.id)) == 1


def test_parallel_first_adds_make_one_cart_with_the_right_sum(live: Live, session: Session) -> None:
    product = factories.make_product(session, stock={factories.make_warehouse(session): 1_000})
    for _ in range(ROUNDS):
        headers = factories.sign_in(session, factories.make_user(session))

        answers = at_once(live, [adding(headers, product.id, quantity) for quantity in range(1, HANDS + 1)])

        assert [answer.status_code for answer in answers] == [201] * HANDS
        carts = {answer.json["data"]["id"] for answer in answers}
        assert len(carts) == 1
        assert lines_of(session, carts.pop()) == {product.id: sum(range(1, HANDS + 1))}


def test_parallel_adds_never_pass_the_stock_of_the_delivery_branch(live: Live, session: Session) -> None:
    product = factories.make_product(session, stock={factories.make_warehouse(session): 4})
    for _ in range(ROUNDS):
        headers = factories.sign_in(session, factories.make_user(session))

        answers = at_once(live, [adding(headers, product.id)] * HANDS)

        assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * (HANDS - 4)


def test_parallel_adds_of_a_guest_sum_up(live: Live, session: Session) -> None:
    product = factories.make_product(session, stock={factories.make_warehouse(session): 1_000})
    for _ in range(ROUNDS):
        opened = live.client().post(f"{CART}/guest").json["data"]
        headers = {"X-Cart-Token": opened["cart_token"]}

        answers = at_once(live, [adding(headers, product.id)] * HANDS)

        assert [answer.status_code for answer in answers] == [201] * HANDS
        assert lines_of(session, opened["cart"]["id"]) == {product.id: HANDS}


def test_a_guests_cart_merged_by_many_hands_at_once_counts_once(live: Live, session: Session) -> None:
    product = factories.make_product(session, stock={factories.make_warehouse(session): 1_000})
    for _ in range(ROUNDS):
        headers = factories.sign_in(session, factories.make_user(session))
        token = live.client().post(f"{CART}/guest").json["data"]["cart_token"]
        live.client().post(
            f"{CART}/items", json={"product_id": product.id, "quantity": 3}, headers={"X-Cart-Token": token}
        )

        def merging(client: FlaskClient, headers: dict[str, str] = headers, token: str = token) -> TestResponse:
            return client.post(f"{CART}/merge", json={"cart_token": token}, headers=headers)

        answers = at_once(live, [merging] * 4 + [adding(headers, product.id)] * 2)

        assert sorted(answer.status_code for answer in answers) == [200, 201, 201, 404, 404, 404]
        cart_id = next(answer.json["data"]["id"] for answer in answers if answer.status_code == 201)
        assert lines_of(session, cart_id) == {product.id: 5}


def test_a_guests_adds_racing_a_merge_are_merged_or_refused_and_never_lost(live: Live, session: Session) -> None:
    product = factories.make_product(session, stock={factories.make_warehouse(session): 1_000})
    for _ in range(ROUNDS):
        headers = factories.sign_in(session, factories.make_user(session))
        token = live.client().post(f"{CART}/guest").json["data"]["cart_token"]

        def merging(client: FlaskClient, headers: dict[str, str] = headers, token: str = token) -> TestResponse:
            return client.post(f"{CART}/merge", json={"cart_token": token}, headers=headers)

        answers = at_once(live, [merging] + [adding({"X-Cart-Token": token}, product.id)] * 4)

        kept = sum(answer.status_code == 201 for answer in answers[1:])
        assert {answer.status_code for answer in answers[1:]} <= {201, 404}
        cart = answers[0].json["data"]["cart"]
        assert lines_of(session, cart["id"]) == ({product.id: kept} if kept else {})


def test_an_add_racing_the_checkout_lands_in_the_new_cart_or_in_the_old_one(live: Live, session: Session) -> None:
    product = factories.make_product(session, stock={factories.make_warehouse(session): 1_000})
    for _ in range(ROUNDS):
        user = factories.make_user(session)
        headers = factories.sign_in(session, user)
        cart_id = adding(headers, product.id)(live.client()).json["data"]["id"]
        with Session(live.engine) as checkout:
            cart = checkout.execute(select(Cart).where(Cart.id == cart_id).with_for_update(key_share=True)).scalar_one()
            cart.status = CartStatus.CHECKED_OUT
            checkout.flush()
            with ThreadPoolExecutor(1) as thread:
                waiting = thread.submit(adding(headers, product.id, 2), live.client())
                checkout.commit()
                answer = waiting.result()

        assert answer.status_code == 201
        assert answer.json["data"]["id"] != cart_id
        assert lines_of(session, cart_id) == {product.id: 1}
        assert lines_of(session, answer.json["data"]["id"]) == {product.id: 2}


def test_parallel_clearing_is_harmless_and_audited_once(live: Live, session: Session) -> None:
    product = factories.make_product(session, stock={factories.make_warehouse(session): 1_000})
    for _ in range(ROUNDS):
        headers = factories.sign_in(session, factories.make_user(session))
        cart_id = adding(headers, product.id)(live.client()).json["data"]["id"]

        answers = at_once(live, [lambda client, headers=headers: client.delete(CART, headers=headers)] * 3)

        assert [answer.status_code for answer in answers] == [200] * 3
        assert lines_of(session, cart_id) == {}
        cleared = select(func.count()).where(AuditEvent.entity_id == cart_id, AuditEvent.action == "CLEAR")
        assert session.scalar(cleared) == 1
