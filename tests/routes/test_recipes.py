"""Recipes as shoppers find them."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import CartItem, ChecklistItem, Product, User
from tests.conftest import Statements
from tests.factories import (
    make_cart_session,
    make_diet,
    make_location,
    make_product,
    make_recipe,
    make_trolley,
    make_user,
    sign_in,
)
from tests.managing import Manager

RECIPES = "/api/v1/user/recipes"


def plan(session: Session, user: User, product: Product, quantity: int = 1) -> None:
    session.add(ChecklistItem(user_id=user.id, product_id=product.id, quantity=quantity))
    session.commit()


def put_into_trolley(session: Session, user: User, *products: Product) -> int:
    """Open a session of the user with these products in the basket; returns the id of the basket."""
    opened = make_cart_session(session, make_trolley(session, make_location(session)), user)
    for product in products:
        session.add(CartItem(cart_id=opened.cart_id, product_id=product.id, quantity=1, unit_price=product.price))
    session.commit()
    return opened.cart_id


def found(client: FlaskClient, headers: dict[str, str], **query: Any) -> list[str]:
    answer = client.get(RECIPES, query_string=query, headers=headers)
    assert answer.status_code == 200, answer.json
    return [recipe["recipe_name"] for recipe in answer.json["data"]]


def planned(session: Session, user: User) -> dict[int, int]:
    rows = session.execute(
        select(ChecklistItem.product_id, ChecklistItem.quantity).where(ChecklistItem.user_id == user.id)
    )
    return {row.product_id: row.quantity for row in rows}


class TestShoppers:
    def test_recipes_with_something_of_the_checklist_are_found(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        tomato, egg, flour = (make_product(session) for _ in range(3))
        make_recipe(session, tomato, egg, name="Shakshuka")
        make_recipe(session, tomato, name="Salad")
        make_recipe(session, flour, name="Bread")
        plan(session, user, tomato), plan(session, user, egg)

        data = client.get(RECIPES, headers=headers).json["data"]

        assert [(row["recipe_name"], row["products_had"], row["products_total"]) for row in data] == [
            ("Salad", 1, 1),
            ("Shakshuka", 2, 2),
        ]
        assert data[1]["product_id"] == data[1]["product"]["product_id"] == tomato.id

    def test_recipes_with_something_of_the_trolley_are_found(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        rice, lentils = make_product(session), make_product(session)
        make_recipe(session, rice, lentils, name="Dal")
        make_recipe(session, lentils, name="Soup")
        plan(session, user, lentils)
        put_into_trolley(session, user, rice)

        assert found(client, headers, source="cart") == ["Dal"]

    def test_without_a_trolley_there_is_nothing_to_go_by(self, client: FlaskClient, headers: dict[str, str]) -> None:
        answer = client.get(RECIPES, query_string={"source": "cart"}, headers=headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "NO_CART")

    def test_an_empty_trolley_finds_nothing(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        make_recipe(session, make_product(session))
        put_into_trolley(session, user)

        assert found(client, headers, source="cart") == []

    def test_another_source_is_refused(self, client: FlaskClient, headers: dict[str, str]) -> None:
        answer = client.get(RECIPES, query_string={"source": "fridge"}, headers=headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")

    def test_the_lists_and_trolleys_of_others_do_not_count(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        product, other = make_product(session), make_user(session)
        make_recipe(session, product)
        plan(session, other, product)
        put_into_trolley(session, other, product)
        put_into_trolley(session, user)

        assert found(client, headers) == found(client, headers, source="cart") == []

    def test_what_is_not_sold_counts_for_nothing(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        sold, gone = make_product(session), make_product(session, is_active=False)
        only_gone = make_recipe(session, gone, name="Gone")
        both = make_recipe(session, sold, gone, name="Both")
        plan(session, user, gone), plan(session, user, sold)

        data = client.get(RECIPES, headers=headers).json["data"]
        details = [client.get(f"{RECIPES}/{recipe.id}", headers=headers).json["data"] for recipe in (both, only_gone)]

        assert [(row["recipe_name"], row["products_total"]) for row in data] == [("Both", 1)]
        assert [[product["product_id"] for product in detail["products"]] for detail in details] == [[sold.id], []]

    def test_recipes_come_in_pages(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        product = make_product(session)
        names = [make_recipe(session, product).name for _ in range(3)]
        plan(session, user, product)

        first = client.get(RECIPES, query_string={"limit": 2}, headers=headers).json
        rest = found(client, headers, cursor=first["meta"]["next_cursor"])

        assert [row["recipe_name"] for row in first["data"]] + rest == names[::-1]
        assert first["meta"]["total"] == 3

    def test_a_recipe_shows_all_its_products_with_what_clashes(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        make_diet(session, user, "milk")
        bread, feta = make_product(session), make_product(session, allergens=["milk"])
        recipe = make_recipe(session, bread, feta, quantity=2, description="Crumble it.")

        data = client.get(f"{RECIPES}/{recipe.id}", headers=headers).json["data"]

        assert (data["recipe_id"], data["recipe_name"], data["description"]) == (recipe.id, recipe.name, "Crumble it.")
        shown = [(row["product_id"], row["quantity"], row["clashing_allergens"]) for row in data["products"]]
        assert shown == [(bread.id, 2, []), (feta.id, 2, ["milk"])]

    def test_an_unknown_recipe_is_not_found(self, client: FlaskClient, headers: dict[str, str]) -> None:
        calls = [client.get(f"{RECIPES}/{10**9}", headers=headers)]
        calls.append(client.post(f"{RECIPES}/{10**9}/add-to-checklist", headers=headers))

        assert [(call.status_code, call.json["error"]["code"]) for call in calls] == [(404, "RECIPE_NOT_FOUND")] * 2

    def test_all_of_a_recipe_comes_on_top_of_the_checklist(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        rice, lentils, gone = make_product(session), make_product(session), make_product(session, is_active=False)
        recipe = make_recipe(session, rice, lentils, gone, quantity=2)
        plan(session, user, rice, 3)

        answer = client.post(f"{RECIPES}/{recipe.id}/add-to-checklist", headers=headers)

        assert answer.status_code == 200
        assert {line["product_id"]: line["quantity"] for line in answer.json["data"]} == {rice.id: 5, lentils.id: 2}
        assert planned(session, user) == {rice.id: 5, lentils.id: 2}

    def test_a_recipe_that_does_not_fit_on_the_list_leaves_it_as_it_was(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
    ) -> None:
        rice, lentils = make_product(session), make_product(session)
        recipe = make_recipe(session, rice, lentils, quantity=2)
        plan(session, user, lentils, 9_999)

        answer = client.post(f"{RECIPES}/{recipe.id}/add-to-checklist", headers=headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "QUANTITY_LIMIT")
        assert planned(session, user) == {lentils.id: 9_999}

    def test_the_number_of_statements_grows_with_nothing(
        self, client: FlaskClient, session: Session, user: User, headers: dict[str, str], statements: Statements
    ) -> None:
        counts = []
        for size in (1, 6):
            products = [make_product(session) for _ in range(size)]
            recipes = [make_recipe(session, *products) for _ in range(size)]
            for product in products:
                plan(session, user, product)
            statements.clear()
            client.get(RECIPES, headers=headers)
            client.get(f"{RECIPES}/{recipes[0].id}", headers=headers)
            client.post(f"{RECIPES}/{recipes[0].id}/add-to-checklist", headers=headers)
            counts.append(len(statements))

        assert counts[0] == counts[1]


def test_staff_and_vendors_have_no_recipes(client: FlaskClient, session: Session, manager: Manager) -> None:
    assert client.get(RECIPES, headers=manager.headers).status_code == 403
    assert client.get(RECIPES).status_code == 401
    assert client.get(RECIPES, headers=sign_in(session, make_user(session))).status_code == 200
