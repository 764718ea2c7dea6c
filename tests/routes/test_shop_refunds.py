"""Money that goes back out of a delivered order: by the office, by returns, and whose commission it was."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.clients.payments import Outcome, Status
from app.clients.sandbox_payments import SandboxPayments
from app.domain.enums import AccountKind, Role
from app.models import Inventory, Order, OrderAction, OrderReturn, Payment, Product
from app.services.wallets import maturing
from tests.books import make_bank
from tests.factories import make_item, make_user
from tests.market import Market, Person, balance, fill_wallet, open_market, sign_in
from tests.shopping import assert_sound


@pytest.fixture
def market(session: Session, client: FlaskClient) -> Market:
    market = open_market(session, client)
    fill_wallet(session, market.consumer.user, "1000.00")
    return market


@pytest.fixture
def item(session: Session, market: Market) -> Product:
    return make_item(session, market.shop, stock=50, price=Decimal("50.00"))


@pytest.fixture
def office(session: Session, client: FlaskClient) -> Person:
    return sign_in(session, client, make_user(session, role=Role.ADMIN))


@pytest.fixture
def terms(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Change settings for one test."""

    def change(**values: Any) -> None:
        monkeypatch.setitem(app.extensions, "settings", app.extensions["settings"].model_copy(update=values))

    return change


def sold(market: Market, *items: Product, quantity: int = 2, mode: str = "wallet") -> int:
    order_id = market.order(*items, quantity=quantity, mode=mode)
    assert market.answer(order_id, "delivered").status_code == 200
    return order_id


def refund(
    office: Person, order_id: int, amount: Any, *, payer: str = "vendor", reason: str = "it was stale", key: str = "k"
) -> TestResponse:
    body = {"amount": amount, "reason": reason, "charged_to": payer}
    return office.post(f"/admin/orders/{order_id}/refund", body, key=key)


def take_back(market: Market, order_id: int, item: Product, quantity: int = 1, **body: Any) -> TestResponse:
    lines = [{"item_id": item.id, "quantity": quantity}]
    begun = market.vendor.post(f"/vendor/orders/{order_id}/return/initiate", {"reason": "broken", "items": lines})
    assert begun.status_code == 200, begun.json
    return market.vendor.post(f"/vendor/orders/{order_id}/return/complete", body)


def wallet(session: Session, market: Market) -> Decimal:
    return balance(session, AccountKind.WALLET, market.consumer.user.id)


def pending(session: Session, market: Market) -> Decimal:
    return balance(session, AccountKind.VENDOR_PENDING, market.shop.id)


def available(session: Session, market: Market) -> Decimal:
    return balance(session, AccountKind.VENDOR_AVAILABLE, market.shop.id)


def fees(session: Session) -> Decimal:
    return balance(session, AccountKind.FEES, None)


def set_order(session: Session, order_id: int, **values: Any) -> None:
    session.execute(update(Order).where(Order.id == order_id).values(**values))
    session.commit()


def mature(session: Session, order_id: int) -> None:
    set_order(session, order_id, matures_at=func.now())
    assert maturing.mature_due() == 1


def expire_hold(session: Session) -> None:
    """Let the provider forget what it holds, as it does after some days."""
    session.execute(text("UPDATE sandbox_payments SET status = 'voided'"))
    session.commit()


def test_a_refund_of_the_vendors_takes_our_commission_on_it_back(
    session: Session, market: Market, item: Product, office: Person, terms: Any
) -> None:
    terms(commission_percent=Decimal("10.00"))
    order_id = sold(market, item)
    assert (pending(session, market), fees(session)) == (Decimal("90.00"), Decimal("10.00"))

    made = refund(office, order_id, 30)

    assert made.json["data"] == {"message": "Refunded", "refund": 30}
    assert (pending(session, market), fees(session)) == (Decimal("63.00"), Decimal("7.00"))
    assert wallet(session, market) == Decimal("930.00")
    assert market.order_of(order_id)["payment_status"] == "partially_refunded"
    assert_sound()


def test_what_the_house_gives_back_lessens_neither_the_vendors_money_nor_the_commission(
    session: Session, market: Market, item: Product, office: Person, terms: Any
) -> None:
    terms(commission_percent=Decimal("10.00"))
    order_id = sold(market, item)

    refund(office, order_id, 50, payer="house")

    assert (pending(session, market), fees(session)) == (Decimal("90.00"), Decimal("10.00"))
    assert balance(session, AccountKind.ADJUSTMENTS, None) == Decimal("-1050.00")

    take_back(market, order_id, item)

    assert (pending(session, market), fees(session)) == (Decimal("45.00"), Decimal("5.00"))
    assert wallet(session, market) == Decimal("1000.00")
    assert_sound()


