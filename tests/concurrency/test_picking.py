"""The races of picking, with real commits: two pickers, picker and customer, two who pack, shelf and checkout."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests import databases, factories
from tests.concurrency.racing import at_once
from tests.concurrency.test_checkout import assert_sound, count
from tests.conftest import Live
from tests.shopping import Shop, Shopper, make_shopper, open_shop

ROUNDS = 20
OPS = "/ops/orders"


class Staff(Shopper):
    """Somebody of the staff with a client of their own."""

    def patch(self, path: str, **body: Any) -> TestResponse:
        return self.client.patch(f"/api/v1{path}", headers=self.headers, json=body)

    def mark(self, order_id: int, item_id: int, status: str, **body: Any) -> TestResponse:
        return self.patch(f"{OPS}/{order_id}/items/{item_id}/picked-status", picked_status=status, **body)

    def move(self, order_id: int, status: str) -> TestResponse:
        return self.patch(f"{OPS}/{order_id}/status", status=status)


@pytest.fixture
def setting(live: Live) -> tuple[Shop, Shopper, list[Staff]]:
    """A shop of two products, a shopper, and two employees of its warehouse."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        shop = open_shop(session, stock=10_000, products=2)
        staff = []
        for _ in range(2):
            user = factories.make_employee(session, shop.warehouse)
            staff.append(Staff(user, live.client(), factories.sign_in(session, user)))
        return shop, make_shopper(session, live.client()), staff


def buy(shop: Shop, shopper: Shopper) -> tuple[int, list[int]]:
    """An order of two lines: its id and theirs."""
    for product in shop.products:
        assert shopper.add(product, 2).status_code == 201
    order_id = shopper.confirm(shop).json["data"]["order_id"]
    items = shopper.get(f"/orders/{order_id}").json["data"]["items"]
    return order_id, [item["id"] for item in items]


def codes(answers: list[TestResponse]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_of_two_pickers_who_claim_one_order_one_wins_and_the_other_is_told_who(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, staff = setting

    for _ in range(ROUNDS):
        order_id, _ = buy(shop, shopper)
        answers = at_once([partial(person.post, f"{OPS}/{order_id}/claim", json={}) for person in staff])

        assert codes(answers) == {200: 1, 409: 1}
        winner = next(person for person, answer in zip(staff, answers, strict=True) if answer.status_code == 200)
        refused = next(answer.json["error"] for answer in answers if answer.status_code == 409)
        assert refused["code"] == "ORDER_CLAIMED"
        assert refused["details"]["picker_id"] == winner.user.id
    assert_sound(live)


def test_of_two_pickers_who_mark_one_unclaimed_order_one_wins(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, staff = setting

    for _ in range(ROUNDS):
        order_id, (item_id, _) = buy(shop, shopper)
        answers = at_once([partial(person.mark, order_id, item_id, "MISSING") for person in staff])

        assert codes(answers) == {200: 1, 409: 1}
    assert count(live, "SELECT count(*) FROM pick_events") == ROUNDS
    assert_sound(live)


def test_two_who_pack_one_order_capture_once(live: Live, setting: tuple[Shop, Shopper, list[Staff]]) -> None:
    shop, shopper, (picker, _) = setting
    other_client = Staff(picker.user, live.client(), picker.headers)

    for _ in range(ROUNDS):
        order_id, items = buy(shop, shopper)
        assert picker.move(order_id, "IN_PROGRESS").status_code == 200
        for item_id in items:
            assert picker.mark(order_id, item_id, "PICKED").status_code == 200
        answers = at_once([partial(person.move, order_id, "READY") for person in (picker, other_client)])

        assert codes(answers) == {200: 1, 409: 1}
    assert count(live, "SELECT count(*) FROM payment_operations WHERE kind = 'capture' AND state = 'ok'") == ROUNDS
    assert count(live, "SELECT count(*) FROM payment_operations WHERE kind = 'capture'") == ROUNDS
    assert_sound(live)


def test_a_customer_who_refuses_while_the_order_is_packed_is_charged_for_what_is_in_the_bag(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, (picker, _) = setting
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        cheap = factories.make_product(session, stock={shop.warehouse: 1000}, price=5)

    for _ in range(ROUNDS):
        order_id, (first, second) = buy(shop, shopper)
        picker.move(order_id, "IN_PROGRESS")
        picker.mark(order_id, first, "PICKED")
        assert picker.mark(order_id, second, "REPLACED", replacement_product_id=cheap.id).status_code == 200
        refuse: Callable[[], TestResponse] = partial(
            shopper.post, f"/orders/{order_id}/items/{second}/substitution", json={"accept": False}
        )
        refused, packed = at_once([refuse, partial(picker.move, order_id, "READY")])

        assert (refused.status_code, packed.status_code) in {(200, 409), (409, 200)}
    assert_sound(live)


def test_a_customer_who_cancels_while_a_line_is_marked_gets_everything_back_or_nothing(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    shop, shopper, (picker, _) = setting

    for _ in range(ROUNDS):
        order_id, (item_id, _) = buy(shop, shopper)
        marked, canceled = at_once(
            [
                partial(picker.mark, order_id, item_id, "MISSING"),
                partial(shopper.post, f"/orders/{order_id}/cancel"),
            ]
        )

        assert canceled.status_code == 200
        assert marked.status_code in {200, 409}
    assert count(live, "SELECT sum(reserved_quantity) FROM inventory") == 0
    assert_sound(live)


def test_substitutes_and_checkouts_of_the_same_products_neither_oversell_nor_deadlock(
    live: Live, setting: tuple[Shop, Shopper, list[Staff]]
) -> None:
    """Each picker replaces the first product by the second or the other way round, while shoppers buy both."""
    shop, shopper, staff = setting
    log_before = len(databases.server_log())
    orders = [buy(shop, shopper) for _ in range(2 * ROUNDS)]
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        buyers = [make_shopper(session, live.client()) for _ in range(4)]

    def replace_all(person: Staff, mine: list[tuple[int, list[int]]]) -> list[int]:
        answers = []
        for number, (order_id, items) in enumerate(mine):
            place = number % 2
            substitute = shop.products[1 - place]
            answers.append(person.mark(order_id, items[place], "REPLACED", replacement_product_id=substitute.id))
        return [answer.status_code for answer in answers]

    def buy_many(buyer: Shopper) -> list[int]:
        return [201 for _ in range(ROUNDS) if buy(shop, buyer)]

    calls: list[Callable[[], list[int]]] = [
        partial(replace_all, staff[0], orders[::2]),
        partial(replace_all, staff[1], orders[1::2]),
        *(partial(buy_many, buyer) for buyer in buyers),
    ]
    results = at_once(calls)

    assert {code for codes in results for code in codes} == {200, 201}
    assert "deadlock detected" not in databases.server_log()[log_before:]
    assert_sound(live)
