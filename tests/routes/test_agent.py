"""The assistant by its rules: the caller's own things, and the shops around the caller."""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.config import load_settings
from app.domain.enums import AccountKind, ChannelName, OrderStatus, Role
from app.domain.shop_hours import END_OF_DAY
from app.models import Cart, CartItem, OrderMessage, ShopHours, User
from app.services import ledger
from app.services.ledger import Move
from tests import factories
from tests.conftest import CHEAP, Statements

QUERY = "/api/v1/agent/query"


@pytest.fixture
def consumer(session: Session) -> User:
    return factories.make_consumer(session)


@pytest.fixture
def headers(session: Session, consumer: User) -> dict[str, str]:
    return factories.sign_in(session, consumer)


def ask(client: FlaskClient, headers: dict[str, str], query: str) -> str:
    answer = client.post(QUERY, json={"query": query}, headers=headers)
    assert answer.status_code == 200, answer.json
    assert len(answer.json["data"]["suggestions"]) >= 2
    told: str = answer.json["data"]["answer"]
    return told


def put_money(session: Session, user: User, amount: str) -> None:
    moves = [Move(AccountKind.ADJUSTMENTS, -Decimal(amount)), Move(AccountKind.WALLET, Decimal(amount), user.id)]
    ledger.post(session, reference=f"gift:{user.id}", description="A gift", moves=moves)
    session.commit()