def test_commission_goes_back_with_what_matured_as_well(
    session: Session, market: Market, item: Product, office: Person, terms: Any
) -> None:
    terms(commission_percent=Decimal("10.00"))
    order_id = sold(market, item)
    refund(office, order_id, 20)
    mature(session, order_id)
    assert available(session, market) == Decimal("72.00")

    take_back(market, order_id, item)

    assert (available(session, market), fees(session)) == (Decimal("27.00"), Decimal("3.00"))
    assert_sound()


@pytest.mark.parametrize("percent", ["0.01", "7.77", "12.34", "33.33", "99.99", "100"])
def test_whoever_gives_everything_back_gets_all_the_commission_to_the_cent(
    session: Session, market: Market, office: Person, terms: Any, percent: str
) -> None:
    terms(commission_percent=Decimal(percent))
    item = make_item(session, market.shop, price=Decimal("9.99"))
    order_id = sold(market, item, quantity=1)

    for number, part in enumerate(["0.01", "3.33", "3.33", "0.02", "3.30"]):
        assert refund(office, order_id, part, key=f"part-{number}").status_code == 200
        assert fees(session) >= 0
        assert pending(session, market) >= 0

    assert (pending(session, market), fees(session)) == (0, 0)
    assert wallet(session, market) == Decimal("1000.00")
    assert refund(office, order_id, "0.01", key="more").json["error"]["code"] == "REFUND_TOO_MUCH"
    assert_sound()


@pytest.mark.parametrize("mode", ["wallet", "card"])
def test_no_more_is_refunded_than_was_paid(
    session: Session, market: Market, item: Product, office: Person, mode: str
) -> None:
    order_id = sold(market, item, mode=mode)

    assert refund(office, order_id, "99.99").status_code == 200
    too_much = refund(office, order_id, "0.02", key="more")
    rest = refund(office, order_id, "0.01", key="rest")

    assert too_much.status_code == 409
    assert too_much.json["error"]["details"] == {"refundable": 0.01}
    assert rest.status_code == 200
    assert market.order_of(order_id)["payment_status"] == "refunded"
    assert_sound()


