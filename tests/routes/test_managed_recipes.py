"""Recipes as managers edit them."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import ChecklistItem, Recipe, RecipeProduct, User
from tests.conftest import Statements
from tests.factories import make_item, make_product, make_recipe, make_shop
from tests.managing import Manager, assert_for_managers_only, audited


def test_a_recipe_is_made_of_products(manager: Manager, session: Session) -> None:
    first, second = make_product(session), make_product(session, is_active=False)
    body = {"name": "Soup", "description": "Boil.", "products": [{"product_id": second.id}]}
    body["products"].append({"product_id": first.id, "quantity": 3})

    made = manager.done("POST", "/recipes", json=body, status=201)

    assert (made["name"], made["description"]) == ("Soup", "Boil.")
    assert made["products"] == [
        {"product_id": first.id, "product_name": first.name, "quantity": 3, "is_active": True},
        {"product_id": second.id, "product_name": second.name, "quantity": 1, "is_active": False},
    ]
    assert manager.get(f"/recipes/{made['id']}")["data"] == made
    assert [row["id"] for row in manager.get("/recipes")["data"]] == [made["id"]]


def test_a_recipe_is_changed_where_the_request_says_so(manager: Manager, session: Session) -> None:
    first, second = make_product(session), make_product(session)
    recipe = make_recipe(session, first, name="Soup", description="Boil.")

    renamed = manager.done("PATCH", f"/recipes/{recipe.id}", json={"name": "Stew"})
    replaced = manager.done(
        "PATCH",
        f"/recipes/{recipe.id}",
        json={"description": None, "products": [{"product_id": second.id, "quantity": 4}]},
    )

    assert (renamed["name"], renamed["description"], len(renamed["products"])) == ("Stew", "Boil.", 1)
    assert (replaced["name"], replaced["description"]) == ("Stew", None)
    assert [(row["product_id"], row["quantity"]) for row in replaced["products"]] == [(second.id, 4)]


def test_every_change_of_a_recipe_is_in_the_audit_trail(manager: Manager, session: Session) -> None:
    product = make_product(session)
    ingredients = [{"product_id": product.id, "quantity": 1}]
    more = [{"product_id": product.id, "quantity": 2}]

    made = manager.done("POST", "/recipes", json={"name": "Soup", "products": ingredients}, status=201)
    manager.done("PATCH", f"/recipes/{made['id']}", json={"products": more})
    manager.done("PATCH", f"/recipes/{made['id']}", json={"products": more, "name": "Soup"})
    manager.done("DELETE", f"/recipes/{made['id']}")

    kept = {"name": "Soup", "description": None}
    assert audited(session, "recipe") == [
        ("CREATE", None, {**kept, "products": ingredients}),
        ("UPDATE", {"products": ingredients}, {"products": more}),
        ("DELETE", {**kept, "products": more}, None),
    ]


def test_a_deleted_recipe_is_gone_but_not_what_it_put_on_lists(
    manager: Manager, client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    product = make_product(session)
    recipe = make_recipe(session, product)
    client.post(f"/api/v1/user/recipes/{recipe.id}/add-to-checklist", headers=headers)

    manager.done("DELETE", f"/recipes/{recipe.id}")

    assert manager.refused("GET", f"/recipes/{recipe.id}") == (404, "RECIPE_NOT_FOUND")
    planned = select(ChecklistItem.product_id).where(ChecklistItem.user_id == user.id)
    assert session.execute(planned).scalars().all() == [product.id]
    assert session.execute(select(func.count()).select_from(RecipeProduct)).scalar_one() == 0


def test_two_recipes_cannot_have_one_name(manager: Manager, session: Session) -> None:
    product = make_product(session)
    make_recipe(session, product, name="Soup")
    other = make_recipe(session, product, name="Stew")
    body = {"name": "Soup", "products": [{"product_id": product.id}]}

    assert manager.refused("POST", "/recipes", json=body) == (409, "DUPLICATE_RECIPE")
    assert manager.refused("PATCH", f"/recipes/{other.id}", json={"name": "Soup"}) == (409, "DUPLICATE_RECIPE")


def test_products_of_shops_and_unknown_ones_are_no_ingredients(manager: Manager, session: Session) -> None:
    own, item = make_product(session), make_item(session, make_shop(session))
    body = {"name": "Soup", "products": [{"product_id": row} for row in (own.id, item.id, 10**9)]}

    answer = manager.call("POST", "/recipes", json=body)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "PRODUCT_NOT_FOUND")
    assert answer.json["error"]["details"] == {"product_ids": [item.id, 10**9]}
    assert session.execute(select(func.count()).select_from(Recipe)).scalar_one() == 0


@pytest.mark.parametrize("products", [[], [{"product_id": 1}] * 2, [{"product_id": 1, "quantity": 0}]])
def test_a_recipe_needs_each_product_once_and_at_least_a_piece(manager: Manager, products: Any) -> None:
    body = {"name": "Soup", "products": products}

    assert manager.refused("POST", "/recipes", json=body) == (400, "VALIDATION_ERROR")


def test_an_unknown_recipe_cannot_be_edited(manager: Manager) -> None:
    path = f"/recipes/{10**9}"

    refusals = [manager.refused("PATCH", path, json={"name": "Soup"}), manager.refused("DELETE", path)]

    assert refusals == [(404, "RECIPE_NOT_FOUND")] * 2


def test_recipes_are_listed_in_one_statement(manager: Manager, session: Session, statements: Statements) -> None:
    counts = []
    for size in (1, 5):
        for _ in range(size):
            make_recipe(session, *(make_product(session) for _ in range(size)))
        statements.clear()
        manager.get("/recipes")
        counts.append(len(statements))

    assert counts[0] == counts[1]


def test_only_managers_edit_recipes_and_food_types(client: FlaskClient, session: Session) -> None:
    recipe = make_recipe(session, make_product(session))

    assert_for_managers_only(
        session,
        client,
        ("GET", "/recipes"),
        ("POST", "/recipes"),
        ("PATCH", f"/recipes/{recipe.id}"),
        ("DELETE", f"/recipes/{recipe.id}"),
        ("POST", "/food-types"),
        ("PUT", "/products/1/food-types"),
    )
