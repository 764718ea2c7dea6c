"""Orders of vendors' shops as consumer, vendor and office read them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import OrderActionType, OrderStatus, PaymentMethod, PaymentProvider, ReturnStatus, Role
from app.models import (
    Order,
    OrderAction,
    OrderItem,
    OrderModification,
    OrderModificationLine,
    OrderReturn,
    OrderReturnLine,
    Payment,
    User,
)
from tests import factories
from tests.conftest import Statements
from tests.talking import CONSUMER, VENDOR, make_deal, refusal

HISTORY = "/api/v1/consumer/order/history"
ADMIN = "/api/v1/admin/orders"


def listed(client: FlaskClient, path: str, headers: dict[str, str], **query: Any) -> Any:
    answer = client.get(path, query_string=query, headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json


def ids(page: Any) -> list[int]:
    return [order["order_id"] for order in page["data"]]


def log(session: Session, order: Order, action: OrderActionType) -> None:
    session.add(OrderAction(order_id=order.id, action=action, status=OrderStatus.PENDING))
    session.commit()


@pytest.fixture
def office(session: Session) -> dict[str, str]:
    return factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))


def test_each_side_reads_an_order_with_its_lines(client: FlaskClient, session: Session, office: dict[str, str]) -> None:
    deal = make_deal(client, session, notes="Ring twice", address="4, Rose Garden, Pune", quantity=3)
    line = session.query(OrderItem).one()

    (mine,) = listed(client, HISTORY, deal.as_consumer)["data"]
    (sold,) = listed(client, VENDOR, deal.as_vendor)["data"]
    (seen,) = listed(client, ADMIN, office)["data"]

    assert mine.pop("created_at")
    assert mine == {
        "order_id": deal.order.id,
        "order_number": deal.order.order_number,
        "shop_id": deal.shop.id,
        "shop_name": sold["shop_name"],
        "shop_type": "grocery",
        "status": "pending",
        "payment_mode": "cash",
        "payment_status": "unpaid",
        "total_amount": 30.0,
        "final_amount": 30.0,
        "delivery_fee": 0.0,
        "delivery_notes": "Ring twice",
        "address": "4, Rose Garden, Pune",
        "delivered_at": None,
        "item_count": 1,
        "items": [
            {
                "item_id": line.product_id,
                "name": line.name,
                "quantity": 3,
                "unit": "pcs",
                "unit_price": 10.0,
                "subtotal": 30.0,
                "image_url": None,
            }
        ],
    }
    assert sold["items"] == seen["items"] == mine["items"]
    assert (sold["customer"], sold["customer_name"]) == (deal.consumer.phone, deal.consumer.full_name)
    assert (seen["id"], seen["customer_id"], seen["customer"]) == (
        deal.order.id,
        deal.consumer.id,
        deal.consumer.phone,
    )


def test_a_detail_tells_all_that_was_done(client: FlaskClient, session: Session, office: dict[str, str]) -> None:
    deal = make_deal(client, session, status=OrderStatus.RETURN_COMPLETED, quantity=2)
    line = session.query(OrderItem).one()
    boss = factories.make_user(session, role=Role.ADMIN, phone="+15550100")
    for action, status, actor in (
        (OrderActionType.ORDER_CREATED, OrderStatus.PENDING, deal.consumer.id),
        (OrderActionType.STATUS_UPDATED, OrderStatus.DELIVERED, deal.vendor.id),
        (OrderActionType.REFUNDED, OrderStatus.RETURN_COMPLETED, boss.id),
        (OrderActionType.STATUS_UPDATED, OrderStatus.RETURN_COMPLETED, None),
    ):
        session.add(OrderAction(order_id=deal.order.id, action=action, status=status, actor_user_id=actor))
    back = OrderReturn(
        order_id=deal.order.id, reason="Sour", status=ReturnStatus.COMPLETED, requested_by=deal.consumer.id,
        decided_at=datetime.now(UTC), refund_amount=Decimal("10.00"), photo_urls=["https://example.com/1.png"],
    )  # fmt: skip
    session.add(back)
    session.flush()
    session.add(OrderReturnLine(return_id=back.id, order_item_id=line.id, quantity=1))
    session.commit()

    mine, sold = (got.json["data"] for got in (deal.consumer_gets(), deal.vendor_gets()))
    seen = client.get(f"{ADMIN}/{deal.order.id}", headers=office).json["data"]

    assert mine["status_log"] == sold["status_log"] == seen["status_log"]
    assert [(each["action"], each["status"], each["actor"], each["actor_phone"]) for each in mine["status_log"]] == [
        ("order_created", "pending", "consumer", deal.consumer.phone),
        ("status_updated", "delivered", "vendor", deal.vendor.phone),
        ("refunded", "return_completed", "office", None),
        ("status_updated", "return_completed", "system", None),
    ]
    (returned,) = mine["returns"]
    assert (returned["id"], returned["status"], returned["refund_amount"]) == (back.id, "completed", 10.0)
    assert returned["photo_urls"] == ["https://example.com/1.png"]
    assert returned["items"] == [{"item_id": line.product_id, "name": line.name, "quantity": 1}]
    assert mine["payment"] == {"mode": "cash", "status": "paid", "paid": 20.0, "refunded": 0.0}
    assert (mine["modifications"], mine["rating"]) == ([], None)


def modified(session: Session, order_id: int, vendor: User, old: int, new: int) -> None:
    line = session.query(OrderItem).filter_by(order_id=order_id).one()
    made = OrderModification(order_id=order_id, old_total=old * 10, new_total=new * 10, actor_user_id=vendor.id)
    session.add(made)
    session.flush()
    session.add(
        OrderModificationLine(
            modification_id=made.id, product_id=line.product_id, name=line.name, old_quantity=old, new_quantity=new
        )
    )
    logged(session, order_id, OrderActionType.VENDOR_MODIFIED)


def logged(session: Session, order_id: int, action: OrderActionType) -> None:
    session.add(OrderAction(order_id=order_id, action=action, status=OrderStatus.CONFIRMED))
    session.commit()


def test_changes_are_pending_until_they_are_confirmed(client: FlaskClient, session: Session) -> None:
    final = {f"final_{name}": Decimal(0) for name in ("deposit_total", "discount_total", "reduction", "tax_total")}
    final |= {"final_items_total": Decimal(20), "final_total": Decimal(20)}
    waiting = OrderStatus.AWAITING_CONSUMER_CONFIRMATION
    deal = make_deal(client, session, status=waiting, quantity=5, **final)
    modified(session, deal.order.id, deal.vendor, 5, 4)
    logged(session, deal.order.id, OrderActionType.MODIFICATION_CONFIRMED)
    modified(session, deal.order.id, deal.vendor, 4, 3)
    modified(session, deal.order.id, deal.vendor, 3, 2)

    detail = deal.consumer_gets().json["data"]

    assert [each["pending"] for each in detail["modifications"]] == [False, True, True]
    last = detail["modifications"][-1]
    assert (last["old_total"], last["new_total"]) == (30.0, 20.0)
    assert [(line["old_quantity"], line["new_quantity"]) for line in last["items"]] == [(3, 2)]
    assert (detail["status"], detail["total_amount"], detail["final_amount"]) == (waiting.value.lower(), 50.0, 20.0)

    deal.order.status = OrderStatus.CONFIRMED
    session.commit()
    assert not any(each["pending"] for each in deal.vendor_gets().json["data"]["modifications"])


@pytest.mark.parametrize(
    ("columns", "status", "payment"),
    [
        ({"wallet_paid": 10}, "pending", ("paid", 10.0, 0.0)),
        ({"wallet_paid": 10, "wallet_refunded": 4}, "pending", ("partially_refunded", 10.0, 4.0)),
        (
            {"wallet_paid": 10, "wallet_refunded": 10, "status": OrderStatus.CANCELED},
            "cancelled",
            ("refunded", 10.0, 10.0),
        ),
    ],
)
def test_an_order_by_wallet_shows_what_was_paid_and_given_back(
    client: FlaskClient,
    session: Session,
    columns: dict[str, Any],
    status: str,
    payment: tuple[str, float, float],
) -> None:
    deal = make_deal(client, session, payment_method=PaymentMethod.WALLET, **columns)

    detail = deal.consumer_gets().json["data"]

    assert (detail["status"], detail["payment_mode"], detail["payment_status"]) == (status, "wallet", payment[0])
    assert detail["payment"] == dict(zip(("mode", "status", "paid", "refunded"), ("wallet", *payment), strict=True))


def test_an_order_by_card_shows_what_the_provider_took(client: FlaskClient, session: Session) -> None:
    deal = make_deal(client, session, payment_method=PaymentMethod.CARD, status=OrderStatus.DELIVERED)
    payment = Payment(
        order_id=deal.order.id,
        provider=PaymentProvider.MOCKPAY,
        reference="MOCKPAY-1",
        currency=deal.order.currency,
        requested_amount=Decimal(10),
        authorized_amount=Decimal(10),
    )
    session.add(payment)
    session.commit()
    held = deal.vendor_gets().json["data"]["payment"]

    taken = session.get_one(Payment, payment.id)
    taken.captured_amount, taken.refunded_amount, taken.refund_pending_amount = Decimal(10), Decimal(2), Decimal(3)
    session.commit()
    after = deal.vendor_gets().json["data"]["payment"]

    assert held == {"mode": "card", "status": "paid", "paid": 10.0, "refunded": 0.0}
    assert after == {"mode": "card", "status": "partially_refunded", "paid": 10.0, "refunded": 5.0}


def test_an_order_of_others_is_as_if_there_were_none(client: FlaskClient, session: Session) -> None:
    deal, stranger = make_deal(client, session), make_deal(client, session)
    supermarkets = factories.make_order(session, stranger.consumer)

    for base, headers in ((CONSUMER, stranger.as_consumer), (VENDOR, stranger.as_vendor)):
        missing = client.get(f"{base}/1000000000000", headers=headers)
        for order_id in (deal.order.id, supermarkets.id):
            foreign = client.get(f"{base}/{order_id}", headers=headers)
            assert refusal(foreign) == (404, "Order not found")
            assert foreign.data == missing.data
    history = listed(client, HISTORY, stranger.as_consumer, limit=1)
    assert (ids(history), history["meta"]["total"]) == ([stranger.order.id], 1)
    assert ids(listed(client, VENDOR, stranger.as_vendor)) == [stranger.order.id]


def test_the_office_sees_only_orders_of_shops(client: FlaskClient, session: Session, office: dict[str, str]) -> None:
    deal = make_deal(client, session)
    supermarkets = factories.make_order(session, deal.consumer)

    assert ids(listed(client, ADMIN, office)) == [deal.order.id]
    assert client.get(f"{ADMIN}/{supermarkets.id}", headers=office).status_code == 404


def test_a_vendor_sees_no_order_that_awaits_its_payment(client: FlaskClient, session: Session) -> None:
    deadline = datetime.now(UTC) + timedelta(minutes=5)
    deal = make_deal(client, session, status=OrderStatus.PENDING_PAYMENT, pay_deadline=deadline)

    assert ids(listed(client, VENDOR, deal.as_vendor)) == []
    assert deal.vendor_gets().status_code == 404
    assert deal.consumer_gets().json["data"]["status"] == "pending_payment"


@pytest.mark.parametrize("was_placed", [False, True], ids=["given up before its payment came", "placed"])
def test_a_vendor_sees_a_cancelled_order_only_if_it_was_placed(
    client: FlaskClient, session: Session, was_placed: bool
) -> None:
    deal = make_deal(client, session, status=OrderStatus.CANCELED, payment_method=PaymentMethod.CARD)
    log(session, deal.order, OrderActionType.MESSAGE_SENT)
    if was_placed:
        log(session, deal.order, OrderActionType.ORDER_CREATED)

    answers = {
        deal.vendor_gets().status_code,
        deal.vendor_gets("/messages").status_code,
        client.post(f"{VENDOR}/{deal.order.id}/cancel", headers=deal.as_vendor).status_code,
    }

    assert ids(listed(client, VENDOR, deal.as_vendor)) == ([deal.order.id] if was_placed else [])
    assert answers == ({200, 409} if was_placed else {404})
    assert deal.consumer_gets().json["data"]["status"] == "cancelled"


def test_a_vendor_without_a_shop_has_no_orders(client: FlaskClient, session: Session) -> None:
    headers = factories.sign_in(session, factories.make_vendor(session))

    assert refusal(client.get(VENDOR, headers=headers)) == (404, "Shop not found")


def test_pages_come_newest_first_without_gaps_or_repeats(
    client: FlaskClient, session: Session, office: dict[str, str]
) -> None:
    deal = make_deal(client, session)
    item = factories.make_item(session, deal.shop)
    moment = datetime.now(UTC) - timedelta(days=1)
    orders = [deal.order] + [
        factories.make_shop_order(session, deal.consumer, deal.shop, item, created_at=moment) for _ in range(4)
    ]
    by_id = sorted((order.id for order in orders), reverse=True)
    by_age = [deal.order.id, *(each for each in by_id if each != deal.order.id)]

    for path, headers, fixed, expected in (
        (HISTORY, deal.as_consumer, {}, by_id),
        (VENDOR, deal.as_vendor, {}, by_age),
        (ADMIN, office, {}, by_age),
        (ADMIN, office, {"shop_id": deal.shop.id}, by_age),
    ):
        first = listed(client, path, headers, limit=2, **fixed)
        second = listed(client, path, headers, limit=2, cursor=first["meta"]["next_cursor"], **fixed)
        third = listed(client, path, headers, limit=2, cursor=second["meta"]["next_cursor"], **fixed)

        assert ids(first) + ids(second) + ids(third) == expected
        assert (first["meta"]["total"], third["meta"]["has_next"]) == (5, False)
        assert ids(listed(client, path, headers, limit=2, offset=3, **fixed)) == expected[3:]


def test_a_cursor_of_another_list_is_refused(client: FlaskClient, session: Session) -> None:
    deal = make_deal(client, session)
    factories.make_shop_order(session, deal.consumer, deal.shop)
    cursor = listed(client, HISTORY, deal.as_consumer, limit=1)["meta"]["next_cursor"]

    answer = client.get(VENDOR, query_string={"cursor": cursor}, headers=deal.as_vendor)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_lists_are_narrowed_by_status(client: FlaskClient, session: Session, office: dict[str, str]) -> None:
    deal = make_deal(client, session)
    gone = factories.make_shop_order(session, deal.consumer, deal.shop, status=OrderStatus.CANCELED)
    log(session, gone, OrderActionType.ORDER_CREATED)

    for path, headers in ((HISTORY, deal.as_consumer), (VENDOR, deal.as_vendor), (ADMIN, office)):
        assert ids(listed(client, path, headers, status="cancelled")) == [gone.id]
        assert ids(listed(client, path, headers, status="delivered")) == []
        unknown = client.get(path, query_string={"status": "CREATED"}, headers=headers)
        assert unknown.status_code == 400


def test_the_office_finds_orders_by_number_phone_and_shop(
    client: FlaskClient, session: Session, office: dict[str, str]
) -> None:
    one, other = make_deal(client, session), make_deal(client, session)

    assert ids(listed(client, ADMIN, office, q=one.order.order_number.lower())) == [one.order.id]
    assert ids(listed(client, ADMIN, office, q=other.consumer.phone[-8:])) == [other.order.id]
    assert ids(listed(client, ADMIN, office, shop_id=one.shop.id)) == [one.order.id]
    assert ids(listed(client, ADMIN, office, shop_id=one.shop.id, q=other.consumer.phone)) == []
    assert ids(listed(client, ADMIN, office, q="%")) == []


def test_statements_do_not_grow_with_orders_and_lines(
    client: FlaskClient, session: Session, office: dict[str, str], statements: Statements
) -> None:
    deal = make_deal(client, session)
    items = [factories.make_item(session, deal.shop) for _ in range(3)]
    counts: list[list[int]] = []
    for _ in range(3):
        factories.make_shop_order(session, deal.consumer, deal.shop, *items)
        counts.append([])
        for path, headers in ((HISTORY, deal.as_consumer), (VENDOR, deal.as_vendor), (ADMIN, office)):
            statements.clear()
            listed(client, path, headers)
            counts[-1].append(len([each for each in statements if "orders" in each]))

    assert counts == [[1, 1, 1]] * 3


def test_a_detail_is_one_statement_and_answers_304_while_nothing_changed(
    client: FlaskClient, session: Session, statements: Statements
) -> None:
    deal = make_deal(client, session)
    statements.clear()
    answer = deal.consumer_gets()

    assert len([each for each in statements if "order" in each.lower() and "orders" in each]) == 1
    held = {**deal.as_consumer, "If-None-Match": answer.headers["ETag"]}
    again = client.get(f"{CONSUMER}/{deal.order.id}", headers=held)
    assert (again.status_code, again.data) == (304, b"")