def test_what_is_on_its_way_back_to_a_card_is_not_given_twice(
    session: Session, market: Market, item: Product, office: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = sold(market, item, mode="card")
    monkeypatch.setattr(SandboxPayments, "refund", lambda *_, **__: Outcome(Status.UNKNOWN))
    assert refund(office, order_id, 60).status_code == 200

    too_much = refund(office, order_id, 50, key="more")
    returned = take_back(market, order_id, item)

    assert too_much.json["error"]["details"] == {"refundable": 40}
    assert returned.json["data"]["refund"] == 40
    assert pending(session, market) == 0


def test_cash_is_never_refunded_by_us(session: Session, market: Market, item: Product, office: Person) -> None:
    order_id = sold(market, item, mode="cash")

    made = refund(office, order_id, 1)

    assert made.json["error"]["code"] == "REFUND_TOO_MUCH"
    assert made.json["error"]["details"] == {"refundable": 0}
    assert take_back(market, order_id, item).json["data"]["refund"] == 50
    assert wallet(session, market) == Decimal("1000.00")
    assert pending(session, market) == 0
    assert market.order_of(order_id)["payment_status"] == "paid"


def test_an_order_not_handed_over_is_cancelled_and_not_refunded(market: Market, item: Product, office: Person) -> None:
    order_id = market.order(item, mode="wallet")

    assert refund(office, order_id, 1).json["error"]["code"] == "INVALID_STATUS"


def test_one_key_of_an_admin_refunds_once(session: Session, market: Market, item: Product, office: Person) -> None:
    order_id = sold(market, item)

    answers = [refund(office, order_id, amount, key="k" * 128) for amount in (5, "5.00", 5)]

    assert [made.json["data"]["refund"] for made in answers] == [5, 5, 5]
    assert wallet(session, market) == Decimal("905.00")


@pytest.mark.parametrize(("amount", "payer"), [(6, "vendor"), (5, "house")])
def test_a_key_of_another_refund_is_refused(
    session: Session, market: Market, item: Product, office: Person, amount: int, payer: str
) -> None:
    order_id = sold(market, item)
    refund(office, order_id, 5)

    other = refund(office, order_id, amount, payer=payer)

    assert other.json["error"]["code"] == "IDEMPOTENCY_KEY_REUSE_MISMATCH"
    assert wallet(session, market) == Decimal("905.00")


def test_two_admins_may_choose_the_same_key(
    session: Session, client: FlaskClient, market: Market, item: Product, office: Person
) -> None:
    order_id = sold(market, item)
    other = sign_in(session, client, make_user(session, role=Role.ADMIN))

    assert refund(office, order_id, 5).status_code == 200
    assert refund(other, order_id, 5).status_code == 200

    assert wallet(session, market) == Decimal("910.00")


def test_a_return_takes_this_orders_pending_money_and_then_what_is_available(
    session: Session, market: Market, item: Product
) -> None:
    first, second = sold(market, item), sold(market, item)
    mature(session, first)
    assert (pending(session, market), available(session, market)) == (100, 100)

    take_back(market, first, item)
    assert (pending(session, market), available(session, market)) == (100, 50)

    take_back(market, second, item, 2)
    assert (pending(session, market), available(session, market)) == (0, 50)
    assert_sound()


def test_a_vendor_without_money_cannot_complete_a_return_unless_they_may_owe_it(
    session: Session, market: Market, item: Product, terms: Any
) -> None:
    terms(payout_hold_days=0)
    make_bank(session, market.vendor.user)
    order_id = sold(market, item)
    assert market.vendor.post("/vendor/wallet/withdraw", {"amount": 100}).status_code == 200

    short = take_back(market, order_id, item)
    assert short.status_code == 402
    assert wallet(session, market) == Decimal("900.00")

    terms(return_allow_negative_vendor=True)
    assert market.vendor.post(f"/vendor/orders/{order_id}/return/complete").status_code == 200
    assert available(session, market) == Decimal("-50.00")
    assert market.vendor.post("/vendor/wallet/withdraw", {"amount": "0.01"}).status_code == 402
    assert wallet(session, market) == Decimal("950.00")
    assert_sound()


def test_a_card_that_is_not_charged_yet_refunds_nothing_and_pays_nobody(
    session: Session, market: Market, item: Product, office: Person, terms: Any
) -> None:
    terms(payout_hold_days=0)
    make_bank(session, market.vendor.user)
    order_id = market.order(item, mode="card")
    expire_hold(session)
    market.answer(order_id, "delivered")

    assert maturing.mature_due() == 0
    assert market.vendor.get("/vendor/wallet").json["data"] == {"balance": 100, "pending": 100, "available": 0}
    assert market.vendor.post("/vendor/wallet/withdraw", {"amount": 1}).status_code == 402
    assert refund(office, order_id, 1).json["error"]["code"] == "AMOUNT_NOT_AVAILABLE"
    assert take_back(market, order_id, item).json["error"]["code"] == "AMOUNT_NOT_AVAILABLE"
    assert wallet(session, market) == Decimal("1000.00")
    assert_sound()


def test_a_card_is_charged_what_was_agreed(session: Session, market: Market, item: Product) -> None:
    order_id = market.order(item, quantity=3, mode="card")
    fewer = {"modifications": [{"item_id": item.id, "quantity": 2}]}
    market.vendor.post(f"/vendor/orders/{order_id}/modify", fewer)
    agreed = market.consumer.post(f"/consumer/orders/{order_id}/confirm-modified")

    market.answer(order_id, "delivered")

    assert agreed.json["data"]["refund"] == 50
    payment = session.execute(select(Payment).where(Payment.order_id == order_id)).scalar_one()
    assert (payment.authorized_amount, payment.captured_amount) == (150, 100)
    assert_sound()


@pytest.mark.parametrize(("quantity", "status"), [(2, 200), (3, 409)])
def test_a_card_is_never_asked_for_more_than_it_holds(
    market: Market, item: Product, quantity: int, status: int
) -> None:
    order_id = market.order(item, quantity=2, mode="card")
    change = {"modifications": [{"item_id": item.id, "quantity": quantity}]}

    made = market.vendor.post(f"/vendor/orders/{order_id}/modify", change)

    assert made.status_code == status
    if status == 409:
        assert made.json["error"]["code"] == "AMOUNT_ABOVE_AUTHORIZATION"
        assert made.json["error"]["details"] == {"authorized": 100}
        assert market.order_of(order_id)["status"] == "pending"


def test_only_what_came_back_whole_is_sold_again(session: Session, market: Market, item: Product) -> None:
    order_id = sold(market, item, quantity=3)

    take_back(market, order_id, item, 1, restock=True)
    take_back(market, order_id, item, 2, restock=False)

    row = session.execute(
        select(Inventory).where(Inventory.product_id == item.id).execution_options(populate_existing=True)
    ).scalar_one()
    assert (row.available_quantity, row.reserved_quantity) == (48, 0)
    assert_sound()


def test_returns_never_give_back_more_than_is_left_and_say_so_each(
    session: Session, market: Market, item: Product, office: Person
) -> None:
    """Two accepted at once after the office gave most of it back: the first takes what is left, the second nothing."""
    order_id = sold(market, item, quantity=2)
    refund(office, order_id, 70)
    for _ in range(2):
        lines = {"reason": "broken", "items": [{"item_id": item.id, "quantity": 1}]}
        assert market.consumer.post(f"/consumer/orders/{order_id}/return/raise", lines).status_code == 200
    market.vendor.post(f"/vendor/orders/{order_id}/return/accept")

    made = market.vendor.post(f"/vendor/orders/{order_id}/return/complete")

    assert made.json["data"]["refund"] == 30
    given = session.execute(
        select(OrderReturn.refund_amount, OrderReturn.status)
        .where(OrderReturn.order_id == order_id)
        .order_by(OrderReturn.id)
    ).all()
    assert [tuple(row) for row in given] == [(30, "completed"), (0, "completed")]
    assert wallet(session, market) == Decimal("1000.00")


def test_one_return_is_decided_without_the_others(session: Session, market: Market, item: Product) -> None:
    order_id = sold(market, item, quantity=3)
    raised = [
        market.consumer.post(
            f"/consumer/orders/{order_id}/return/raise", {"reason": "broken", "items": [{"item_id": item.id}]}
        ).json["data"]["return_ids"][0]
        for _ in range(3)
    ]

    refused = market.vendor.post(f"/vendor/orders/{order_id}/return/reject", {"return_id": raised[0]})
    accepted = market.vendor.post(f"/vendor/orders/{order_id}/return/accept", {"return_id": raised[1]})
    again = market.vendor.post(f"/vendor/orders/{order_id}/return/reject", {"return_id": raised[0]})
    made = market.vendor.post(f"/vendor/orders/{order_id}/return/complete")

    assert refused.json["data"]["return_ids"] == [raised[0]]
    assert accepted.json["data"]["return_ids"] == [raised[1]]
    assert again.status_code == 409
    assert made.json["data"]["refund"] == 50
    statuses = select(OrderReturn.status).where(OrderReturn.order_id == order_id).order_by(OrderReturn.id)
    assert list(session.execute(statuses).scalars()) == ["rejected", "completed", "requested"]


def test_what_a_rejected_return_asked_for_may_be_asked_for_again(market: Market, item: Product) -> None:
    order_id = sold(market, item, quantity=1)
    lines = {"reason": "broken", "items": [{"item_id": item.id, "quantity": 1}]}
    path = f"/consumer/orders/{order_id}/return/raise"

    assert market.consumer.post(path, lines).status_code == 200
    twice = market.consumer.post(path, lines)
    market.vendor.post(f"/vendor/orders/{order_id}/return/reject")

    assert twice.json["error"]["details"]["lines"] == [
        {"item_id": item.id, "requested_quantity": 1, "returnable_quantity": 0}
    ]
    assert market.consumer.post(path, lines).status_code == 200


def test_a_repeated_delivery_has_no_second_effect(
    session: Session, market: Market, item: Product, office: Person, terms: Any
) -> None:
    terms(commission_percent=Decimal("10.00"))
    order_id = sold(market, item)
    refund(office, order_id, 50)
    facts = (Order.commission, Order.delivered_at, Order.matures_at)
    before = session.execute(select(*facts).where(Order.id == order_id)).one()
    acts = select(func.count()).select_from(OrderAction).where(OrderAction.order_id == order_id)
    told = session.scalar(acts)

    again = market.answer(order_id, "delivered")

    assert again.status_code == 200
    assert session.execute(select(*facts).where(Order.id == order_id)).one() == before
    assert session.scalar(acts) == told
    assert fees(session) == Decimal("5.00")


def test_consumers_return_within_the_window_and_vendors_take_back_later_too(
    session: Session, market: Market, item: Product, terms: Any
) -> None:
    terms(return_window_days=7)
    order_id = sold(market, item)
    set_order(session, order_id, delivered_at=Order.delivered_at - timedelta(days=8))
    lines = {"reason": "broken", "items": [{"item_id": item.id, "quantity": 1}]}

    late = market.consumer.post(f"/consumer/orders/{order_id}/return/raise", lines)

    assert late.json["error"]["code"] == "RETURN_WINDOW_OVER"
    assert take_back(market, order_id, item).json["data"]["refund"] == 50


def test_earnings_of_a_wallet_are_theirs_at_once_where_nothing_is_held_back(
    session: Session, market: Market, item: Product, terms: Any
) -> None:
    terms(payout_hold_days=0)
    sold(market, item)
    assert (pending(session, market), available(session, market)) == (0, 100)

    by_card = sold(market, item, mode="card")
    assert (pending(session, market), available(session, market)) == (100, 100)

    mature(session, by_card)
    assert (pending(session, market), available(session, market)) == (0, 200)
    assert maturing.mature_due() == 0
