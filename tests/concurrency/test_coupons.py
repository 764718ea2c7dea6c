"""The races for a coupon's last uses, with real commits on a database of their own."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import CartItem
from tests import databases, factories
from tests.concurrency.racing import at_once
from tests.concurrency.test_checkout import assert_sound, count, prepare
from tests.conftest import Live
from tests.shopping import Shop, Shopper

DECLINED_CARD = "4000000000000002"
LIVE_DISCOUNTS = "SELECT count(*) FROM order_discounts WHERE released_at IS NULL"


def make_coupon(live: Live, **columns: Any) -> None:
    with live.app.app_context(), Session(live.engine) as session:
        factories.make_coupon(session, code="RACE", **columns)


def pick_up(shop: Shop) -> dict[str, Any]:
    return {"fulfillment_type": "PICKUP", "branch_id": shop.warehouse.id, "delivery_slot_id": None}


def fill_carts(shop: Shop, buyers: Sequence[Shopper]) -> list[int]:
    for buyer in buyers:
        assert buyer.add(shop.products[0]).status_code == 201
    return [buyer.cart_id() for buyer in buyers]


def second_cart(live: Live, buyer: Shopper, shop: Shop) -> int:
    """A cart of another channel, the basket of a trolley: of each channel a customer has only one."""
    with live.app.app_context(), Session(live.engine) as session:
        trolley = factories.make_trolley(session, shop.warehouse)
        opened = factories.make_cart_session(session, trolley, buyer.user)
        line = {"product_id": shop.products[1].id, "quantity": 1, "unit_price": Decimal("10.00")}
        session.add(CartItem(cart_id=opened.cart_id, **line))
        session.commit()
        return opened.cart_id


def reasons(answers: Sequence[TestResponse]) -> set[tuple[str, str]]:
    errors = [answer.json["error"] for answer in answers if answer.status_code == 409]
    return {(error["code"], error["details"]["reason"]) for error in errors}


def test_fifty_buyers_of_ten_uses_make_ten_discounted_orders_and_forty_clean_refusals(live: Live) -> None:
    shop, buyers = prepare(live, 50, stock=1000)
    make_coupon(live, usage_limit=10)
    carts = fill_carts(shop, buyers)

    answers = at_once(
        [partial(b.confirm, shop, cart_id=c, coupon_code="race") for b, c in zip(buyers, carts, strict=True)]
    )

    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 40}
    assert reasons(answers) == {("COUPON_NOT_APPLICABLE", "used_up")}
    assert count(live, "SELECT count(*) FROM orders WHERE discount_total = 1 AND status = 'CREATED'") == 10
    assert count(live, "SELECT count(*) FROM orders") == 10
    assert count(live, "SELECT used_count FROM coupons") == 10
    assert count(live, "SELECT reserved_quantity FROM inventory") == 10
    assert count(live, "SELECT count(*) FROM carts WHERE status = 'ACTIVE'") == 40
    assert_sound(live)


def test_one_customer_with_two_carts_uses_a_coupon_once(live: Live) -> None:
    shop, buyers = prepare(live, 12, stock=1000, products=2)
    make_coupon(live, per_user_limit=1)
    carts = fill_carts(shop, buyers)

    for buyer, cart_id in zip(buyers, carts, strict=True):
        both = [cart_id, second_cart(live, buyer, shop)]
        answers = at_once([partial(buyer.confirm, shop, cart_id=each, coupon_code="RACE") for each in both])
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert reasons(answers) == {("COUPON_NOT_APPLICABLE", "used_up_by_you")}

    assert count(live, "SELECT used_count FROM coupons") == 12
    assert count(live, "SELECT max(used_count) FROM coupon_uses") == 1
    assert_sound(live)


def test_the_same_confirm_many_times_uses_a_coupon_once(live: Live) -> None:
    shop, [buyer] = prepare(live, 1, stock=100)
    make_coupon(live, usage_limit=1, per_user_limit=1)
    [cart_id] = fill_carts(shop, [buyer])

    answers = at_once(
        [partial(buyer.confirm, shop, key=f"k{n % 2}", cart_id=cart_id, coupon_code="RACE") for n in range(12)]
    )

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json["data"]["order_id"] for answer in answers}) == 1
    assert count(live, "SELECT used_count FROM coupons") == 1
    assert_sound(live)


def test_a_free_order_is_made_once_by_two_keys_at_once(live: Live) -> None:
    shop, buyers = prepare(live, 10, stock=100)
    make_coupon(live, value=Decimal(100))
    carts = fill_carts(shop, buyers)

    for buyer, cart_id in zip(buyers, carts, strict=True):
        body = {"cart_id": cart_id, "coupon_code": "RACE", **pick_up(shop)}
        first, second = at_once([partial(buyer.confirm, shop, key=key, **body) for key in ("one", "two")])
        assert {first.status_code, second.status_code} == {200, 201}
        assert first.json == second.json

    assert count(live, "SELECT count(*) FROM orders WHERE status = 'CREATED'") == 10
    assert count(live, "SELECT count(*) FROM payments") == 0
    assert count(live, "SELECT count(*) FROM outbox WHERE topic = 'order.confirmed'") == 10
    assert count(live, "SELECT used_count FROM coupons") == 10
    assert_sound(live)


def test_buying_and_cancelling_with_one_slot_and_one_coupon_never_deadlocks(live: Live) -> None:
    """Half are delivered in the same slot, half picked up; a third cancel, a third are declined: all share a coupon."""
    shop, buyers = prepare(live, 32, stock=100_000, products=4)
    make_coupon(live, usage_limit=10_000)
    log_before = len(databases.server_log())

    def shop_again_and_again(buyer: Shopper, number: int) -> list[int]:
        card = buyer.post("/me/payment-tokens", json={"card_number": DECLINED_CARD}).json["data"]["payment_token_id"]
        codes = []
        for turn in range(3):
            for product in shop.products[:: 1 if number % 2 else -1]:
                buyer.add(product)
            body = pick_up(shop) if (number + turn) % 2 else {}
            if (number + turn) % 3 == 0:
                body["payment_token_id"] = card
            answer = buyer.confirm(shop, coupon_code="RACE", **body)
            codes.append(answer.status_code)
            if answer.status_code == 201 and (number + turn) % 3 == 1:
                codes.append(buyer.post(f"/orders/{answer.json['data']['order_id']}/cancel").status_code)
        return codes

    answers = at_once([partial(shop_again_and_again, buyer, number) for number, buyer in enumerate(buyers)])

    assert {code for codes in answers for code in codes} == {200, 201, 402}
    assert "deadlock detected" not in databases.server_log()[log_before:]
    kept = count(live, "SELECT count(*) FROM orders WHERE status = 'CREATED'")
    assert count(live, LIVE_DISCOUNTS) == count(live, "SELECT used_count FROM coupons") == kept > 0
    assert_sound(live)


def test_the_last_use_given_back_is_taken_by_exactly_one_of_many(live: Live) -> None:
    shop, buyers = prepare(live, 16, stock=1000)
    make_coupon(live, usage_limit=1)
    carts = fill_carts(shop, buyers)
    order_id = buyers[0].confirm(shop, cart_id=carts[0], coupon_code="RACE").json["data"]["order_id"]

    waiting = [
        partial(b.confirm, shop, cart_id=c, coupon_code="RACE") for b, c in zip(buyers[1:], carts[1:], strict=True)
    ]
    answers = at_once([partial(buyers[0].post, f"/orders/{order_id}/cancel"), *waiting])
    later = [confirm() for confirm in waiting]

    taken = [answer for answer in (*answers[1:], *later) if answer.status_code == 201]
    assert answers[0].status_code == 200
    assert len(taken) == 1
    assert count(live, "SELECT used_count FROM coupons") == 1
    assert_sound(live)


def test_a_coupon_switched_off_during_the_rush_is_used_no_more_than_it_says(live: Live) -> None:
    shop, buyers = prepare(live, 20, stock=1000)
    make_coupon(live)
    carts = fill_carts(shop, buyers)

    def switch_off() -> None:
        with live.engine.begin() as connection:
            connection.execute(text("UPDATE coupons SET is_active = false"))

    confirms = [partial(b.confirm, shop, cart_id=c, coupon_code="RACE") for b, c in zip(buyers, carts, strict=True)]
    answers = [answer for answer in at_once([*confirms, switch_off]) if answer is not None]

    assert {answer.status_code for answer in answers} <= {201, 404}
    assert count(live, "SELECT used_count FROM coupons") == [each.status_code for each in answers].count(201)
    assert_sound(live)
