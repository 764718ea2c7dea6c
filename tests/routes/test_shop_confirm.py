"""POST /consumer/order/confirm: what is sold, for how much, by which card, and once for each key."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AccountKind, PaymentProvider
from app.models import Order, Payment, PaymentToken, Product, Shop, ShopItem
from tests.factories import make_consumer, make_item
from tests.market import Market, balance, fill_wallet, open_market
from tests.shopping import assert_sound


@pytest.fixture
def market(session: Session, client: FlaskClient) -> Market:
    market = open_market(session, client)
    fill_wallet(session, market.consumer.user, "1000.00")
    return market


def put(market: Market, item: Product, quantity: int = 2) -> None:
    added = market.consumer.post("/consumer/cart/add", {"item_id": item.id, "quantity": quantity})
    assert added.status_code == 200, added.json


def confirm(market: Market, mode: str = "cash", *, key: str | None = None, **body: Any) -> TestResponse:
    return market.consumer.post("/consumer/order/confirm", {"payment_mode": mode, **body}, key=key)


def code(made: TestResponse) -> str:
    return str(made.json["error"]["code"])


def change(session: Session, model: type[Any], **values: Any) -> None:
    session.execute(update(model).values(**values))
    session.commit()


def orders(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Order)) or 0


def make_card(session: Session, user_id: int, *, is_default: bool = False) -> PaymentToken:
    card = PaymentToken(
        user_id=user_id,
        provider=PaymentProvider.MOCKPAY,
        provider_token="sandbox-approve",
        last4="4242",
        is_default=is_default,
    )
    session.add(card)
    session.commit()
    return card


@pytest.mark.parametrize("mode", ["cash", "wallet", "card"])
def test_no_order_comes_to_more_than_its_columns_hold(session: Session, market: Market, mode: str) -> None:
    item = make_item(session, market.shop, price=Decimal("9999999999.99"))
    put(market, item, 2)

    refused = confirm(market, mode)

    assert refused.status_code == 409
    assert code(refused) == "TOTAL_TOO_LARGE"
    assert orders(session) == 0


def test_nor_does_a_modified_one(session: Session, market: Market) -> None:
    item = make_item(session, market.shop, price=Decimal("5000000000.00"))
    order_id = market.order(item, quantity=1)
    more = {"modifications": [{"item_id": item.id, "quantity": 2}]}

    refused = market.vendor.post(f"/vendor/orders/{order_id}/modify", more)

    assert refused.status_code == 409
    assert code(refused) == "TOTAL_TOO_LARGE"
    assert market.order_of(order_id)["status"] == "pending"
    assert_sound()


def test_a_shop_that_closed_meanwhile_sells_nothing(session: Session, market: Market) -> None:
    put(market, make_item(session, market.shop))
    change(session, Shop, is_open=False)

    assert code(confirm(market)) == "SHOP_CLOSED"


def test_nor_does_one_that_does_not_come_to_the_consumer(session: Session, market: Market) -> None:
    put(market, make_item(session, market.shop))
    change(session, Shop, society="Elsewhere", delivers=False)

    assert code(confirm(market)) == "OUT_OF_AREA"


@pytest.mark.parametrize(("minimum", "status"), [("20.00", 201), ("20.01", 409)])
def test_the_items_come_to_the_shops_minimum_or_more(
    session: Session, market: Market, minimum: str, status: int
) -> None:
    put(market, make_item(session, market.shop))
    change(session, Shop, minimum_order=Decimal(minimum), delivery_fee=Decimal("5.00"))

    assert confirm(market).status_code == status


@pytest.mark.parametrize(("model", "values"), [(ShopItem, {"is_available": False}), (Product, {"is_active": False})])
def test_an_item_taken_away_meanwhile_is_not_sold(
    session: Session, market: Market, model: type[Any], values: dict[str, Any]
) -> None:
    put(market, make_item(session, market.shop))
    change(session, model, **values)

    refused = confirm(market)

    assert code(refused) == "INSUFFICIENT_STOCK"
    assert refused.json["error"]["details"]["missing"][0]["available_quantity"] == 0


def test_the_price_is_that_of_now_and_a_consumer_may_insist_on_what_they_saw(session: Session, market: Market) -> None:
    put(market, make_item(session, market.shop))
    change(session, Product, price=Decimal("12.50"))

    other = confirm(market, "wallet", expected_total=20)
    agreed = confirm(market, "wallet", expected_total=25)

    assert code(other) == "PRICE_CHANGED"
    assert other.json["error"]["details"] == {"total": 25}
    assert agreed.json["data"]["total"] == 25
    assert balance(session, AccountKind.WALLET, market.consumer.user.id) == Decimal("975.00")


def test_one_key_orders_once_and_only_the_same(session: Session, market: Market) -> None:
    item = make_item(session, market.shop)
    put(market, item)
    first = confirm(market, "wallet", key="k" * 128)
    put(market, item)

    again = confirm(market, "wallet", key="k" * 128)
    other = confirm(market, "cash", key="k" * 128)
    new = confirm(market, "wallet", key="another")

    assert (first.status_code, again.status_code, new.status_code) == (201, 200, 201)
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert code(other) == "IDEMPOTENCY_KEY_REUSE_MISMATCH"
    assert orders(session) == 2
    assert balance(session, AccountKind.WALLET, market.consumer.user.id) == Decimal("960.00")


def test_a_wallet_that_is_short_sells_nothing_and_leaves_the_key_free(session: Session, market: Market) -> None:
    item = make_item(session, market.shop, price=Decimal("600.00"))
    put(market, item)

    short = confirm(market, "wallet", key="one")
    market.consumer.post("/consumer/cart/update", {"item_id": item.id, "quantity": 1})
    made = confirm(market, "wallet", key="one")

    assert (short.status_code, made.status_code) == (402, 201)
    assert_sound()


def test_the_card_is_the_one_named_or_the_own_default_one_and_nobody_elses(session: Session, market: Market) -> None:
    item = make_item(session, market.shop)
    foreign = make_card(session, make_consumer(session).id, is_default=True)
    put(market, item)

    refused = confirm(market, "card", payment_token_id=foreign.id)
    shared = confirm(market, "card")
    own = make_card(session, market.consumer.user.id, is_default=True)
    put(market, item)
    default = confirm(market, "card")

    assert refused.status_code == 404
    assert (shared.status_code, default.status_code) == (201, 201)
    used = session.execute(select(Payment.payment_token_id).order_by(Payment.id)).scalars()
    assert list(used) == [1, own.id]


def test_a_card_that_is_switched_off_buys_nothing(session: Session, market: Market) -> None:
    card = make_card(session, market.consumer.user.id, is_default=True)
    card.is_active = False
    session.commit()
    put(market, make_item(session, market.shop))

    assert code(confirm(market, "card")) == "PAYMENT_TOKEN_INACTIVE"
    assert confirm(market, "cash").status_code == 201


def test_no_vendor_sees_an_order_whose_card_is_undecided_and_its_buyer_can_still_call_it_off(
    session: Session, market: Market
) -> None:
    card = make_card(session, market.consumer.user.id)
    card.provider_token = "sandbox-no-answer"
    session.commit()
    put(market, make_item(session, market.shop))

    order_id = confirm(market, "card", payment_token_id=card.id).json["data"]["order_id"]
    unseen = market.answer(order_id, "delivered")
    ended = market.consumer.post(f"/consumer/orders/{order_id}/cancel")

    assert unseen.status_code == 404
    assert ended.json["data"]["refund"] == 0
    assert market.order_of(order_id)["status"] == "cancelled"
    assert market.order_of(order_id)["payment_status"] in ("unpaid", "refunded")
    assert market.consumer.post(f"/consumer/orders/{order_id}/cancel").status_code == 409
    assert_sound()
