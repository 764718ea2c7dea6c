"""Categories and products as managers edit them, over HTTP."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind, Role, SoldBy
from app.models import Product, ProductGtin, SearchWord
from tests.conftest import Statements
from tests.factories import make_category, make_location, make_product, make_warehouse
from tests.managing import Manager, assert_for_managers_only, audited, make_manager
from tests.routes.test_catalog import CONTRACT

SEARCH = "/api/v1/catalog/products/search"
MILK_GTIN = "7290000066318"
OTHER_GTIN = "4006381333931"


def form(session: Session, **change: Any) -> dict[str, Any]:
    """A product as the ops frontend sends it."""
    body = {"name": "Olive oil (750 ml) & more, 5%", "sku": "OLIVE-OIL-750-ML-MORE-4711", "price": 39.9}
    if "category_id" not in change:
        change["category_id"] = make_category(session).id
    return {**body, **change}


def found(client: FlaskClient, q: str) -> list[int]:
    return [row["id"] for row in client.get(SEARCH, query_string={"q": q}).json["data"]]


def test_only_managers_and_admins_edit_the_catalog(client: FlaskClient, session: Session) -> None:
    assert_for_managers_only(
        session,
        client,
        ("GET", "/categories"),
        ("POST", "/categories"),
        ("PATCH", "/categories/1"),
        ("PATCH", "/categories/1/toggle?active=true"),
        ("GET", "/products"),
        ("GET", "/products/1"),
        ("POST", "/products"),
        ("PATCH", "/products/1"),
        ("PATCH", "/products/1/toggle"),
        ("POST", "/products/1/images"),
        ("PUT", "/products/1/images"),
        ("DELETE", "/products/1/images/abc"),
    )
    admin = make_manager(session, client, role=Role.ADMIN)
    assert admin.done("POST", "/categories", status=201, json={"name": "Bread"})["name"] == "Bread"


# --- categories


@pytest.mark.parametrize("name", ["Fruit & vegetables, 100% (fresh)", "חלב וביצים", "Mom's", "C.", "फल"])
def test_a_category_may_have_any_printable_name(manager: Manager, session: Session, name: str) -> None:
    made = manager.done("POST", "/categories", status=201, json={"name": name, "description": "d" * 300})

    assert made == {
        "id": made["id"],
        "parent_id": None,
        "name": name,
        "icon_slug": None,
        "description": "d" * 300,
        "is_active": True,
    }
    ((action, old, new),) = audited(session, "category")
    assert (action, old, new["name"]) == ("CREATE", None, name)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "   x   "},
        {"name": "x" * 51},
        {"name": "Bre\x07ad"},
        {"name": "Bread", "description": "d" * 301},
        {"name": "Bread", "icon_slug": "a b"},
        {"name": "Bread", "parent_id": 0},
        {"name": "Bread", "colour": "brown"},
    ],
)
def test_a_malformed_category_is_refused(manager: Manager, body: dict[str, Any]) -> None:
    assert manager.refused("POST", "/categories", json=body) == (400, "VALIDATION_ERROR")


def test_a_name_is_unique_below_one_parent_only(manager: Manager, session: Session) -> None:
    one, two = make_category(session), make_category(session)
    manager.done("POST", "/categories", status=201, json={"name": "Bread"})
    manager.done("POST", "/categories", status=201, json={"name": "Bread", "parent_id": one.id})
    elsewhere = manager.done("POST", "/categories", status=201, json={"name": "Bread", "parent_id": two.id})

    conflict = (409, "DUPLICATE_CATEGORY")
    assert manager.refused("POST", "/categories", json={"name": "Bread"}) == conflict
    assert manager.refused("PATCH", f"/categories/{one.id}", json={"name": "Bread"}) == conflict
    assert manager.refused("PATCH", f"/categories/{elsewhere['id']}", json={"parent_id": one.id}) == conflict


def test_a_parent_must_exist(manager: Manager, session: Session) -> None:
    category = make_category(session)

    assert manager.refused("POST", "/categories", json={"name": "Bread", "parent_id": 999_999}) == (404, "NOT_FOUND")
    assert manager.refused("PATCH", f"/categories/{category.id}", json={"parent_id": 999_999})[0] == 404


def test_a_category_never_hangs_below_itself(manager: Manager, session: Session) -> None:
    root = make_category(session)
    child = make_category(session, parent_id=root.id)
    grandchild = make_category(session, parent_id=child.id)

    for parent in (root, child, grandchild):
        refusal = manager.refused("PATCH", f"/categories/{root.id}", json={"parent_id": parent.id})
        assert refusal == (409, "CATEGORY_CIRCLE")
    assert manager.done("PATCH", f"/categories/{grandchild.id}", json={"parent_id": root.id})["parent_id"] == root.id


def test_a_change_leaves_what_it_does_not_name_and_null_empties(manager: Manager, session: Session) -> None:
    parent = make_category(session)
    category = make_category(session, name="Bread", parent_id=parent.id, description="Fresh", icon_slug="loaf")

    renamed = manager.done("PATCH", f"/categories/{category.id}", json={"name": "Bakery"})
    emptied = manager.done("PATCH", f"/categories/{category.id}", json={"parent_id": None, "description": None})

    assert (renamed["name"], renamed["parent_id"], renamed["description"]) == ("Bakery", parent.id, "Fresh")
    assert (emptied["name"], emptied["parent_id"], emptied["description"]) == ("Bakery", None, None)
    assert audited(session, "category") == [
        ("UPDATE", {"name": "Bread"}, {"name": "Bakery"}),
        ("UPDATE", {"parent_id": parent.id, "description": "Fresh"}, {"parent_id": None, "description": None}),
    ]


def test_an_unknown_category_is_not_found(manager: Manager) -> None:
    assert manager.refused("PATCH", "/categories/999999", json={"name": "Bread"}) == (404, "NOT_FOUND")
    assert manager.refused("PATCH", "/categories/999999/toggle?active=true") == (404, "NOT_FOUND")


@pytest.mark.parametrize("query", ["", "?active=", "?active=perhaps"])
def test_the_toggle_of_a_category_must_say_which_way(manager: Manager, session: Session, query: str) -> None:
    category = make_category(session)

    assert manager.refused("PATCH", f"/categories/{category.id}/toggle{query}") == (400, "VALIDATION_ERROR")


def test_products_of_a_category_that_is_off_vanish_with_it_and_come_back(
    manager: Manager, client: FlaskClient, session: Session
) -> None:
    parent = make_category(session)
    product = make_product(session, name="Brioche", category_id=make_category(session, parent_id=parent.id).id)
    session.commit()

    manager.done("PATCH", f"/categories/{parent.id}/toggle?active=false")
    hidden = found(client, "brioche")
    listed = {row["id"]: row["is_active"] for row in manager.get("/categories")["data"]}
    manager.done("PATCH", f"/categories/{parent.id}/toggle?active=true")

    assert hidden == []
    assert listed[parent.id] is False
    assert found(client, "brioche") == [product.id]
    assert [event[0] for event in audited(session, "category")] == ["DEACTIVATE", "ACTIVATE"]


def test_categories_are_paged_and_filtered_in_one_statement(
    manager: Manager, session: Session, statements: Statements
) -> None:
    ids = [make_category(session, is_active=bool(place % 2)).id for place in range(4)]
    statements.clear()

    first = manager.get("/categories?limit=3")
    counted = [text for text in statements if "categories" in text]
    rest = manager.get(f"/categories?limit=3&cursor={first['meta']['next_cursor']}")
    off = manager.get("/categories?isActive=false")

    assert len(counted) == 1
    assert [row["id"] for row in first["data"] + rest["data"]] == ids
    assert first["meta"]["total"] == 4
    assert [row["id"] for row in off["data"]] == [ids[0], ids[2]]
    assert manager.get("/categories?offset=4")["data"] == []


# --- products


def test_a_new_product_of_the_ops_frontend_is_on_sale_and_found_at_once(
    manager: Manager, client: FlaskClient, session: Session
) -> None:
    body = form(session)

    made = manager.done("POST", "/products", status=201, json=body)

    assert set(made) >= CONTRACT
    assert {name: made[name] for name in body} == body
    assert (made["is_active"], made["available_quantity"], made["unit"], made["sold_by"]) == (True, 0, "each", "PIECE")
    assert found(client, "olive") == [made["id"]]
    assert client.get(f"/api/v1/catalog/products/{made['id']}").status_code == 200
    assert "olive" in session.execute(select(SearchWord.word)).scalars().all()


def test_a_product_takes_everything_the_shop_knows_of_products(manager: Manager, session: Session) -> None:
    details = {
        "description": "Smoked.\nSliced.",
        "brand": "Nordic",
        "unit": "kg",
        "sold_by": "WEIGHT",
        "estimated_weight_grams": 250,
        "weight_grams": 260,
        "tax_rate": 18,
        "deposit": 0.3,
        "compare_at_price": 129,
        "is_organic": True,
        "age_limit": 18,
        "ingredients": "Fish, salt",
        "nutritional_info": {"energy_kcal_100g": 180, "fat_100g": 10.5},
        "bin_location": "C-04",
    }
    body = form(session, **details, allergens=["Fish", "MILK"], gtins=[MILK_GTIN, OTHER_GTIN, f" {MILK_GTIN} "])

    made = manager.done("POST", "/products", status=201, json=body)

    assert {name: made[name] for name in details} == details
    assert made["allergens"] == ["fish", "milk"]
    assert made["gtins"] == [OTHER_GTIN, MILK_GTIN]
    assert made["piece_price"] == 9.98
    assert manager.get(f"/products/{made['id']}")["data"] == made
    ((action, old, new),) = audited(session, "product")
    assert (action, old, new["price"], new["gtins"][0]) == ("CREATE", None, "39.9", f"0{MILK_GTIN}")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "x"},
        {"name": "x" * 201},
        {"name": "Mi\nlk"},
        {"sku": "x"},
        {"sku": "x" * 65},
        {"sku": "A\x00B"},
        {"price": 0},
        {"price": -1},
        {"price": 1.005},
        {"price": 100_000.01},
        {"price": "12,90"},
        {"price": True},
        {"category_id": 0},
        {"description": "d" * 10_001},
        {"sold_by": "LITRE"},
        {"tax_rate": 100},
        {"deposit": -0.1},
        {"weight_grams": 0},
        {"age_limit": 100},
        {"allergens": ["x" * 33]},
        {"nutritional_info": {"fat_100g": -1}},
        {"nutritional_info": {"Fat!": 1}},
        {"gtins": ["7290000066319"]},
        {"gtins": ["00000000"]},
        {"shop_id": 1},
        {"sale_price": 1},
    ],
)
def test_a_malformed_product_is_refused(manager: Manager, session: Session, change: dict[str, Any]) -> None:
    product = make_product(session)

    assert manager.refused("POST", "/products", json=form(session, **change)) == (400, "VALIDATION_ERROR")
    assert manager.refused("PATCH", f"/products/{product.id}", json=change) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("missing", ["name", "sku", "price", "category_id"])
def test_a_new_product_needs_name_sku_price_and_category(manager: Manager, session: Session, missing: str) -> None:
    body = form(session)
    del body[missing]

    assert manager.refused("POST", "/products", json=body) == (400, "VALIDATION_ERROR")


def test_a_taken_sku_is_refused_without_telling_of_the_database(manager: Manager, session: Session) -> None:
    taken, product = make_product(session, sku="TAKEN-1"), make_product(session)

    new = manager.call("POST", "/products", json=form(session, sku="TAKEN-1"))

    assert (new.status_code, new.json["error"]["code"]) == (400, "DUPLICATE_SKU")
    assert new.json["error"]["details"] == {}
    assert manager.refused("PATCH", f"/products/{product.id}", json={"sku": "TAKEN-1"}) == (400, "DUPLICATE_SKU")
    assert (
        manager.done("PATCH", f"/products/{taken.id}", json={"sku": "TAKEN-1", "name": "New name"})["sku"] == "TAKEN-1"
    )
    assert [event[0] for event in audited(session, "product")] == ["UPDATE"]


def test_an_unknown_category_of_a_product_is_not_found(manager: Manager, session: Session) -> None:
    product = make_product(session)

    assert manager.refused("POST", "/products", json=form(session, category_id=999_999)) == (404, "NOT_FOUND")
    assert manager.refused("PATCH", f"/products/{product.id}", json={"category_id": 999_999}) == (404, "NOT_FOUND")


def test_a_barcode_belongs_to_one_product(manager: Manager, session: Session) -> None:
    first = manager.done("POST", "/products", status=201, json=form(session, gtins=[MILK_GTIN]))
    second = manager.done("POST", "/products", status=201, json=form(session, sku="OTHER", gtins=[OTHER_GTIN]))

    conflict = (409, "DUPLICATE_GTIN")
    assert manager.refused("POST", "/products", json=form(session, sku="THIRD", gtins=[MILK_GTIN])) == conflict
    assert manager.refused("PATCH", f"/products/{second['id']}", json={"gtins": [MILK_GTIN]}) == conflict
    assert manager.get(f"/products/{second['id']}")["data"]["gtins"] == [OTHER_GTIN]
    assert manager.done("PATCH", f"/products/{first['id']}", json={"gtins": []})["gtins"] == []
    assert manager.done("PATCH", f"/products/{second['id']}", json={"gtins": [MILK_GTIN]})["gtins"] == [MILK_GTIN]
    assert session.execute(select(ProductGtin.product_id)).scalars().all() == [second["id"]]


def test_a_product_sold_by_weight_needs_its_expected_weight(manager: Manager, session: Session) -> None:
    product = make_product(session)
    by_weight = make_product(session, sold_by=SoldBy.WEIGHT, estimated_weight_grams=200)
    refusal = (400, "ESTIMATED_WEIGHT_REQUIRED")

    assert manager.refused("POST", "/products", json=form(session, sold_by="WEIGHT")) == refusal
    assert manager.refused("PATCH", f"/products/{product.id}", json={"sold_by": "WEIGHT"}) == refusal
    assert manager.refused("PATCH", f"/products/{by_weight.id}", json={"estimated_weight_grams": None}) == refusal


def test_a_change_of_a_product_leaves_what_it_does_not_name(manager: Manager, session: Session) -> None:
    product = make_product(session, name="Milk", brand="Tara", price=Decimal("7.90"), description="Fresh")

    changed = manager.done("PATCH", f"/products/{product.id}", json={"price": 8.5, "description": None, "name": None})

    assert (changed["name"], changed["brand"], changed["price"], changed["description"]) == ("Milk", "Tara", 8.5, None)
    assert audited(session, "product") == [
        ("UPDATE", {"description": "Fresh", "price": "7.90"}, {"description": None, "price": "8.5"})
    ]


def test_a_renamed_product_is_found_by_its_new_words_only(
    manager: Manager, client: FlaskClient, session: Session
) -> None:
    product = make_product(session, name="Butter")

    manager.done("PATCH", f"/products/{product.id}", json={"name": "Margarine", "brand": "Zeltik"})

    assert found(client, "margarine") == found(client, "zeltik") == [product.id]
    assert found(client, "butter") == []
    assert "margarine" in session.execute(select(SearchWord.word)).scalars().all()


def test_a_change_that_changes_nothing_leaves_no_trace(manager: Manager, session: Session) -> None:
    product = make_product(session, name="Milk", price=Decimal("7.90"))

    manager.done("PATCH", f"/products/{product.id}", json={"name": "Milk", "price": "7.9", "gtins": []})

    assert audited(session, "product") == []


@pytest.mark.parametrize(
    ("query", "is_active"),
    [("?active=false", False), ("?active=False", False), ("?active=true", True), ("", True), ("?active=0", True)],
)
def test_anything_but_false_activates_a_product(
    manager: Manager, session: Session, query: str, is_active: bool
) -> None:
    product = make_product(session, is_active=not is_active)

    assert manager.done("PATCH", f"/products/{product.id}/toggle{query}")["is_active"] is is_active
    assert [event[0] for event in audited(session, "product")] == ["ACTIVATE" if is_active else "DEACTIVATE"]


def test_a_product_that_is_off_is_a_page_for_managers_only(
    manager: Manager, client: FlaskClient, session: Session
) -> None:
    product = make_product(session, name="Milk")

    manager.done("PATCH", f"/products/{product.id}/toggle?active=false")

    assert client.get(f"/api/v1/catalog/products/{product.id}").status_code == 404
    assert manager.get(f"/products/{product.id}")["data"]["is_active"] is False


def test_an_imported_product_without_price_needs_one_before_it_is_sold(manager: Manager, session: Session) -> None:
    product = make_product(session, price=Decimal(0), is_active=False)

    refusal = manager.refused("PATCH", f"/products/{product.id}/toggle?active=true")
    manager.done("PATCH", f"/products/{product.id}", json={"price": 5})

    assert refusal == (409, "PRICE_REQUIRED")
    assert manager.done("PATCH", f"/products/{product.id}/toggle?active=true")["is_active"] is True


def test_a_vendors_product_is_not_found(manager: Manager, session: Session) -> None:
    shop = make_location(session, kind=LocationKind.SHOP)
    product = make_product(session, shop_id=shop.id)
    path = f"/products/{product.id}"

    for call in (("GET", path), ("PATCH", f"{path}/toggle"), ("DELETE", f"{path}/images/{'0' * 64}")):
        assert manager.refused(*call) == (404, "NOT_FOUND")
    assert manager.refused("PATCH", path, json={"name": "Mine"}) == (404, "NOT_FOUND")
    assert manager.refused("PUT", f"{path}/images", json={"images": []}) == (404, "NOT_FOUND")
    assert manager.get("/products")["data"] == []


def test_products_are_found_by_words_barcode_sku_category_and_state(manager: Manager, session: Session) -> None:
    dairy = make_category(session)
    cheese = make_category(session, parent_id=dairy.id)
    milk = make_product(session, name="Whole milk", sku="MILK-1", category_id=dairy.id)
    off = make_product(session, name="Goat milk", sku="MILK-2", category_id=cheese.id, is_active=False)
    bread = make_product(session, name="Bread", sku="BREAD-77")
    session.add(ProductGtin(product_id=bread.id, gtin=f"0{MILK_GTIN}"))
    session.commit()

    def ids(query: str) -> list[int]:
        return [row["id"] for row in manager.get(f"/products?{query}")["data"]]

    assert ids("") == [bread.id, off.id, milk.id]
    assert ids("q=milk") == [off.id, milk.id]
    assert ids("q=milk-2") == [off.id]
    assert ids("q=BREAD-77") == [bread.id]
    assert ids(f"q={MILK_GTIN}") == [bread.id]
    assert ids(f"categoryId={dairy.id}") == [off.id, milk.id]
    assert ids(f"category_id={dairy.id}&is_active=true") == [milk.id]
    assert ids("isActive=false") == [off.id]
    assert ids("q=%25%25") == []


def test_the_list_of_products_is_paged(manager: Manager, session: Session) -> None:
    category = make_category(session)
    ids = [make_product(session, category_id=category.id).id for _ in range(5)][::-1]

    first = manager.get("/products?limit=2")
    second = manager.get(f"/products?limit=2&cursor={first['meta']['next_cursor']}")
    by_offset = manager.get("/products?limit=2&offset=2")
    beyond = manager.get("/products?limit=2&offset=10")

    assert [row["id"] for row in first["data"]] == ids[:2]
    assert [row["id"] for row in second["data"]] == [row["id"] for row in by_offset["data"]] == ids[2:4]
    assert (first["meta"]["total"], first["meta"]["has_next"]) == (5, True)
    assert (second["meta"]["total"], second["meta"]["has_next"]) == (None, True)
    assert (beyond["data"], beyond["meta"]["total"], beyond["meta"]["has_next"]) == ([], 5, False)
    assert manager.refused("GET", "/products?limit=201") == (400, "VALIDATION_ERROR")


def test_the_list_of_products_takes_one_statement_however_long(
    manager: Manager, session: Session, statements: Statements
) -> None:
    warehouse, category = make_warehouse(session), make_category(session)
    for _ in range(12):
        make_product(session, category_id=category.id, stock={warehouse: 3})
    statements.clear()

    rows = manager.get("/products")["data"]

    assert len([text for text in statements if "FROM products" in text or "JOIN products" in text]) == 1
    assert [row["available_quantity"] for row in rows] == [3] * 12


def test_a_stored_product_keeps_its_price_to_the_cent(manager: Manager, session: Session) -> None:
    made = manager.done("POST", "/products", status=201, json=form(session, price="100000.00"))

    assert session.get_one(Product, made["id"]).price == Decimal("100000.00")
