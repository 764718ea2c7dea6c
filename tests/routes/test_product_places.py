"""Where products stand, and the sections of a branch."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Product, ProductPlace
from tests import factories
from tests.conftest import Statements
from tests.floors import PLAN, V1, Store, open_store
from tests.managing import audited

DAIRY = {"section_name": "Dairy", "floor_level": 0, "x1": 1, "y1": 1, "x2": 5, "y2": 2}
CHEESE = {"section_name": "Cheese", "floor_level": 0, "x1": 4, "y1": 1, "x2": 5, "y2": 2}


@pytest.fixture
def store(session: Session, client: FlaskClient) -> Store:
    return open_store(session, client)


@pytest.fixture
def products(session: Session) -> list[Product]:
    return [factories.make_product(session) for _ in range(3)]


def listed(store: Store, query: str = "") -> list[tuple[int, int, int, int]]:
    rows = store.manager.get(f"{store.path}/product-locations{query}")["data"]
    return [(row["product_id"], row["floor"], row["x"], row["y"]) for row in rows]


def test_the_places_given_are_all_there_are(store: Store, products: list[Product]) -> None:
    first, second, third = products
    store.put((first, 1, 1), (first, 4, 1), (second, 7, 1))

    store.put((first, 4, 1), (third, 8, 5))

    assert listed(store) == [(first.id, 0, 4, 1), (third.id, 0, 8, 5)]
    assert listed(store, f"?product_id={third.id}") == [(third.id, 0, 8, 5)]


def test_a_place_that_stays_keeps_its_row_and_takes_new_numbers(
    session: Session, store: Store, product: Product
) -> None:
    place = {"product_id": product.id, "floor": 0, "x": 1, "y": 1}
    store.manager.done("PUT", f"{store.path}/product-locations", json=[place])
    before = session.execute(select(ProductPlace.id)).scalar_one()

    store.manager.done("PUT", f"{store.path}/product-locations", json=[{**place, "aisle_num": 3, "shelf_num": 2}])

    (row,) = store.manager.get(f"{store.path}/product-locations")["data"]
    assert (row["aisle_num"], row["shelf_num"], row["product_name"]) == (3, 2, product.name)
    assert session.execute(select(ProductPlace.id)).scalar_one() == before


def test_everything_wrong_with_places_is_listed_and_nothing_saved(
    session: Session, store: Store, products: list[Product]
) -> None:
    first, second, third = products
    item = factories.make_item(session, factories.make_shop(session))
    store.put((first, 1, 1))
    rows = [(10**9, 1, 1), (item.id, 1, 1), (second.id, 10, 0), (second.id, 0, 7), (third.id, 1, 1), (third.id, 1, 1)]
    rows += [(first.id, x, 3) for x in range(5)]

    answer = store.manager.call(
        "PUT",
        f"{store.path}/product-locations",
        json=[{"product_id": product, "x": x, "y": y} for product, x, y in rows],
    )

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "PLACES_REFUSED")
    assert answer.json["error"]["details"] == {
        "unknown_products": sorted([item.id, 10**9]),
        "off_the_map": [
            {"product_id": second.id, "floor": 0, "x": 10, "y": 0},
            {"product_id": second.id, "floor": 0, "x": 0, "y": 7},
        ],
        "repeated": [{"product_id": third.id, "floor": 0, "x": 1, "y": 1}],
        "on_too_many_shelves": [first.id],
    }
    assert listed(store) == [(first.id, 0, 1, 1)]


def test_places_may_lie_on_the_draft_or_on_the_published_plan(store: Store, product: Product) -> None:
    store.publish()
    store.draw({**PLAN, "floors": {"0": ["E.C"], "1": ["...."]}})

    upstairs = {"product_id": product.id, "floor": 1, "x": 3, "y": 0}
    old = {"product_id": product.id, "floor": 0, "x": 8, "y": 5}
    assert store.manager.done("PUT", f"{store.path}/product-locations", json=[upstairs, old])["places"] == 2


def test_saving_many_places_takes_no_more_statements_than_one(
    session: Session, store: Store, products: list[Product], statements: Statements
) -> None:
    counts = []
    for chosen in (products[:1], products):
        statements.clear()
        store.put(*((product, 1, 1) for product in chosen))
        counts.append(len(statements))

    assert counts[0] == counts[1]
    assert sum("product_places (" in statement for statement in statements) == 1


def test_places_and_sections_are_audited(session: Session, store: Store, product: Product) -> None:
    store.put((product, 1, 1))
    store.manager.done("PUT", f"{store.path}/sections", json=[DAIRY])

    assert audited(session, "product_places") == [("REPLACE", None, {"places": 1, "products": 1})]
    assert audited(session, "store_sections") == [("REPLACE", None, {"sections": 1})]


def test_sections_are_shown_to_everybody_in_the_words_of_the_first_app(store: Store, session: Session) -> None:
    other = open_store(session, store.client)
    store.manager.done("PUT", f"{store.path}/sections", json=[DAIRY])
    other.manager.done("PUT", f"{other.path}/sections", json=[CHEESE])

    shown = store.client.get(f"{V1}/misc/store-sections?branch_id={store.branch.id}").json
    everywhere = store.client.get(f"{V1}/misc/store-sections").json

    (section,) = shown["data"]
    assert {name: section[name] for name in DAIRY} == DAIRY
    assert (section["branch_id"], shown["meta"]["total"]) == (store.branch.id, 1)
    assert [row["section_name"] for row in everywhere["data"]] == ["Dairy", "Cheese"]


def test_a_section_with_the_same_name_keeps_its_id_and_one_left_out_goes(store: Store) -> None:
    first = store.manager.done("PUT", f"{store.path}/sections", json=[DAIRY, CHEESE])

    second = store.manager.done("PUT", f"{store.path}/sections", json=[{**CHEESE, "x2": 6}])

    assert [row["section_name"] for row in first] == ["Dairy", "Cheese"]
    assert [(row["section_id"], row["x2"]) for row in second] == [(first[1]["section_id"], 6)]
    assert store.manager.get(f"{store.path}/sections")["data"] == second


@pytest.mark.parametrize(
    ("sections", "code"),
    [
        ([{**DAIRY, "x2": 10}], "SECTIONS_REFUSED"),
        ([{**DAIRY, "floor_level": 1}], "SECTIONS_REFUSED"),
        ([{**DAIRY, "x1": 6}], "VALIDATION_ERROR"),
        ([DAIRY, DAIRY], "VALIDATION_ERROR"),
        ([{**DAIRY, "section_name": ""}], "VALIDATION_ERROR"),
        ([{**DAIRY, "section_name": "Dai\x00ry"}], "VALIDATION_ERROR"),
    ],
)
def test_sections_that_cannot_be_are_refused(store: Store, sections: list[Any], code: str) -> None:
    assert store.manager.refused("PUT", f"{store.path}/sections", json=sections) == (400, code)


def test_without_a_plan_there_is_nothing_to_stand_on(session: Session, store: Store) -> None:
    bare = factories.make_location(session)

    for path in ("product-locations", "sections"):
        assert store.manager.refused("PUT", f"/branches/{bare.id}/{path}", json=[]) == (404, "LAYOUT_NOT_FOUND")
