"""A shopper's checklist over HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import ChecklistItem, Product, ProductGtin, User
from tests.conftest import Statements
from tests.factories import (
    make_category,
    make_diet,
    make_food_type,
    make_item,
    make_product,
    make_shop,
    make_user,
    put_on_sale,
    sign_in,
)

CHECKLIST = "/api/v1/user/checklist"


def add(client: FlaskClient, headers: dict[str, str], product: Product, quantity: int = 1) -> Any:
    return client.post(f"{CHECKLIST}/add", json={"product_id": product.id, "quantity": quantity}, headers=headers)


def remove(client: FlaskClient, headers: dict[str, str], product_id: Any) -> Any:
    return client.post(f"{CHECKLIST}/remove", json={"product_id": product_id}, headers=headers)


def lines(client: FlaskClient, headers: dict[str, str], **query: Any) -> dict[int, int]:
    found = client.get(CHECKLIST, query_string=query, headers=headers).json["data"]
    return {line["product_id"]: line["quantity"] for line in found}


def wanted(session: Session, user: User, *, minutes_ago: int = 0, **columns: Any) -> Product:
    """A product put on the list some time ago."""
    product = make_product(session, **columns)
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    session.add(ChecklistItem(user_id=user.id, product_id=product.id, quantity=1, created_at=at))
    session.commit()
    return product


def test_an_added_product_is_answered_with_all_that_the_app_shows(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    images = ["https://pictures.example/milk.webp", "https://pictures.example/back.webp"]
    product = make_product(session, name="Toned Milk", weight_grams=515, image_urls=images, unit="500 ml")
    put_on_sale(session, product, "7.50")
    session.add_all(ProductGtin(product_id=product.id, gtin=gtin) for gtin in ("08901234567890", "00000096385074"))
    session.commit()

    answer = add(client, headers, product, 2)

    assert answer.status_code == 200
    assert answer.json["data"] == {
        "user_id": user.id,
        "product_id": product.id,
        "quantity": 2,
        "product": {
            "product_id": product.id,
            "product_name": "Toned Milk",
            "price": 10.0,
            "discounted_price": 7.5,
            "barcode": "96385074",
            "gtins": ["96385074", "8901234567890"],
            "weight": 515,
            "expiry": None,
            "category_id": product.category_id,
            "offer_name": "25% off",
            "sold_by": "PIECE",
            "unit": "500 ml",
            "age_limit": None,
            "is_frozen": False,
            "image": images[0],
            "diet_warning": False,
            "clashing_allergens": [],
            "clashing_food_type": None,
        },
    }


def test_what_is_added_again_comes_on_top(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    product = make_product(session)
    add(client, headers, product, 2)

    answer = add(client, headers, product, 3)

    assert answer.json["data"]["quantity"] == 5
    assert lines(client, headers) == {product.id: 5}


def test_the_list_is_in_the_order_of_adding_and_comes_in_pages(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    late, early, middle = (wanted(session, user, minutes_ago=minutes).id for minutes in (1, 9, 5))

    first = client.get(CHECKLIST, query_string={"limit": 2}, headers=headers).json
    rest = client.get(
        CHECKLIST, query_string={"limit": 2, "cursor": first["meta"]["next_cursor"]}, headers=headers
    ).json

    assert [line["product_id"] for line in first["data"] + rest["data"]] == [early, middle, late]
    assert (first["meta"]["total"], first["meta"]["has_next"], rest["meta"]["has_next"]) == (3, True, False)
    assert list(lines(client, headers, offset=1)) == [middle, late]


def test_a_new_list_is_empty(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(CHECKLIST, headers=headers)

    assert (answer.json["data"], answer.json["meta"]["total"]) == ([], 0)


def test_the_list_is_read_in_one_statement_however_long_it_is(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str], statements: Statements
) -> None:
    make_diet(session, user, "milk", food_type=make_food_type(session))
    counts = []
    for length in (1, 5):
        for _ in range(length):
            wanted(session, user, allergens=["milk"])
        statements.clear()
        client.get(CHECKLIST, headers=headers)
        counts.append(len([sent for sent in statements if "checklist_items" in sent]))
        counts.append(len(statements))

    assert counts[0] == counts[2] == 1
    assert counts[1] == counts[3]


@pytest.mark.parametrize("product_id", [10**9, 2**63 - 1])
def test_an_unknown_product_cannot_be_added(client: FlaskClient, headers: dict[str, str], product_id: int) -> None:
    body = {"product_id": product_id, "quantity": 1}

    answer = client.post(f"{CHECKLIST}/add", json=body, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "PRODUCT_NOT_FOUND")


def test_only_what_the_supermarket_sells_now_can_be_added(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    hidden = make_category(session, parent_id=make_category(session, is_active=False).id)
    goods = [
        make_product(session, is_active=False),
        make_product(session, category_id=hidden.id),
        make_item(session, make_shop(session)),
    ]

    answers = [add(client, headers, product) for product in goods]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert session.execute(select(ChecklistItem)).all() == []


def test_what_is_taken_off_sale_leaves_the_list_until_it_is_back(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    product = wanted(session, user)
    product.is_active = False
    session.commit()
    while_gone = lines(client, headers)
    product.is_active = True
    session.commit()

    assert while_gone == {}
    assert lines(client, headers) == {product.id: 1}


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 1.5, True, "many", None])
def test_a_quantity_that_is_none_is_refused(
    client: FlaskClient, session: Session, headers: dict[str, str], quantity: Any
) -> None:
    product = make_product(session)

    answer = client.post(f"{CHECKLIST}/add", json={"product_id": product.id, "quantity": quantity}, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_more_pieces_than_a_list_holds_are_refused_and_the_line_stays(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    product = make_product(session)
    add(client, headers, product, 9_999)

    at_the_limit, above = add(client, headers, product), add(client, headers, product)

    assert at_the_limit.status_code == 200
    assert (above.status_code, above.json["error"]["code"]) == (409, "QUANTITY_LIMIT")
    assert lines(client, headers) == {product.id: 10_000}


def test_a_removed_product_is_gone_and_cannot_be_removed_again(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    kept, gone = wanted(session, user), wanted(session, user)

    first, second = remove(client, headers, gone.id), remove(client, headers, gone.id)

    assert first.status_code == 200
    assert first.json["data"]["message"]
    assert (second.status_code, second.json["error"]["code"]) == (404, "NOT_ON_CHECKLIST")
    assert lines(client, headers) == {kept.id: 1}


def test_a_quantity_can_be_set(client: FlaskClient, session: Session, user: User, headers: dict[str, str]) -> None:
    product = wanted(session, user)

    answer = client.put(f"{CHECKLIST}/{product.id}", json={"quantity": 7}, headers=headers)

    assert (answer.status_code, answer.json["data"]["quantity"]) == (200, 7)
    assert lines(client, headers) == {product.id: 7}


def test_a_quantity_of_what_is_not_on_the_list_cannot_be_set(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    answer = client.put(f"{CHECKLIST}/{make_product(session).id}", json={"quantity": 7}, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_ON_CHECKLIST")


def test_clearing_takes_everything_off(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    wanted(session, user), wanted(session, user)

    answer = client.delete(CHECKLIST, headers=headers)

    assert answer.json["data"] == {"removed": 2}
    assert lines(client, headers) == {}


def test_a_stranger_neither_sees_nor_changes_a_list(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    product = wanted(session, user)
    stranger = sign_in(session, make_user(session))

    seen = lines(client, stranger)
    removed = remove(client, stranger, product.id)
    changed = client.put(f"{CHECKLIST}/{product.id}", json={"quantity": 9}, headers=stranger)
    cleared = client.delete(CHECKLIST, headers=stranger)

    assert seen == {}
    assert (removed.status_code, changed.status_code, cleared.json["data"]["removed"]) == (404, 404, 0)
    assert lines(client, headers) == {product.id: 1}


def test_lines_carry_the_warning_of_the_shoppers_diet(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    make_diet(session, user, "peanuts")
    safe, bad = wanted(session, user), wanted(session, user, allergens=["milk", "peanuts"])

    found = client.get(CHECKLIST, headers=headers).json["data"]

    warned = {line["product_id"]: line["product"]["diet_warning"] for line in found}
    assert warned == {safe.id: False, bad.id: True}


def test_the_price_of_a_product_that_is_not_reduced_stands_alone(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    product = make_product(session, compare_at_price=Decimal("10.00"))

    shown = add(client, headers, product).json["data"]["product"]

    assert (shown["price"], shown["discounted_price"], shown["offer_name"]) == (10.0, None, None)
    assert (shown["barcode"], shown["gtins"], shown["image"]) == (None, [], None)
