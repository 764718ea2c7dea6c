"""Every move of a vendor's order against the table of the contract, section 12, and what it does to money and stock."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import AccountKind, OrderStatus
from app.domain.shop_order_states import shown
from app.models import Inventory, Order, OrderAction, Product
from tests.factories import make_item, make_shop_order
from tests.market import Market, balance, fill_wallet, open_market
from tests.shopping import assert_sound

MOVES = {
    "V accepted": ("vendor", "/vendor/orders/{}/status", {"status": "accepted"}),
    "V rejected": ("vendor", "/vendor/orders/{}/status", {"status": "rejected"}),
    "V delivered": ("vendor", "/vendor/orders/{}/status", {"status": "delivered"}),
    "V modify": ("vendor", "/vendor/orders/{}/modify", None),
    "V cancel": ("vendor", "/vendor/orders/{}/cancel", None),
    "C cancel": ("consumer", "/consumer/orders/{}/cancel", None),
    "C confirm-modified": ("consumer", "/consumer/orders/{}/confirm-modified", None),
}
WAITS = "awaiting_consumer_confirmation"
TABLE = """
                               V accepted V rejected V delivered V modify V cancel  C cancel  C confirm-modified
PENDING                        accepted   rejected   delivered   waits    cancelled cancelled -
ACCEPTED                       accepted   rejected   delivered   waits    cancelled cancelled -
AWAITING_CONSUMER_CONFIRMATION -          rejected   -           waits    cancelled cancelled confirmed
CONFIRMED                      accepted   rejected   delivered   waits    cancelled cancelled -
DELIVERED                      -          -          delivered   -        -         -         -
RETURN_ACCEPTED                -          -          -           -        -         -         -
RETURN_COMPLETED               -          -          -           -        -         -         -
REJECTED                       -          -          -           -        -         -         -
CANCELED                       -          -          -           -        -         -         -
"""
CELLS = [
    (cells[0], move, cells[place + 1].replace("waits", WAITS))
    for cells in (line.split() for line in TABLE.strip().splitlines()[1:])
    for place, move in enumerate(MOVES)
]


@pytest.fixture
def market(session: Session, client: FlaskClient) -> Market:
    return open_market(session, client)


@pytest.fixture
def item(session: Session, market: Market) -> Product:
    return make_item(session, market.shop, stock=20)


def stock(session: Session, item: Product) -> tuple[int, int]:
    row = session.execute(
        select(Inventory).where(Inventory.product_id == item.id).execution_options(populate_existing=True)
    ).scalar_one()
    return row.available_quantity, row.reserved_quantity


def in_state(session: Session, market: Market, item: Product, status: str) -> int:
    """An order in some state, its stock as the state demands; those who wait for the consumer have a new total."""
    order_id = market.order(item)
    order = session.get_one(Order, order_id)
    match OrderStatus(status):
        case OrderStatus.AWAITING_CONSUMER_CONFIRMATION:
            change = {"modifications": [{"item_id": item.id, "quantity": 1}]}
            assert market.vendor.post(f"/vendor/orders/{order_id}/modify", change).status_code == 200
        case OrderStatus.REJECTED | OrderStatus.DELIVERED | OrderStatus.ACCEPTED as wanted:
            assert market.answer(order_id, shown(wanted)).status_code == 200
        case OrderStatus.CANCELED:
            assert market.vendor.post(f"/vendor/orders/{order_id}/cancel").status_code == 200
        case OrderStatus.RETURN_ACCEPTED | OrderStatus.RETURN_COMPLETED as wanted:
            assert market.answer(order_id, "delivered").status_code == 200
            back = {"reason": "broken", "items": [{"item_id": item.id}]}
            assert market.vendor.post(f"/vendor/orders/{order_id}/return/initiate", back).status_code == 200
            if wanted is OrderStatus.RETURN_COMPLETED:
                assert market.vendor.post(f"/vendor/orders/{order_id}/return/complete").status_code == 200
        case OrderStatus.PENDING:
            pass
        case other:
            order.status = other
            session.commit()
    return order_id


@pytest.mark.parametrize(("status", "move", "after"), CELLS, ids=[f"{cell[0]}-{cell[1]}" for cell in CELLS])
def test_a_move_leads_where_the_table_says(
    session: Session, market: Market, item: Product, status: str, move: str, after: str
) -> None:
    order_id = in_state(session, market, item, status)
    who, path, given = MOVES[move]
    body = {"modifications": [{"item_id": item.id, "quantity": 3}]} if move == "V modify" else given

    made = getattr(market, who).post(path.format(order_id), body)

    expected = shown(OrderStatus(status)) if after == "-" else after
    assert made.status_code == (409 if after == "-" else 200), made.json
    assert market.order_of(order_id)["status"] == expected
    if after == "-":
        assert made.json["error"]["code"] == "INVALID_STATUS"
        assert made.json["error"]["details"] == {"status": expected}
    assert_sound()


def test_a_wallet_order_modified_delivered_and_partly_returned_balances_to_the_cent(
    session: Session, market: Market, item: Product
) -> None:
    fill_wallet(session, market.consumer.user, "100.00")
    order_id = market.order(item, quantity=3, mode="wallet")
    assert balance(session, AccountKind.WALLET, market.consumer.user.id) == Decimal("70.00")

    fewer = {"modifications": [{"item_id": item.id, "quantity": 2}]}
    modified = market.vendor.post(f"/vendor/orders/{order_id}/modify", fewer)
    agreed = market.consumer.post(f"/consumer/orders/{order_id}/confirm-modified")
    delivered = market.answer(order_id, "delivered")
    back = {"reason": "one was broken", "items": [{"item_id": item.id, "quantity": 1}]}
    raised = market.consumer.post(f"/consumer/orders/{order_id}/return/raise", back)
    accepted = market.vendor.post(f"/vendor/orders/{order_id}/return/accept")
    completed = market.vendor.post(f"/vendor/orders/{order_id}/return/complete", {"restock": True})

    assert modified.json["data"] == {"message": "Order modified", "new_total": 20}
    assert agreed.json["data"] == {"message": "Modified order confirmed", "refund": 10}
    assert delivered.json["data"] == {"message": "Order marked as delivered"}
    assert raised.json["data"]["message"] == "Return request sent"
    assert accepted.json["data"]["message"] == "Return request accepted"
    assert completed.json["data"] == {"message": "Return marked as completed", "refund": 10}
    assert balance(session, AccountKind.WALLET, market.consumer.user.id) == Decimal("90.00")
    assert balance(session, AccountKind.VENDOR_PENDING, market.shop.id) == Decimal("10.00")
    assert balance(session, AccountKind.ORDER_LIABILITY, None) == 0
    assert stock(session, item) == (19, 0)
    assert market.order_of(order_id)["payment_status"] == "partially_refunded"
    assert_sound()


@pytest.mark.parametrize("mode", ["cash", "wallet", "card"])
@pytest.mark.parametrize("ending", ["rejected", "vendor", "consumer"])
def test_an_order_that_ends_gives_back_stock_and_money(
    session: Session, market: Market, item: Product, mode: str, ending: str
) -> None:
    fill_wallet(session, market.consumer.user, "50.00")
    order_id = market.order(item, quantity=2, mode=mode)

    match ending:
        case "rejected":
            ended = market.answer(order_id, "rejected")
        case "vendor":
            ended = market.vendor.post(f"/vendor/orders/{order_id}/cancel")
        case _:
            ended = market.consumer.post(f"/consumer/orders/{order_id}/cancel")

    assert ended.status_code == 200
    if ending != "rejected":
        assert ended.json["data"] == {"message": "Order cancelled", "refund": 0 if mode == "cash" else 20}
    assert stock(session, item) == (20, 0)
    assert balance(session, AccountKind.WALLET, market.consumer.user.id) == Decimal("50.00")
    assert balance(session, AccountKind.ORDER_LIABILITY, None) == 0
    assert market.order_of(order_id)["payment_status"] == ("unpaid" if mode == "cash" else "refunded")
    assert_sound()


def test_a_card_is_held_at_the_order_charged_at_the_door_and_refunded_with_a_return(
    session: Session, market: Market, item: Product
) -> None:
    order_id = market.order(item, quantity=2, mode="card")
    assert market.order_of(order_id)["payment_status"] == "paid"

    market.answer(order_id, "delivered")
    back = {"reason": "stale", "items": [{"item_id": item.id, "quantity": 2}]}
    market.vendor.post(f"/vendor/orders/{order_id}/return/initiate", back)
    completed = market.vendor.post(f"/vendor/orders/{order_id}/return/complete")

    assert completed.json["data"]["refund"] == 20
    assert market.order_of(order_id)["payment_status"] == "refunded"
    assert balance(session, AccountKind.VENDOR_PENDING, market.shop.id) == 0
    assert balance(session, AccountKind.PSP_RECEIVABLE, None) == 0
    assert_sound()


def test_every_act_stands_in_the_log_with_its_actor(session: Session, market: Market, item: Product) -> None:
    order_id = market.order(item)
    market.answer(order_id, "accepted")
    market.consumer.post(f"/consumer/orders/{order_id}/cancel")

    rows = session.execute(
        select(OrderAction).where(OrderAction.order_id == order_id).order_by(OrderAction.id)
    ).scalars()

    assert [(row.action, row.status, row.actor_user_id) for row in rows] == [
        ("order_created", "PENDING", market.consumer.user.id),
        ("status_updated", "ACCEPTED", market.vendor.user.id),
        ("order_cancelled", "CANCELED", market.consumer.user.id),
    ]


def test_a_strangers_order_is_not_there_for_any_move(session: Session, client: FlaskClient, market: Market) -> None:
    other = open_market(session, client)
    order = make_shop_order(session, other.consumer.user, other.shop)
    missing: Any = None

    for move, (who, path, given) in MOVES.items():
        body = {"modifications": [{"item_id": 1, "quantity": 1}]} if move == "V modify" else given
        foreign = getattr(market, who).post(path.format(order.id), body)
        missing = getattr(market, who).post(path.format(10**9), body)
        assert foreign.status_code == 404
        assert foreign.data == missing.data
    assert missing.json["error"]["message"] == "Order not found"