def test_items_near_me_are_found_by_word_and_price_the_cheapest_first(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    shop = factories.make_shop(session, name="Green Mart")
    factories.make_item(session, shop, name="Toned milk", price=Decimal("48.00"))
    factories.make_item(session, shop, name="Goat milk", price=Decimal("45.50"), compare_at_price=Decimal("60.00"))
    factories.make_item(session, shop, name="Cream milk", price=Decimal("50.01"))
    factories.make_item(session, shop, name="Bread", price=Decimal("20.00"))

    told = ask(client, headers, "Any milk under 50?")

    assert told == (
        "I found 2 items: Goat milk for ILS 45.50 instead of ILS 60.00 at Green Mart; "
        "Toned milk for ILS 48.00 at Green Mart."
    )


def test_singular_and_plural_find_each_other(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    factories.make_item(session, factories.make_shop(session), name="Tomato")
    factories.make_item(session, factories.make_shop(session), name="Brown eggs")

    assert "Tomato for" in ask(client, headers, "tomatoes")
    assert "Brown eggs for" in ask(client, headers, "egg")


@pytest.mark.parametrize("fault", ["elsewhere", "switched off", "deleted", "sold out", "suspended"])
def test_what_the_caller_cannot_buy_is_not_offered(
    client: FlaskClient, session: Session, headers: dict[str, str], fault: str
) -> None:
    vendor = factories.make_vendor(session, society="Hill View" if fault == "elsewhere" else "ROSE garden")
    shop = factories.make_shop(session, vendor, is_active=fault != "suspended")
    columns = {"is_available": fault != "switched off", "is_active": fault != "deleted"}
    factories.make_item(session, shop, name="Milk", stock=0 if fault == "sold out" else 5, **columns)

    assert ask(client, headers, "milk") == "I found no milk in the shops that serve you."


def test_a_shop_that_delivers_serves_everybody_and_a_closed_one_is_said_to_be(
    client: FlaskClient, session: Session
) -> None:
    far = factories.make_vendor(session, city="Delhi", society="Hill View")
    shop = factories.make_shop(session, far, name="Far Foods", delivers=True, is_open=False)
    factories.make_item(session, shop, name="Milk")
    nowhere = factories.make_consumer(session, city=None, society=None, onboarded_at=None)

    told = ask(client, factories.sign_in(session, nowhere), "milk")

    assert told == "I found 1 item: Milk for ILS 10.00 at Far Foods (closed now)."


def test_the_supermarkets_own_products_are_not_of_the_marketplace(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    factories.make_product(session, name="Milk", stock={factories.make_warehouse(session): 9})

    assert ask(client, headers, "milk").startswith("I found no milk")


def test_many_items_are_cut_short(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    shop = factories.make_shop(session)
    for number in range(12):
        factories.make_item(session, shop, name=f"Milk {number}")

    told = ask(client, headers, "milk")

    assert told.startswith("I found 10 or more items, here are 5: ")
    assert told.count(" for ILS ") == 5


def test_offers_are_items_below_their_makers_price(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    shop = factories.make_shop(session, name="Green Mart")
    factories.make_item(session, shop, name="Rice", price=Decimal(90), compare_at_price=Decimal(100))
    factories.make_item(session, shop, name="Milk", price=Decimal(45), compare_at_price=Decimal(45))

    assert ask(client, headers, "any offers?") == (
        "I found 1 offer: Rice for ILS 90.00 instead of ILS 100.00 at Green Mart."
    )
    assert ask(client, headers, "offers on milk") == (
        "There is no offer for milk in the shops that serve you right now."
    )


def put_in_cart(session: Session, user: User, *lines: tuple[Any, int]) -> None:
    cart = Cart(user_id=user.id, channel=ChannelName.MARKETPLACE)
    session.add(cart)
    session.flush()
    for item, quantity in lines:
        session.add(CartItem(cart_id=cart.id, product_id=item.id, quantity=quantity, unit_price=item.price))
    session.commit()


def test_the_cart_is_told_with_its_total(
    client: FlaskClient, session: Session, consumer: User, headers: dict[str, str]
) -> None:
    shop = factories.make_shop(session, name="Green Mart")
    items = [factories.make_item(session, shop, name=f"Item {n}", price=Decimal("1.10")) for n in range(12)]
    empty = ask(client, headers, "my cart")
    put_in_cart(session, consumer, *((item, 2) for item in items))

    told = ask(client, headers, "What is in my cart?")

    assert empty == "Your cart is empty."
    assert told.startswith("Your cart from Green Mart holds 2 x Item 0 at ILS 1.10, 2 x Item 1 at ILS 1.10, ")
    assert told.endswith(" and 7 more. Together ILS 26.40, without delivery.")


def test_orders_are_told_the_last_one_first_or_by_number(
    client: FlaskClient, session: Session, consumer: User, headers: dict[str, str]
) -> None:
    shop = factories.make_shop(session, name="Green Mart")
    item = factories.make_item(session, shop, price=Decimal("30.00"))
    none = ask(client, headers, "where is my order")
    first = factories.make_shop_order(session, consumer, shop, item, status=OrderStatus.DELIVERED)
    second = factories.make_shop_order(session, consumer, shop, item, quantity=2)
    second.status = OrderStatus.AWAITING_CONSUMER_CONFIRMATION
    session.commit()

    last = ask(client, headers, "where is my order?")
    by_number = ask(client, headers, f"status of order #{first.id}")

    assert none == "You have no order at the shops near you yet."
    assert last == (
        f"Your last order, number {second.id} at Green Mart for ILS 60.00, is awaiting consumer confirmation. "
        f"Before that: number {first.id} at Green Mart for ILS 30.00, is delivered."
    )
    assert by_number == f"Your order, number {first.id} at Green Mart for ILS 30.00, is delivered."


def test_the_messages_of_an_order_are_told(
    client: FlaskClient, session: Session, consumer: User, headers: dict[str, str]
) -> None:
    shop = factories.make_shop(session)
    order = factories.make_shop_order(session, consumer, shop)
    none = ask(client, headers, "any messages?")
    for sender, body in ((shop.owner_id, "On my way"), (consumer.id, "Thank you")):
        session.add(OrderMessage(order_id=order.id, sender_user_id=sender, body=body))
        session.commit()

    told = ask(client, headers, "any messages?")

    assert none == "There are no messages about your orders."
    assert told == (
        f'The last messages about your orders: order {order.id}, you: "Thank you"; '
        f'order {order.id}, the shop: "On my way".'
    )


def test_the_wallet_is_told_with_its_currency(
    client: FlaskClient, session: Session, consumer: User, headers: dict[str, str]
) -> None:
    before = ask(client, headers, "wallet balance")
    put_money(session, consumer, "250.50")

    assert before == "Your wallet holds ILS 0.00."
    assert ask(client, headers, "wallet balance") == "Your wallet holds ILS 250.50."


def test_shops_are_told_with_todays_hours_the_open_ones_first(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    factories.make_shop(session, name="Aunt's Corner", is_open=False)
    open_one = factories.make_shop(session, name="Green Mart")
    today = datetime.now(UTC).astimezone(load_settings(**CHEAP).zone).weekday()
    session.add(ShopHours(shop_id=open_one.id, day_of_week=today, open_time=time(0), close_time=END_OF_DAY))
    session.commit()

    assert ask(client, headers, "which shops are open?") == (
        "Green Mart is open now, today 00:00 to 24:00; Aunt's Corner is closed now."
    )
    assert ask(client, headers, "when does green mart open") == "Green Mart is open now, today 00:00 to 24:00."
    assert ask(client, headers, "is blue mart open") == "No shop of that name serves you."


def test_without_a_question_it_says_what_it_can_do(client: FlaskClient, headers: dict[str, str]) -> None:
    assert ask(client, headers, "hello").startswith("I can look up items near you")


def test_nothing_of_another_consumer_is_ever_told(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    other, shop = factories.make_consumer(session), factories.make_shop(session)
    order = factories.make_shop_order(session, other, shop)
    session.add(OrderMessage(order_id=order.id, sender_user_id=other.id, body="A secret"))
    put_in_cart(session, other, (factories.make_item(session, shop), 1))
    put_money(session, other, "99.00")

    told = [ask(client, headers, query) for query in ("my cart", f"order {order.id} status", "messages", "wallet")]

    assert told == [
        "Your cart is empty.",
        f"You have no order {order.id} at the shops near you yet.",
        "There are no messages about your orders.",
        "Your wallet holds ILS 0.00.",
    ]


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": "   "}, {"query": None}, {"other": 1}, None])
def test_a_query_is_required(client: FlaskClient, headers: dict[str, str], body: Any) -> None:
    answer = client.post(QUERY, json=body, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "QUERY_REQUIRED")
    assert answer.json["error"]["message"] == "Query is required"


@pytest.mark.parametrize("query", ["x" * 1001, 5, ["milk"], "milk\x00"])
def test_a_query_that_is_none_is_refused(client: FlaskClient, headers: dict[str, str], query: Any) -> None:
    answer = client.post(QUERY, json={"query": query}, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "query", ["' OR 1=1 --", "milk & | ! :* ( ) <->", "%_%", "\\", "😀", "x" * 1000, "order " + "9" * 30]
)
def test_odd_queries_are_answered(client: FlaskClient, headers: dict[str, str], query: str) -> None:
    assert ask(client, headers, query)


@pytest.mark.parametrize("role", [Role.VENDOR, Role.EMPLOYEE])
def test_it_is_for_consumers(client: FlaskClient, session: Session, role: Role) -> None:
    headers = factories.sign_in(session, factories.make_user(session, role=role))

    assert client.post(QUERY, json={"query": "milk"}, headers=headers).status_code == 403


@pytest.mark.parametrize("query", ["milk", "offers", "cart", "orders", "messages", "wallet", "shops"])
def test_an_answer_takes_one_statement_and_the_callers_own(
    client: FlaskClient,
    session: Session,
    consumer: User,
    headers: dict[str, str],
    statements: Statements,
    query: str,
) -> None:
    shop = factories.make_shop(session)
    for _ in range(3):
        item = factories.make_item(session, shop, name="Milk", compare_at_price=Decimal(20))
        factories.make_shop_order(session, consumer, shop, item)
    put_in_cart(session, consumer, (item, 1))
    statements.clear()

    ask(client, headers, query)

    assert len(statements) == 2
