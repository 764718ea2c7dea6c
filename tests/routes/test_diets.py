"""How shoppers eat, what products fit it, and the warnings that follow."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.allergens import REGULATED
from app.models import AuditEvent, Product, ShopperDiet, User
from app.services import diets
from tests.conftest import Statements
from tests.factories import (
    make_category,
    make_diet,
    make_food_type,
    make_item,
    make_product,
    make_shop,
    make_user,
    sign_in,
)
from tests.managing import Manager, audited

DIET = "/api/v1/user/diet"
MISC = "/api/v1/misc"


def shown(client: FlaskClient, product: Product, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = client.get(f"/api/v1/products/{product.id}", headers=headers)
    assert answer.status_code == 200, answer.json
    data: dict[str, Any] = answer.json["data"]
    return data


def clash(client: FlaskClient, product: Product, headers: dict[str, str] | None = None) -> tuple[Any, ...]:
    data = shown(client, product, headers)
    return data["diet_warning"], data["clashing_allergens"], data["clashing_food_type"]


CLEAR = (False, [], None)


class TestDiet:
    def test_who_has_told_nothing_has_an_empty_diet(self, client: FlaskClient, headers: dict[str, str]) -> None:
        answer = client.get(DIET, headers=headers)

        assert answer.json["data"] == {"food_type_id": None, "food_type_name": None, "allergies": []}

    def test_a_diet_is_kept_and_replaced_as_a_whole(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        vegan = make_food_type(session, name="Vegan")
        body = {"food_type_id": vegan.id, "allergies": ["Milk ", "eggs", "milk"]}

        first = client.put(DIET, json=body, headers=headers).json["data"]
        kept = client.get(DIET, headers=headers).json["data"]
        second = client.put(DIET, json={"allergies": ["nuts"]}, headers=headers).json["data"]

        assert first == kept == {"food_type_id": vegan.id, "food_type_name": "Vegan", "allergies": ["eggs", "milk"]}
        assert second == {"food_type_id": None, "food_type_name": None, "allergies": ["nuts"]}

    def test_an_unknown_food_type_is_refused(self, client: FlaskClient, headers: dict[str, str]) -> None:
        answer = client.put(DIET, json={"food_type_id": 10**9}, headers=headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "FOOD_TYPE_NOT_FOUND")

    def test_a_word_that_no_product_could_show_is_refused(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        answer = client.put(DIET, json={"allergies": ["mlik", "milk", "wool"]}, headers=headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "ALLERGEN_UNKNOWN")
        assert answer.json["error"]["details"] == {"unknown": ["mlik", "wool"]}
        assert session.execute(select(ShopperDiet)).all() == []

    def test_any_word_that_a_product_carries_is_taken(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        product = make_product(session, allergens=["kiwi"])

        client.put(DIET, json={"allergies": ["kiwi"]}, headers=headers)

        assert clash(client, product, headers) == (True, ["kiwi"], None)

    def test_the_diet_of_one_is_not_that_of_another(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        product = make_product(session, allergens=["milk"])
        client.put(DIET, json={"allergies": ["milk"]}, headers=headers)
        stranger = sign_in(session, make_user(session))

        assert client.get(DIET, headers=stranger).json["data"]["allergies"] == []
        assert clash(client, product, stranger) == CLEAR

    def test_a_diet_leaves_no_trace_in_the_audit_trail(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        client.put(DIET, json={"allergies": ["milk"]}, headers=headers)

        assert session.execute(select(AuditEvent).where(AuditEvent.entity_type == "shopper_diet")).all() == []
        assert "milk" not in str(session.execute(select(AuditEvent.new_value)).all())

    def test_guests_and_staff_have_no_diet(self, client: FlaskClient, manager: Manager) -> None:
        assert client.get(DIET).status_code == 401
        assert client.get(DIET, headers=manager.headers).status_code == 403


class TestWarning:
    def test_shared_allergens_warn(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        make_diet(session, user, "sesame", "milk", "eggs")
        product = make_product(session, allergens=["milk", "gluten", "eggs"])

        assert clash(client, product, headers) == (True, ["eggs", "milk"], None)

    def test_the_other_word_for_an_allergen_warns_as_well(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        imported = make_product(session, allergens=["sesame-seeds"])

        client.put(DIET, json={"allergies": ["sesame"]}, headers=headers)

        assert clash(client, imported, headers) == (True, ["sesame-seeds"], None)

    def test_a_product_marked_otherwise_warns(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        product = make_product(session)
        make_food_type(session, product, name="Omnivore")
        make_diet(session, user, food_type=make_food_type(session, name="Vegan"))

        assert clash(client, product, headers) == (True, [], "Vegan")

    def test_a_product_that_fits_does_not_warn(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        product = make_product(session)
        make_food_type(session, product)
        make_diet(session, user, food_type=make_food_type(session, product))

        assert clash(client, product, headers) == CLEAR

    def test_a_product_nobody_has_looked_at_does_not_warn(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        make_diet(session, user, food_type=make_food_type(session, make_product(session)))

        assert clash(client, make_product(session), headers) == CLEAR

    def test_guests_are_not_warned(self, client: FlaskClient, session: Session, user: User) -> None:
        make_diet(session, user, "milk")

        assert clash(client, make_product(session, allergens=["milk"])) == CLEAR

    def test_a_step_tells_the_same_in_a_word(self, session: Session, user: User) -> None:
        make_diet(session, user, "milk", food_type=make_food_type(session))
        milk, meat, plain = make_product(session, allergens=["milk"]), make_product(session), make_product(session)
        make_food_type(session, meat)

        warned = [diets.warns(session, user_id=user.id, product_id=row.id) for row in (milk, meat, plain)]

        assert warned == [True, True, False]
        assert not diets.warns(session, user_id=user.id, product_id=10**9)
        assert not diets.warns(session, user_id=10**9, product_id=milk.id)


class TestPublicLists:
    def test_food_types_and_categories_are_listed_by_name(self, client: FlaskClient, session: Session) -> None:
        vegan, kosher = (make_food_type(session, name=name) for name in ("Vegan", "Kosher"))
        bread, apples = (make_category(session, name=name) for name in ("Bread", "Apples"))
        hidden = make_category(session, is_active=False)
        make_category(session, parent_id=hidden.id)

        data = client.get(f"{MISC}/foodtypes-categories").json["data"]

        assert data["foodtypes"] == [
            {"foodtype_id": kosher.id, "foodtype_name": "Kosher"},
            {"foodtype_id": vegan.id, "foodtype_name": "Vegan"},
        ]
        assert data["categories"] == [
            {"category_id": apples.id, "category_name": "Apples"},
            {"category_id": bread.id, "category_name": "Bread"},
        ]

    def test_allergens_are_the_regulated_ones_and_those_of_products_sold(
        self, client: FlaskClient, session: Session
    ) -> None:
        make_product(session, allergens=["kiwi", "milk"])
        make_product(session, allergens=["wool"], is_active=False)
        make_item(session, make_shop(session), allergens=["cotton"])

        words = client.get(f"{MISC}/allergens").json["data"]["allergens"]

        assert words == sorted({*REGULATED, "kiwi", "sesame-seeds", "sulphur-dioxide-and-sulphites"})


class TestManagers:
    def test_a_food_type_is_added_and_renamed(self, manager: Manager, session: Session) -> None:
        made = manager.done("POST", "/food-types", json={"name": "Vegan"}, status=201)
        renamed = manager.done("PATCH", f"/food-types/{made['id']}", json={"name": "Plants only"})

        assert (made["name"], renamed["name"], renamed["products"]) == ("Vegan", "Plants only", 0)
        assert manager.get("/food-types")["data"] == [renamed]
        assert audited(session, "food_type") == [
            ("CREATE", None, {"name": "Vegan"}),
            ("UPDATE", {"name": "Vegan"}, {"name": "Plants only"}),
        ]

    def test_two_food_types_cannot_have_one_name(self, manager: Manager, session: Session) -> None:
        make_food_type(session, name="Vegan")
        other = make_food_type(session)
        body = {"name": "Vegan"}

        assert manager.refused("POST", "/food-types", json=body) == (409, "DUPLICATE_FOOD_TYPE")
        assert manager.refused("PATCH", f"/food-types/{other.id}", json=body) == (409, "DUPLICATE_FOOD_TYPE")
        assert manager.refused("PATCH", f"/food-types/{10**9}", json=body) == (404, "FOOD_TYPE_NOT_FOUND")

    def test_a_product_is_marked_with_all_it_fits(
        self, manager: Manager, client: FlaskClient, session: Session, product: Product
    ) -> None:
        vegan, halal = make_food_type(session, name="Vegan"), make_food_type(session, name="Halal")
        path = f"/products/{product.id}/food-types"

        manager.done("PUT", path, json={"food_type_ids": [vegan.id]})
        marked = manager.done("PUT", path, json={"food_type_ids": [halal.id, vegan.id, halal.id]})
        manager.done("PUT", path, json={"food_type_ids": [vegan.id, halal.id]})

        assert marked == manager.get(path)["data"] == {"product_id": product.id, "food_type_ids": [vegan.id, halal.id]}
        assert [row["foodtype_name"] for row in shown(client, product)["foodtypes"]] == ["Halal", "Vegan"]
        assert [row["products"] for row in manager.get("/food-types")["data"]] == [1, 1]
        assert audited(session, "product") == [
            ("UPDATE", {"food_type_ids": []}, {"food_type_ids": [vegan.id]}),
            ("UPDATE", {"food_type_ids": [vegan.id]}, {"food_type_ids": [vegan.id, halal.id]}),
        ]

    def test_marks_can_be_taken_off(self, manager: Manager, session: Session, product: Product) -> None:
        make_food_type(session, product)

        data = manager.done("PUT", f"/products/{product.id}/food-types", json={"food_type_ids": []})

        assert data["food_type_ids"] == []

    def test_an_unknown_food_type_leaves_the_marks_as_they_were(
        self, manager: Manager, session: Session, product: Product
    ) -> None:
        vegan = make_food_type(session, product)
        path, body = f"/products/{product.id}/food-types", {"food_type_ids": [10**9]}

        assert manager.refused("PUT", path, json=body) == (404, "FOOD_TYPE_NOT_FOUND")
        assert manager.get(path)["data"]["food_type_ids"] == [vegan.id]

    def test_items_of_shops_are_not_marked_here(self, manager: Manager, session: Session) -> None:
        path = f"/products/{make_item(session, make_shop(session)).id}/food-types"

        assert manager.refused("PUT", path, json={"food_type_ids": []}) == (404, "NOT_FOUND")
        assert manager.refused("GET", path) == (404, "NOT_FOUND")

    def test_what_trolleys_need_of_a_product_is_edited_with_it(self, manager: Manager, session: Session) -> None:
        body = {"name": "Peas", "sku": "PEAS-1", "price": 9, "category_id": make_category(session).id}
        trolley = {"is_frozen": True, "weight_grams": 450, "weight_tolerance_grams": 12}

        made = manager.done("POST", "/products", json={**body, **trolley}, status=201)
        plain = manager.done("POST", "/products", json={**body, "sku": "PEAS-2"}, status=201)
        changed = manager.done(
            "PATCH", f"/products/{made['id']}", json={"is_frozen": False, "weight_tolerance_grams": None}
        )
        listed = manager.get("/products")["data"]

        assert {name: made[name] for name in trolley} == trolley
        assert (plain["is_frozen"], plain["weight_tolerance_grams"]) == (False, None)
        assert (changed["is_frozen"], changed["weight_tolerance_grams"], changed["weight_grams"]) == (False, None, 450)
        assert [(row["id"], row["is_frozen"]) for row in listed] == [(plain["id"], False), (made["id"], False)]


@pytest.mark.parametrize("path", [DIET, f"{MISC}/foodtypes-categories", f"{MISC}/allergens"])
def test_statements_do_not_grow_with_what_there_is(
    client: FlaskClient, session: Session, headers: dict[str, str], statements: Statements, path: str
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            make_food_type(session, make_product(session, allergens=["milk"]))
        statements.clear()
        client.get(path, headers=headers)
        counts.append(len(statements))

    assert counts[0] == counts[1]
