"""The basket for a vendor's shop over HTTP: contract of the marketplace, section 6."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import AuditEvent, Cart, CartItem, Product, ShopHoliday, ShopItem, User
from app.services.shops.opening import this_moment
from tests import factories
from tests.conftest import Statements

CART = "/api/v1/consumer/cart"


@dataclass
class Consumer:
    """Somebody who fills a basket."""

    user: User
    client: FlaskClient
    headers: dict[str, str]

    def post(self, action: str, body: Any = None) -> TestResponse:
        return self.client.post(f"{CART}/{action}", json=body, headers=self.headers)

    def add(self, item: Product, quantity: int = 1) -> TestResponse:
        return self.post("add", {"item_id": item.id, "quantity": quantity})

    def view(self) -> dict[str, Any]:
        answer = self.client.get(f"{CART}/view", headers=self.headers)
        assert answer.status_code == 200
        return dict(answer.json["data"])

    def quantities(self) -> dict[int, int]:
        return {line["item_id"]: line["quantity"] for line in self.view()["cart"]}


@pytest.fixture
def consumer(client: FlaskClient, session: Session) -> Consumer:
    return make(client, session)


def make(client: FlaskClient, session: Session, **columns: Any) -> Consumer:
    user = factories.make_consumer(session, **columns)
    return Consumer(user, client, factories.sign_in(session, user))


def refused(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["message"]


def test_an_empty_basket_has_no_shop(consumer: Consumer) -> None:
    assert consumer.view() == {"cart": [], "total_price": 0, "total_savings": 0, "shop": None}


def test_a_line_is_shown_at_todays_price_with_what_it_saves(session: Session, consumer: Consumer) -> None:
    shop = factories.make_shop(session, name="Corner", minimum_order=Decimal(50), delivery_fee=Decimal("7.50"))
    item = factories.make_item(
        session, shop, name="Milk", brand="Amul", price=Decimal("9.99"), compare_at_price=Decimal("12.00"),
        pack_size="1 l", image_urls=["https://example.com/milk.png"],
    )  # fmt: skip

    answer = consumer.add(item, 3)

    assert (answer.status_code, answer.json) == (200, {"data": {"message": "Item added to cart"}})
    view = consumer.view()
    line = view["cart"][0]
    assert line.pop("id") > 0
    assert line == {
        "item_id": item.id,
        "item_name": "Milk",
        "title": "Milk",
        "name": "Milk",
        "brand": "Amul",
        "image_url": "https://example.com/milk.png",
        "available": True,
        "available_quantity": 100,
        "price": 9.99,
        "mrp": 12.0,
        "savings": 6.03,
        "quantity": 3,
        "unit": "pcs",
        "pack_size": "1 l",
        "subtotal": 29.97,
        "shop_id": shop.id,
        "shop_name": "Corner",
    }
    assert (view["total_price"], view["total_savings"]) == (29.97, 6.03)
    assert view["shop"] == {
        "id": shop.id,
        "name": "Corner",
        "is_open": True,
        "minimum_order": 50.0,
        "delivery_fee": 7.5,
    }


def test_a_new_price_counts_at_once(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session), compare_at_price=Decimal(8))
    consumer.add(item, 2)

    item.price = Decimal("11.50")
    session.commit()

    view = consumer.view()
    assert (view["total_price"], view["total_savings"]) == (23.0, 0)


def test_quantity_is_one_unless_said_and_joins_the_line(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session))

    consumer.post("add", {"item_id": item.id, "shop_id": 3, "title": "unknown fields are ignored"})
    consumer.add(item, 4)

    assert consumer.quantities() == {item.id: 5}


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        (0, "Quantity must be at least 1"),
        (-1, "Quantity must be at least 1"),
        (11, "Cannot add more than 10 units per item"),
    ],
)
def test_a_senseless_quantity_is_refused_in_words(
    session: Session, consumer: Consumer, quantity: int, message: str
) -> None:
    item = factories.make_item(session, factories.make_shop(session))

    assert refused(consumer.add(item, quantity)) == (400, message)


@pytest.mark.parametrize("quantity", ["two", "2", 1.5, True, None, [1]])
def test_a_quantity_that_is_no_number_is_a_validation_error(
    session: Session, consumer: Consumer, quantity: object
) -> None:
    item = factories.make_item(session, factories.make_shop(session))

    answer = consumer.post("add", {"item_id": item.id, "quantity": quantity})

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_a_whole_number_may_be_written_with_a_point(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session))

    assert consumer.post("add", {"item_id": item.id, "quantity": 2.0}).status_code == 200


def test_more_than_ten_in_all_are_refused(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session))
    consumer.add(item, 8)

    answer = consumer.add(item, 3)

    assert refused(answer) == (409, "Max limit is 10 units")
    assert consumer.quantities() == {item.id: 8}


def test_what_is_not_sold_cannot_be_added(session: Session, consumer: Consumer) -> None:
    shop = factories.make_shop(session)
    hidden = factories.make_item(session, shop, is_available=False)
    inactive = factories.make_item(session, shop, is_active=False)
    of_the_supermarket = factories.make_product(session)
    there_is_none = {"item_id": 10**9}

    answers = [consumer.add(each) for each in (hidden, inactive, of_the_supermarket)]
    answers += [consumer.post("add", there_is_none), consumer.post("add", {}), consumer.post("add", {"item_id": None})]

    assert {refused(answer) for answer in answers} == {(404, "Item not available")}


def test_a_basket_is_for_one_shop(session: Session, consumer: Consumer) -> None:
    here = factories.make_item(session, factories.make_shop(session))
    elsewhere = factories.make_item(session, factories.make_shop(session))
    consumer.add(here)

    assert refused(consumer.add(elsewhere)) == (409, "Cart contains items from a different shop")

    consumer.post("remove", {"item_id": here.id})
    assert consumer.add(elsewhere).status_code == 200


def test_a_closed_shop_sells_nothing(session: Session, consumer: Consumer) -> None:
    closed = factories.make_item(session, factories.make_shop(session, is_open=False))
    suspended = factories.make_item(session, factories.make_shop(session, is_active=False))
    on_holiday = factories.make_shop(session)
    session.add(ShopHoliday(shop_id=on_holiday.id, day=this_moment()["local_day"]))
    session.commit()

    answers = [consumer.add(each) for each in (closed, suspended, factories.make_item(session, on_holiday))]

    assert [(each.status_code, each.json["error"]["code"]) for each in answers] == [(409, "SHOP_CLOSED")] * 3


def test_a_shop_serves_its_neighbours_and_others_only_if_it_delivers(client: FlaskClient, session: Session) -> None:
    near = factories.make_item(session, factories.make_shop(session, city="pune", society="ROSE garden"))
    elsewhere = factories.make_vendor(session, society="Lake View")
    far = factories.make_item(session, factories.make_shop(session, elsewhere))
    comes = factories.make_item(session, factories.make_shop(session, city="Delhi", society="Fort", delivers=True))
    homeless = make(client, session, city=None, society=None, onboarded_at=None)

    assert make(client, session).add(near).status_code == 200
    assert make(client, session).add(comes).status_code == 200
    assert make(client, session).add(far).json["error"]["code"] == "OUT_OF_AREA"
    assert homeless.add(near).json["error"]["code"] == "OUT_OF_AREA"
    assert homeless.add(comes).status_code == 200


def test_update_sets_the_units_of_a_line(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session))
    consumer.add(item, 4)

    answer = consumer.post("update", {"item_id": item.id, "quantity": 10})

    assert answer.json == {"data": {"message": "Cart quantity updated"}}
    assert consumer.quantities() == {item.id: 10}


def test_update_says_what_is_wrong(session: Session, consumer: Consumer) -> None:
    item, other = (factories.make_item(session, factories.make_shop(session)) for _ in range(2))
    consumer.add(item, 4)

    incomplete = {refused(consumer.post("update", body)) for body in ({"item_id": item.id}, {"quantity": 2}, {})}
    out_of_range = {refused(consumer.post("update", {"item_id": item.id, "quantity": q})) for q in (0, 11, -3)}

    assert incomplete == {(400, "Item ID and quantity required")}
    assert out_of_range == {(400, "Quantity must be between 1 and 10")}
    assert refused(consumer.post("update", {"item_id": other.id, "quantity": 2})) == (404, "Item not found in cart")
    assert consumer.quantities() == {item.id: 4}


def test_a_line_of_an_item_no_longer_sold_is_marked_and_can_be_taken_out(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session))
    consumer.add(item)
    session.get_one(ShopItem, item.id).is_available = False
    session.commit()

    line = consumer.view()["cart"][0]

    assert (line["available"], line["available_quantity"]) == (False, 0)
    assert consumer.post("remove", {"item_id": item.id}).json == {"data": {"message": "Item removed"}}
    assert consumer.quantities() == {}


def test_a_line_beyond_the_stock_is_not_available(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session), stock=2)
    consumer.add(item, 3)

    line = consumer.view()["cart"][0]

    assert (line["available"], line["available_quantity"]) == (False, 2)


def test_what_is_not_there_cannot_be_removed(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session))

    answers = [consumer.post("remove", body) for body in ({"item_id": item.id}, {"item_id": 10**9}, {})]

    assert {refused(answer) for answer in answers} == {(404, "Item not found")}


@pytest.mark.parametrize("body", [b"", b"{}", b"null"])
def test_clear_empties_the_basket_whatever_the_body(session: Session, consumer: Consumer, body: bytes) -> None:
    consumer.add(factories.make_item(session, factories.make_shop(session)))

    answer = consumer.client.post(f"{CART}/clear", data=body, headers=consumer.headers)

    assert (answer.status_code, answer.json) == (200, {"data": {"message": "Cart cleared"}})
    assert consumer.quantities() == {}
    assert consumer.post("clear").status_code == 200


def test_it_is_another_basket_than_the_supermarkets(session: Session, consumer: Consumer) -> None:
    consumer.add(factories.make_item(session, factories.make_shop(session)), 2)

    answer = consumer.client.get("/api/v1/cart", headers=consumer.headers)

    assert answer.json["data"]["items"] == []
    assert session.scalar(select(func.count()).where(Cart.user_id == consumer.user.id)) == 2


def test_nobody_sees_or_changes_anothers_basket(client: FlaskClient, session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session))
    consumer.add(item, 2)
    stranger = make(client, session)

    assert stranger.quantities() == {}
    assert stranger.post("remove", {"item_id": item.id}).status_code == 404
    assert stranger.post("clear").status_code == 200
    assert consumer.quantities() == {item.id: 2}


def test_every_change_is_audited(session: Session, consumer: Consumer) -> None:
    item = factories.make_item(session, factories.make_shop(session))

    consumer.add(item)
    consumer.post("update", {"item_id": item.id, "quantity": 2})
    consumer.post("remove", {"item_id": item.id})

    seen = session.execute(
        select(AuditEvent.action, AuditEvent.actor_user_id).where(AuditEvent.entity_type == "cart").order_by("id")
    ).all()
    assert [row.action for row in seen] == ["ADD_ITEM", "UPDATE_ITEM", "DELETE_ITEM"]
    assert {row.actor_user_id for row in seen} == {consumer.user.id}


def test_statements_do_not_grow_with_the_lines(session: Session, consumer: Consumer, statements: Statements) -> None:
    shop = factories.make_shop(session)
    counts = []
    for _ in range(3):
        consumer.add(factories.make_item(session, shop))
        statements.clear()
        consumer.view()
        counts.append(len(statements))

    statements.clear()
    consumer.add(factories.make_item(session, shop))
    own = [each for each in statements if "cart" in each]

    assert counts[0] == counts[2]
    assert len(own) == 3  # lock, offer, write
    assert session.scalar(select(func.count(CartItem.id))) == 4


def test_a_shop_opens_again_after_its_holiday(session: Session, consumer: Consumer) -> None:
    shop = factories.make_shop(session)
    yesterday: date = this_moment()["local_day"] - timedelta(days=1)
    session.add(ShopHoliday(shop_id=shop.id, day=yesterday))
    session.commit()

    assert consumer.add(factories.make_item(session, shop)).status_code == 200
