"""A vendor's items over HTTP: adding, changing, switching, stock, removing, listing and exporting."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import AuditEvent, Inventory, Product, Shop, ShopItem, StockChange, User
from tests.conftest import Statements
from tests.factories import make_consumer, make_item, make_shop, make_vendor, sign_in
from tests.shopping import assert_sound

ITEM = "/api/v1/vendor/item"
FULL = {
    "title": "Basmati  rice",
    "price": "120.50",
    "mrp": 135,
    "discount": 5,
    "brand": "Daawat",
    "description": "Long grain.\nAged.",
    "quantity_in_stock": 40,
    "unit": "bag",
    "pack_size": "1 kg",
    "category": "Grains",
    "tags": "rice,basmati",
    "sku": "R-1",
    "expiry_date": "2027-03-31",
    "image_url": "https://pictures.example.com/rice.webp",
}


@pytest.fixture
def vendor(session: Session) -> User:
    return make_vendor(session)


@pytest.fixture
def shop(session: Session, vendor: User) -> Shop:
    return make_shop(session, vendor)


@pytest.fixture
def headers(session: Session, vendor: User) -> dict[str, str]:
    return sign_in(session, vendor)


def post(client: FlaskClient, headers: dict[str, str], path: str, body: Any = None) -> TestResponse:
    return client.post(f"{ITEM}{path}", json=body, headers=headers)


def shown(client: FlaskClient, headers: dict[str, str], item_id: int) -> dict[str, Any]:
    answer = client.get(f"{ITEM}/{item_id}", headers=headers)
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json["data"]
    return data


def audited(session: Session, entity_type: str) -> list[tuple[str, int | None, Any, Any]]:
    events = session.scalars(select(AuditEvent).filter_by(entity_type=entity_type).order_by(AuditEvent.id))
    return [(event.action, event.entity_id, event.old_value, event.new_value) for event in events]


def test_an_added_item_is_shown_as_it_was_given(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    answer = post(client, headers, "/add", FULL)

    assert (answer.status_code, answer.json["data"]["message"]) == (200, "Item added")
    item_id = answer.json["data"]["item_id"]
    item = shown(client, headers, item_id)
    times = {name: item.pop(name) for name in ("created_at", "updated_at")}
    assert all(times.values())
    switches = {"id": item_id, "is_available": True, "is_active": True, "reserved_quantity": 0}
    assert item == {**FULL, **switches, "title": "Basmati rice", "price": 120.5}
    product = session.get_one(Product, item_id)
    assert (product.shop_id, product.category_id, product.tax_rate) == (shop.id, None, Decimal(0))
    assert_sound()


def test_an_item_needs_only_title_and_price(client: FlaskClient, shop: Shop, headers: dict[str, str]) -> None:
    empty = {"brand": "", "mrp": "", "expiry_date": "", "sku": " ", "image_url": "", "quantity_in_stock": ""}

    item_id = post(client, headers, "/add", {"title": "Salt", "price": 0.01, **empty}).json["data"]["item_id"]

    item = shown(client, headers, item_id)
    assert (item["unit"], item["quantity_in_stock"], item["description"]) == ("pcs", 100, "")
    assert item["sku"]
    rest = ("brand", "mrp", "discount", "pack_size", "category", "tags", "expiry_date", "image_url")
    assert {item[name] for name in rest} == {None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "T" * 101),
        ("title", "  "),
        ("title", None),
        ("price", 0),
        ("price", -1),
        ("price", "NaN"),
        ("price", "abc"),
        ("price", 1.001),
        ("price", True),
        ("mrp", 9.99),
        ("discount", -1),
        ("brand", "B" * 51),
        ("brand", "a\x00b"),
        ("unit", "u" * 21),
        ("tags", "t" * 101),
        ("sku", "s" * 51),
        ("description", "d" * 2001),
        ("quantity_in_stock", -1),
        ("quantity_in_stock", 1.5),
        ("quantity_in_stock", True),
        ("expiry_date", "31/12/2026"),
        ("expiry_date", "2026-02-30"),
        ("expiry_date", 1767139200),
        ("image_url", "javascript:alert(1)"),
        ("image_url", "https://example.com/" + "p" * 250),
    ],
)
def test_a_faulty_item_is_refused(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str], field: str, value: Any
) -> None:
    answer = post(client, headers, "/add", {"title": "Salt", "price": 10, field: value})

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert session.scalars(select(Product)).all() == []


def test_a_sku_is_unique_in_a_shop_and_free_in_another(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    post(client, headers, "/add", FULL)
    other = make_vendor(session)
    make_shop(session, other)

    again = post(client, headers, "/add", {**FULL, "title": "Other rice"})
    elsewhere = post(client, sign_in(session, other), "/add", FULL)

    assert (again.status_code, again.json["error"]["code"]) == (409, "SKU_TAKEN")
    assert elsewhere.status_code == 200


def test_a_vendor_without_a_shop_is_told_so(client: FlaskClient, headers: dict[str, str]) -> None:
    answers = [post(client, headers, "/add", FULL), client.get(f"{ITEM}/my", headers=headers)]
    answers.append(client.get(f"{ITEM}/export", headers=headers))

    assert {(answer.status_code, answer.json["error"]["message"]) for answer in answers} == {(404, "Shop not found")}


def test_a_change_touches_what_is_named_and_is_audited(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    item_id = post(client, headers, "/add", FULL).json["data"]["item_id"]
    before = shown(client, headers, item_id)

    answer = post(client, headers, f"/update/{item_id}", {"price": 110, "brand": None, "title": None, "sku": ""})

    assert (answer.status_code, answer.json["data"]) == (200, {"message": "Item updated"})
    after = shown(client, headers, item_id)
    assert {name: after[name] for name in after if after[name] != before[name]} == {"price": 110.0, "brand": None}
    assert audited(session, "shop_item")[1:] == [
        ("UPDATE", item_id, {"brand": "Daawat", "price": "120.50"}, {"brand": None, "price": "110"})
    ]


def test_the_whole_item_can_be_sent_back_and_changes_nothing(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    item_id = post(client, headers, "/add", FULL).json["data"]["item_id"]
    whole = shown(client, headers, item_id) | {"id": 1, "is_available": False, "is_active": False}

    answer = post(client, headers, f"/update/{item_id}", whole)

    assert answer.status_code == 200
    assert shown(client, headers, item_id)["is_available"] is True
    assert [action for action, *_ in audited(session, "shop_item")] == ["CREATE"]
    assert session.scalars(select(StockChange)).all() == []


def test_a_change_of_the_title_is_found_by_its_new_words(
    client: FlaskClient, shop: Shop, headers: dict[str, str]
) -> None:
    item_id = post(client, headers, "/add", FULL).json["data"]["item_id"]

    post(client, headers, f"/update/{item_id}", {"title": "Wild rice"})

    found = {q: len(client.get(f"{ITEM}/my?q={q}", headers=headers).json["data"]) for q in ("wild", "basmati", "long")}
    assert found == {"wild": 1, "basmati": 1, "long": 0}  # basmati is a tag too; descriptions are not searched


def test_a_price_above_the_printed_one_is_refused_in_a_change_too(
    client: FlaskClient, shop: Shop, headers: dict[str, str]
) -> None:
    item_id = post(client, headers, "/add", FULL).json["data"]["item_id"]

    answer = post(client, headers, f"/update/{item_id}", {"price": 135.01})

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"]["errors"][0]["loc"] == ["body", "mrp"]
    assert shown(client, headers, item_id)["price"] == 120.5


def test_a_change_to_a_taken_sku_is_refused(client: FlaskClient, shop: Shop, headers: dict[str, str]) -> None:
    post(client, headers, "/add", FULL)
    item_id = post(client, headers, "/add", {**FULL, "sku": "R-2"}).json["data"]["item_id"]

    answer = post(client, headers, f"/update/{item_id}", {"sku": "R-1", "quantity_in_stock": 1})

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "SKU_TAKEN")
    assert shown(client, headers, item_id)["quantity_in_stock"] == 40


def test_stock_in_a_change_sets_the_pieces_and_leaves_those_of_orders(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    item = make_item(session, shop, stock=10)
    session.query(Inventory).update({"reserved_quantity": 3})
    session.commit()

    answer = post(client, headers, f"/update/{item.id}", {"quantity_in_stock": 25})

    assert answer.status_code == 200
    now = shown(client, headers, item.id)
    assert (now["quantity_in_stock"], now["reserved_quantity"]) == (25, 3)
    assert [action for action, *_ in audited(session, "inventory")] == ["UPDATE"]


def test_a_toggle_switches_an_item_off_and_on(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    item = make_item(session, shop)

    answers = [post(client, headers, f"/{item.id}/toggle").json["data"] for _ in range(2)]

    assert [answer["is_available"] for answer in answers] == [False, True]
    assert {answer["message"] for answer in answers} == {"Item availability updated"}
    assert [event[3] for event in audited(session, "shop_item")] == [{"is_available": False}, {"is_available": True}]


@pytest.mark.parametrize(("body", "pieces"), [({"quantity": 0}, 0), ({"delta": -10}, 0), ({"delta": 5}, 15)])
def test_stock_is_set_or_changed_and_explained_by_a_movement(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str], body: dict[str, int], pieces: int
) -> None:
    item = make_item(session, shop, stock=10)

    answer = post(client, headers, f"/{item.id}/stock", body)

    assert answer.status_code == 200
    told = {"message": "Stock updated", "quantity_in_stock": pieces, "reserved_quantity": 0}
    assert answer.json["data"] == told
    assert_sound()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"delta": -11}, "INSUFFICIENT_STOCK"),
        ({"delta": 999_991}, "TOO_MANY_PIECES"),
        ({"quantity": 1_000_001}, "VALIDATION_ERROR"),
        ({"quantity": -1}, "VALIDATION_ERROR"),
        ({"quantity": 1, "delta": 1}, "VALIDATION_ERROR"),
        ({}, "VALIDATION_ERROR"),
    ],
)
def test_stock_that_cannot_be_is_refused(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str], body: dict[str, int], code: str
) -> None:
    item = make_item(session, shop, stock=10)

    answer = post(client, headers, f"/{item.id}/stock", body)

    assert answer.status_code == (400 if code == "VALIDATION_ERROR" else 409)
    assert answer.json["error"]["code"] == code
    assert shown(client, headers, item.id)["quantity_in_stock"] == 10


def test_a_removed_item_is_gone_for_the_vendor_and_its_sku_is_free(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    item_id = post(client, headers, "/add", FULL).json["data"]["item_id"]

    answer = client.delete(f"{ITEM}/{item_id}", headers=headers)

    assert (answer.status_code, answer.json["data"]["message"]) == (200, "Item removed")
    assert client.get(f"{ITEM}/my", headers=headers).json["data"] == []
    assert client.delete(f"{ITEM}/{item_id}", headers=headers).status_code == 404
    assert post(client, headers, "/add", FULL).status_code == 200
    assert session.get_one(Product, item_id).is_active is False


def test_another_shops_item_is_not_found(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    foreign = make_item(session, make_shop(session))

    answers = [
        client.get(f"{ITEM}/{foreign.id}", headers=headers),
        post(client, headers, f"/{foreign.id}/toggle"),
        post(client, headers, f"/update/{foreign.id}", {"price": 1}),
        post(client, headers, f"/{foreign.id}/stock", {"quantity": 1}),
        client.delete(f"{ITEM}/{foreign.id}", headers=headers),
    ]

    told = {(answer.status_code, answer.json["error"]["message"]) for answer in answers}
    assert told == {(404, "Item not found or unauthorized")}
    session.expire_all()
    row = session.get_one(Product, foreign.id)
    assert (row.price, row.is_active, session.get_one(ShopItem, row.id).is_available) == (Decimal("10.00"), True, True)


def test_the_list_is_newest_first_in_pages_by_cursor_or_offset(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    ids = [make_item(session, shop).id for _ in range(5)][::-1]
    make_item(session, make_shop(session))

    first = client.get(f"{ITEM}/my?limit=2", headers=headers).json
    second = client.get(f"{ITEM}/my?limit=2&cursor={first['meta']['next_cursor']}", headers=headers).json
    third = client.get(f"{ITEM}/my?limit=2&offset=4", headers=headers).json

    assert [row["id"] for page in (first, second, third) for row in page["data"]] == ids
    assert (first["meta"]["total"], first["meta"]["has_next"], third["meta"]["has_next"]) == (5, True, False)


def test_the_list_without_limit_is_the_largest_page(client: FlaskClient, shop: Shop, headers: dict[str, str]) -> None:
    limits = [client.get(f"{ITEM}/my{query}", headers=headers).json["meta"]["limit"] for query in ("", "?limit=999")]

    assert limits == [200, 200]


def test_the_list_is_searched_by_words_and_by_parts_of_the_sku(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    make_item(session, shop, name="Whole milk", sku="M_%-77")
    make_item(session, shop, name="Bread", sku="B-1")

    found = {
        q: len(client.get(f"{ITEM}/my", query_string={"q": q}, headers=headers).json["data"])
        for q in ("mil", "milk whole", "ilk", "_%-7", "%", "b-", "' | 'bread")
    }

    assert found == {"mil": 1, "milk whole": 1, "ilk": 0, "_%-7": 1, "%": 1, "b-": 1, "' | 'bread": 1}


def test_the_list_takes_as_many_statements_for_many_items_as_for_one(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str], statements: Statements
) -> None:
    counts = []
    for _ in range(2):
        make_item(session, shop)
        statements.clear()
        client.get(f"{ITEM}/my", headers=headers)
        counts.append(len(statements))

    assert counts == [3, 3]  # who asks, the shop, the items


def rows_of(answer: TestResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_template_has_the_columns_of_the_contract(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(f"{ITEM}/template.csv", headers=headers)

    assert answer.mimetype == "text/csv"
    assert answer.text.strip() == "title,brand,description,price,mrp,quantity_in_stock,unit,category,tags,sku"


def test_the_export_has_every_item_and_no_formulas(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    make_item(session, shop, name="=1+1", stock=7, expiry_date=date(2027, 1, 2), is_available=False)
    make_item(session, shop, name="Salt", compare_at_price=Decimal("12.5"))
    make_item(session, make_shop(session), name="Foreign")

    rows = rows_of(client.get(f"{ITEM}/export", headers=headers))

    assert [row["title"] for row in rows] == ["'=1+1", "Salt"]
    first, second = rows
    assert (first["price"], first["mrp"], first["quantity_in_stock"]) == ("10.00", "", "7")
    assert (first["expiry_date"], first["is_available"], second["mrp"]) == ("2027-01-02", "false", "12.50")


def test_consumers_do_not_enter(client: FlaskClient, session: Session) -> None:
    answer = client.get(f"{ITEM}/my", headers=sign_in(session, make_consumer(session)))

    assert answer.status_code == 403
