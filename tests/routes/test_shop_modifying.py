"""What a vendor changes in an order, what the consumer then pays or gets, and orders that nobody answers."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AccountKind, JournalReason
from app.models import Inventory, Journal, Order, Product
from app.services.shop_orders.canceling import cancel_unanswered
from tests.factories import make_item
from tests.market import Market, balance, fill_wallet, open_market
from tests.shopping import assert_sound


@pytest.fixture
def market(session: Session, client: FlaskClient) -> Market:
    market = open_market(session, client, delivery_fee=Decimal("1.50"))
    fill_wallet(session, market.consumer.user, "50.00")
    return market


@pytest.fixture
def item(session: Session, market: Market) -> Product:
    return make_item(session, market.shop, stock=5)


def modify(market: Market, order_id: int, *lines: tuple[int, int]) -> TestResponse:
    body = {"modifications": [{"item_id": item_id, "quantity": quantity} for item_id, quantity in lines]}
    return market.vendor.post(f"/vendor/orders/{order_id}/modify", body)


def agree(market: Market, order_id: int) -> TestResponse:
    return market.consumer.post(f"/consumer/orders/{order_id}/confirm-modified")


def stock(session: Session, item: Product) -> tuple[int, int]:
    row = session.execute(
        select(Inventory).where(Inventory.product_id == item.id).execution_options(populate_existing=True)
    ).scalar_one()
    return row.available_quantity, row.reserved_quantity


def wallet(session: Session, market: Market) -> Decimal:
    return balance(session, AccountKind.WALLET, market.consumer.user.id)


def test_more_than_there_is_cannot_be_put_into_an_order(session: Session, market: Market, item: Product) -> None:
    order_id = market.order(item, quantity=2)

    refused = modify(market, order_id, (item.id, 6))
    made = modify(market, order_id, (item.id, 5))

    assert (refused.status_code, refused.json["error"]["code"]) == (409, "INSUFFICIENT_STOCK")
    assert made.json["data"]["new_total"] == 51.5
    assert stock(session, item) == (0, 5)
    assert_sound()


def test_one_item_has_to_stay_and_only_those_of_the_order_are_changed(
    session: Session, market: Market, item: Product
) -> None:
    order_id = market.order(item, quantity=2)
    other = make_item(session, market.shop)

    empty = modify(market, order_id, (item.id, 0))
    stray = modify(market, order_id, (other.id, 1))

    assert (empty.status_code, empty.json["error"]["code"]) == (400, "ORDER_LEFT_EMPTY")
    assert (stray.status_code, stray.json["error"]["code"]) == (400, "UNKNOWN_ORDER_LINES")
    assert stray.json["error"]["details"] == {"item_ids": [other.id]}
    assert market.order_of(order_id)["status"] == "pending"
    assert stock(session, item) == (3, 2)


def test_a_wallet_pays_for_more_once_the_consumer_agrees(session: Session, market: Market, item: Product) -> None:
    order_id = market.order(item, quantity=1, mode="wallet")
    modify(market, order_id, (item.id, 3))
    assert wallet(session, market) == Decimal("38.50")

    agreed = agree(market, order_id)

    assert agreed.json["data"]["refund"] == 0
    assert wallet(session, market) == Decimal("18.50")
    assert market.order_of(order_id)["total_amount"] == 31.5
    assert_sound()


def test_a_wallet_that_is_short_of_the_difference_leaves_all_as_it_was(
    session: Session, market: Market, item: Product
) -> None:
    order_id = market.order(item, quantity=1, mode="wallet")
    modify(market, order_id, (item.id, 5))
    market.consumer.post("/consumer/wallet/debit", {"amount": 10})

    short = agree(market, order_id)

    assert (short.status_code, short.json["error"]["code"]) == (402, "INSUFFICIENT_FUNDS")
    assert market.order_of(order_id)["status"] == "awaiting_consumer_confirmation"
    assert market.consumer.post(f"/consumer/orders/{order_id}/cancel").json["data"]["refund"] == 11.5
    assert wallet(session, market) == Decimal("40.00")
    assert stock(session, item) == (5, 0)
    assert_sound()


def test_cents_come_back_too_and_each_change_once(session: Session, market: Market) -> None:
    cheap, dear = make_item(session, market.shop, price=Decimal("0.01")), make_item(session, market.shop)
    order_id = market.order(cheap, dear, quantity=2, mode="wallet")

    for left in (1, 0):
        modify(market, order_id, (cheap.id, left))
        assert agree(market, order_id).json["data"]["refund"] == 0.01

    assert wallet(session, market) == Decimal("28.50")
    assert_sound()


def test_of_cash_nothing_comes_back_from_us(market: Market, item: Product) -> None:
    order_id = market.order(item, quantity=2)
    modify(market, order_id, (item.id, 1))

    assert agree(market, order_id).json["data"]["refund"] == 0


def set_orders(session: Session, **values: Any) -> None:
    session.execute(update(Order).values(**values))
    session.commit()


@pytest.mark.parametrize("mode", ["wallet", "card", "cash"])
def test_an_order_that_nobody_answers_ends_by_itself_once(
    session: Session, market: Market, item: Product, mode: str
) -> None:
    order_id = market.order(item, quantity=2, mode=mode)
    assert cancel_unanswered() == 0

    set_orders(session, created_at=Order.created_at - timedelta(days=2))
    assert [cancel_unanswered(), cancel_unanswered()] == [1, 0]

    assert market.order_of(order_id)["status"] == "cancelled"
    assert market.order_of(order_id)["payment_status"] == ("unpaid" if mode == "cash" else "refunded")
    assert wallet(session, market) == Decimal("50.00")
    assert stock(session, item) == (5, 0)
    assert_sound()


def test_one_that_was_answered_goes_on(session: Session, market: Market, item: Product) -> None:
    order_id = market.order(item, quantity=1)
    market.answer(order_id, "accepted")
    set_orders(session, created_at=Order.created_at - timedelta(days=2))

    assert cancel_unanswered() == 0
    assert market.order_of(order_id)["status"] == "accepted"


@pytest.mark.parametrize(
    ("side", "reason"), [("consumer", JournalReason.ORDER_CANCEL), ("vendor", JournalReason.VENDOR_CANCEL)]
)
def test_the_books_say_who_cancelled(
    session: Session, market: Market, item: Product, side: str, reason: JournalReason
) -> None:
    order_id = market.order(item, quantity=1, mode="wallet")

    getattr(market, side).post(f"/{side}/orders/{order_id}/cancel")

    newest = select(Journal.reason).where(Journal.order_id == order_id).order_by(Journal.id.desc()).limit(1)
    assert session.execute(newest).scalar_one() is reason
