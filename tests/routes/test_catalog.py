"""Categories, product lists and product pages over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import SoldBy
from app.models import Category, Product, ProductGtin, Review
from tests.conftest import Statements
from tests.factories import (
    make_category,
    make_location,
    make_product,
    make_stock,
    make_user,
    make_warehouse,
)

SEARCH = "/api/v1/catalog/products/search"
PRODUCTS = "/api/v1/catalog/products"
CONTRACT = {
    *("id", "name", "sku", "price", "old_price", "unit", "nutritional_info", "is_organic", "bin_location"),
    *("image_url", "description", "category_id", "is_active", "in_stock_anywhere", "in_stock_for_branch"),
    *("available_quantity", "branch_available_quantity"),
}


def get(client: FlaskClient, path: str, **query: Any) -> Any:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def names(body: Any) -> list[str]:
    return [product["name"] for product in body["data"]]


def pages(client: FlaskClient, **query: Any) -> Iterator[list[int]]:
    """The ids of every page from the first to the last, by cursor."""
    while True:
        body = get(client, SEARCH, **query)
        yield [product["id"] for product in body["data"]]
        if not body["meta"]["has_next"]:
            return
        query["cursor"] = body["meta"]["next_cursor"]


def test_a_product_shows_every_field_of_the_contract_with_stock_over_all_branches(
    client: FlaskClient, session: Session
) -> None:
    one, two, closed = make_warehouse(session), make_location(session), make_location(session, is_active=False)
    product = make_product(
        session,
        name="Milk",
        price=Decimal("7.90"),
        compare_at_price=Decimal("9.50"),
        image_urls=["/a.png", "/b.png"],
        nutrition={"fat": 3},
        stock={one: 4, two: 3, closed: 100},
    )
    session.add(ProductGtin(product_id=product.id, gtin="04006381333931"))
    session.add(Review(product_id=product.id, user_id=make_user(session).id, rating=4))
    session.add(Review(product_id=product.id, user_id=make_user(session).id, rating=5))
    session.commit()

    shown = get(client, f"{PRODUCTS}/{product.id}", branchId=two.id)["data"]

    assert set(shown) >= CONTRACT
    assert (shown["price"], shown["old_price"], shown["piece_price"], shown["currency"]) == (7.9, 9.5, 7.9, "ILS")
    assert (shown["available_quantity"], shown["branch_available_quantity"]) == (7, 3)
    assert (shown["in_stock_anywhere"], shown["in_stock_for_branch"]) == (True, True)
    assert (shown["image_url"], shown["image_urls"]) == ("/a.png", ["/a.png", "/b.png"])
    assert (shown["nutritional_info"], shown["gtins"]) == ({"fat": 3}, ["4006381333931"])
    assert (shown["rating_average"], shown["rating_count"]) == (4.5, 2)


def test_without_a_branch_the_branch_fields_are_null(client: FlaskClient, session: Session) -> None:
    product = make_product(session)

    shown = get(client, f"{PRODUCTS}/{product.id}")["data"]

    assert (shown["in_stock_anywhere"], shown["available_quantity"]) == (False, 0)
    assert (shown["in_stock_for_branch"], shown["branch_available_quantity"]) == (None, None)


def test_a_branch_without_the_product_has_none_of_it(client: FlaskClient, session: Session) -> None:
    here, elsewhere = make_location(session), make_location(session)
    product = make_product(session, stock={elsewhere: 5})

    shown = get(client, f"{PRODUCTS}/{product.id}", branch_id=here.id)["data"]

    assert (shown["in_stock_for_branch"], shown["branch_available_quantity"]) == (False, 0)


def test_a_weighed_product_shows_the_estimated_price_of_a_piece(client: FlaskClient, session: Session) -> None:
    melon = make_product(session, price=Decimal("8.90"), sold_by=SoldBy.WEIGHT, estimated_weight_grams=1500)

    shown = get(client, f"{PRODUCTS}/{melon.id}")["data"]

    assert (shown["price"], shown["piece_price"]) == (8.9, 13.35)


def hide_product(session: Session, product: Product, category: Category) -> None:
    product.is_active = False


def hide_category(session: Session, product: Product, category: Category) -> None:
    category.is_active = False


def hide_parent(session: Session, product: Product, category: Category) -> None:
    category.parent_id = make_category(session, is_active=False).id


def give_to_a_shop(session: Session, product: Product, category: Category) -> None:
    product.shop_id = make_location(session).id


@pytest.mark.parametrize("hide", [hide_product, hide_category, hide_parent, give_to_a_shop])
def test_a_hidden_product_is_in_no_list_and_has_no_page(client: FlaskClient, session: Session, hide: Any) -> None:
    category = make_category(session)
    product = make_product(session, name="Milk", category_id=category.id)
    session.add(ProductGtin(product_id=product.id, gtin="04006381333931"))
    hide(session, product, category)
    session.commit()

    assert get(client, SEARCH)["data"] == []
    assert get(client, SEARCH, q="milk")["data"] == []
    assert get(client, f"{PRODUCTS}/featured")["data"] == []
    assert get(client, f"{PRODUCTS}/autocomplete", q="milk")["data"]["items"] == []
    assert get(client, f"/api/v1/catalog/categories/{category.id}/products")["data"] == []
    assert client.get(f"{PRODUCTS}/{product.id}").status_code == 404
    assert client.get(f"{PRODUCTS}/by-gtin/4006381333931").status_code == 404


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (None, [3, 2, 1, 0]),
        ("id", [3, 2, 1, 0]),
        ("relevance", [3, 2, 1, 0]),
        ("price", [1, 0, 3, 2]),
        ("price_asc", [1, 0, 3, 2]),
        ("price_desc", [2, 3, 0, 1]),
        ("name", [2, 0, 3, 1]),
        ("name_asc", [2, 0, 3, 1]),
        ("name_desc", [1, 3, 0, 2]),
        ("date", [0, 3, 2, 1]),
        ("updated_at_desc", [0, 3, 2, 1]),
    ],
)
def test_every_sort_order_is_stable(client: FlaskClient, session: Session, sort: str | None, order: list[int]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [("B", "5.00", 9), ("C", "2.00", 1), ("A", "9.00", 2), ("B", "5.00", 3)]
    ids = [
        make_product(session, name=name, price=Decimal(price), updated_at=start + timedelta(days=day)).id
        for name, price, day in rows
    ]

    body = get(client, SEARCH, **({"sort": sort} if sort else {}))

    assert [product["id"] for product in body["data"]] == [ids[place] for place in order]


@pytest.mark.parametrize("sort", ["id", "price_asc", "price_desc", "name_asc", "name_desc", "date", "relevance"])
def test_a_cursor_walks_the_whole_list_without_gap_or_repeat_while_rows_arrive(
    client: FlaskClient, session: Session, sort: str
) -> None:
    category = make_category(session)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    known = {
        make_product(
            session,
            category_id=category.id,
            name=f"Milk {number % 3}",
            price=Decimal(number % 4 + 1),
            updated_at=moment + timedelta(days=number % 2),
        ).id
        for number in range(11)
    }

    walked: list[int] = []
    for page in pages(client, sort=sort, limit=2, q="milk" if sort == "relevance" else ""):
        walked += page
        if len(walked) == 4:
            make_product(session, category_id=category.id, name="Milk 1", price=Decimal(2), updated_at=moment)

    assert len(walked) == len(set(walked))
    assert known <= set(walked)


def test_offset_pages_and_cursor_pages_agree(client: FlaskClient, session: Session) -> None:
    for _ in range(5):
        make_product(session)

    by_cursor = list(pages(client, limit=2))
    by_offset = [
        [product["id"] for product in get(client, SEARCH, limit=2, offset=offset)["data"]] for offset in (0, 2, 4)
    ]

    assert by_cursor == by_offset


def test_meta_tells_the_total_and_whether_there_is_more(client: FlaskClient, session: Session) -> None:
    for _ in range(3):
        make_product(session)

    first, beyond = get(client, SEARCH, limit=2)["meta"], get(client, SEARCH, limit=2, offset=9)["meta"]

    assert (first["total"], first["has_next"], first["limit"], first["offset"]) == (3, True, 2, 0)
    assert (beyond["total"], beyond["has_next"], beyond["next_cursor"]) == (3, False, None)


def test_a_total_above_a_thousand_is_left_out(
    client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = make_category(session)
    columns = {"category_id": category.id, "price": 1, "is_active": True}
    session.execute(Product.__table__.insert(), [{**columns, "name": f"P{n}", "sku": f"S{n}"} for n in range(1001)])
    session.commit()

    over = get(client, SEARCH)["meta"]
    session.execute(Product.__table__.delete().where(Product.sku == "S0"))
    session.commit()

    assert (over["total"], over["has_next"]) == (None, True)
    assert get(client, SEARCH)["meta"]["total"] == 1000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"min_price": "5"}, {"five", "nine"}),
        ({"maxPrice": "5.00"}, {"two", "five"}),
        ({"min_price": 3, "max_price": 6}, {"five"}),
        ({"min_price": 9.01}, set()),
        ({"organic_only": "true"}, {"nine"}),
        ({"organicOnly": "no"}, {"two", "five", "nine"}),
        ({"in_stock": 1}, {"two", "five"}),
        ({"inStock": "false"}, {"nine"}),
        ({"brand": "ACME"}, {"two"}),
    ],
)
def test_filters_narrow_the_list(client: FlaskClient, session: Session, query: Any, found: set[str]) -> None:
    branch = make_location(session)
    make_product(session, name="two", price=Decimal(2), brand="Acme", stock={branch: 1})
    make_product(session, name="five", price=Decimal(5), stock={branch: 2})
    make_product(session, name="nine", price=Decimal(9), is_organic=True, stock={branch: 0})

    body = get(client, SEARCH, **query)

    assert set(names(body)) == found
    assert body["meta"]["total"] == len(found)


def test_in_stock_means_the_named_branch(client: FlaskClient, session: Session) -> None:
    here, there = make_location(session), make_location(session)
    make_product(session, name="here", stock={here: 1})
    make_product(session, name="there", stock={there: 1})

    assert names(get(client, SEARCH, in_stock="true", branchId=here.id)) == ["here"]
    assert names(get(client, SEARCH, in_stock="false", branchId=here.id)) == ["there"]


def test_a_category_holds_the_products_of_everything_below_it(client: FlaskClient, session: Session) -> None:
    root = make_category(session)
    child = make_category(session, parent_id=root.id)
    grandchild = make_category(session, parent_id=child.id)
    make_product(session, name="deep", category_id=grandchild.id)
    make_product(session, name="top", category_id=root.id)
    make_product(session, name="other")

    assert names(get(client, f"/api/v1/catalog/categories/{root.id}/products")) == ["top", "deep"]
    assert names(get(client, SEARCH, category_id=child.id)) == ["deep"]


def test_an_unknown_category_is_an_empty_list(client: FlaskClient, session: Session) -> None:
    make_product(session)

    body = get(client, "/api/v1/catalog/categories/999999/products", limit="many", branchId=1)

    assert body["data"] == []
    assert (body["meta"]["total"], body["meta"]["limit"]) == (0, 50)


def test_facets_count_the_matches(client: FlaskClient, session: Session) -> None:
    branch, dairy, bakery = make_location(session), make_category(session), make_category(session)
    make_product(session, name="Milk", category_id=dairy.id, price=Decimal("9.99"), stock={branch: 1})
    make_product(session, name="Milk bio", category_id=dairy.id, price=Decimal(10), is_organic=True)
    make_product(session, name="Milk bread", category_id=bakery.id, price=Decimal(100))
    make_product(session, name="Bread", category_id=bakery.id)

    facets = get(client, SEARCH, q="milk", facets="true")["meta"]["facets"]

    counts = [(item["category_id"], item["count"]) for item in facets["categories"]]
    assert counts == [(dairy.id, 2), (bakery.id, 1)]
    bands = [(band["min_price"], band["max_price"], band["count"]) for band in facets["price_bands"]]
    assert bands == [(0, 10, 1), (10, 20, 1), (20, 50, 0), (50, 100, 0), (100, None, 1)]
    assert (facets["organic"], facets["in_stock"]) == (1, 1)


def test_facets_of_nothing_are_zero(client: FlaskClient, session: Session) -> None:
    for query in ("nothing", "!!!"):
        facets = get(client, SEARCH, q=query, facets="true")["meta"]["facets"]

        assert (facets["categories"], facets["organic"], facets["in_stock"]) == ([], 0, 0)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"offset": -1},
        {"offset": 10_001},
        {"sort": "size"},
        {"min_price": "cheap"},
        {"in_stock": "perhaps"},
        {"category_id": 0},
        {"cursor": "bm9uc2Vuc2U"},
        {"cursor": "WyIxZTk5OTk5OSIsMV0", "sort": "price"},
        {"q": "a" * 201},
        {"q": "a\x00b"},
        {"colour": "red"},
    ],
)
def test_a_malformed_query_is_refused(client: FlaskClient, session: Session, query: Any) -> None:
    answer = client.get(SEARCH, query_string=query)

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"


def test_a_barcode_leads_to_its_product(client: FlaskClient, session: Session) -> None:
    product = make_product(session)
    session.add(ProductGtin(product_id=product.id, gtin="00036000291452"))
    session.commit()

    for code in ("036000291452", "0036000291452"):
        assert get(client, f"{PRODUCTS}/by-gtin/{code}")["data"]["id"] == product.id


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [("036000291453", 400, "INVALID_GTIN"), ("abc", 400, "INVALID_GTIN"), ("4006381333931", 404, "NOT_FOUND")],
)
def test_a_bad_or_unknown_barcode_is_refused(
    client: FlaskClient, session: Session, code: str, status: int, error: str
) -> None:
    answer = client.get(f"{PRODUCTS}/by-gtin/{code}")

    assert (answer.status_code, answer.json["error"]["code"]) == (status, error)


@pytest.mark.parametrize("path", [f"{PRODUCTS}/featured", "/api/v1/catalog/categories/{category}/products"])
def test_an_empty_branch_is_no_branch(client: FlaskClient, session: Session, path: str) -> None:
    product = make_product(session)

    body = get(client, path.format(category=product.category_id), branchId="")

    assert [(item["id"], item["in_stock_for_branch"]) for item in body["data"]] == [(product.id, None)]


def test_featured_shows_what_was_updated_last(client: FlaskClient, session: Session) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(12):
        make_product(session, name=f"P{number}", updated_at=start + timedelta(days=-number))

    body = get(client, f"{PRODUCTS}/featured", limit="some")

    assert names(body) == [f"P{number}" for number in range(10)]
    assert set(body) == {"data"}


def test_categories_are_listed_active_only(client: FlaskClient, session: Session) -> None:
    shown = [make_category(session).id for _ in range(3)]
    hidden = make_category(session, is_active=False)
    make_category(session, parent_id=hidden.id)

    first = get(client, "/api/v1/catalog/categories", limit=2)
    rest = get(client, "/api/v1/catalog/categories", limit=2, cursor=first["meta"]["next_cursor"])

    assert [row["id"] for row in first["data"] + rest["data"]] == shown
    assert set(first["data"][0]) == {"id", "parent_id", "name", "icon_slug", "description", "is_active"}
    assert (first["meta"]["total"], first["meta"]["has_next"], rest["meta"]["has_next"]) == (3, True, False)


@pytest.mark.parametrize(
    ("query", "limit"), [({}, 50), ({"limit": "x"}, 50), ({"limit": 9999}, 200), ({"offset": "y"}, 50)]
)
def test_the_category_list_forgives_bad_numbers(client: FlaskClient, session: Session, query: Any, limit: int) -> None:
    assert get(client, "/api/v1/catalog/categories", **query)["meta"]["limit"] == limit


def test_negative_page_numbers_are_refused(client: FlaskClient, session: Session) -> None:
    assert client.get("/api/v1/catalog/categories?limit=-1").status_code == 400
    assert client.get(f"{PRODUCTS}/featured?limit=-1").status_code == 400


def test_the_tree_nests_what_is_active_to_the_root(client: FlaskClient, session: Session) -> None:
    food = make_category(session, name="Food")
    make_category(session, name="Dairy", parent_id=food.id)
    make_category(session, name="Bread", parent_id=food.id)
    hidden = make_category(session, name="Hidden", is_active=False)
    make_category(session, name="Below", parent_id=hidden.id)

    tree = get(client, "/api/v1/catalog/categories/tree")["data"]

    assert [(root["name"], [child["name"] for child in root["children"]]) for root in tree] == [
        ("Food", ["Bread", "Dairy"])
    ]


@pytest.mark.parametrize("path", [SEARCH, f"{PRODUCTS}/{{id}}", f"{PRODUCTS}/featured", "/api/v1/catalog/categories"])
def test_an_unchanged_answer_is_a_304(client: FlaskClient, session: Session, path: str) -> None:
    product = make_product(session)
    path = path.format(id=product.id)
    tag = client.get(path).headers["ETag"]

    same = client.get(path, headers={"If-None-Match": tag})
    product.name = "New name"
    make_category(session)
    changed = client.get(path, headers={"If-None-Match": tag})

    assert (same.status_code, same.data) == (304, b"")
    assert changed.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        SEARCH,
        f"{SEARCH}?q=milk",
        f"{SEARCH}?q=mlik&facets=true&branchId=1",
        f"{SEARCH}?q=12",
        f"{PRODUCTS}/featured",
        f"{PRODUCTS}/autocomplete?q=mi",
        "/api/v1/catalog/categories/1/products",
        "/api/v1/catalog/categories",
        "/api/v1/catalog/categories/tree",
        f"{PRODUCTS}/1/reviews",
    ],
)
def test_every_list_takes_one_statement_however_many_products(
    client: FlaskClient, session: Session, statements: Statements, path: str
) -> None:
    branch = make_location(session)
    for number in range(15):
        make_product(session, name=f"Milk {number}", stock={branch: 1})
    statements.clear()

    answer = client.get(path)

    assert answer.status_code == 200
    assert len(statements) == 1


def test_the_product_page_takes_one_statement(client: FlaskClient, session: Session, statements: Statements) -> None:
    product = make_product(session)
    for _ in range(4):
        make_stock(session, product, make_location(session), 2)
    statements.clear()

    get(client, f"{PRODUCTS}/{product.id}")

    assert len(statements) == 1


def test_names_are_sorted_as_in_a_dictionary(client: FlaskClient, session: Session) -> None:
    for name in ("Zucchini", "beef for stew", "Éclair", "Beef Steak", "dates"):
        make_product(session, name=name)

    names = [product["name"] for product in get(client, SEARCH, sort="name")["data"]]

    assert names == ["beef for stew", "Beef Steak", "dates", "Éclair", "Zucchini"]
