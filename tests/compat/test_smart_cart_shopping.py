"""Operations 5 to 19 and 21, 22 of the smart cart's first server: lists, products, the cart, ways, orders."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.models import StoreSection, Trolley
from tests import factories, floors
from tests.compat.smart_cart import BARCODE, PRODUCT, App, Store, assert_shape, connect, open_store, sign_in, stand
from tests.trolleys import weighed

NOTHING = 10**9
LINE = {"checklist_id": int, "user_id": int, "product_id": int, "quantity": int, "product": PRODUCT}
CONNECTED = {"cart_id": int, "user_id": int, "message": str}
CART_ITEM = {"cart_items_id": int, "cart_id": int, "product_id": int, "quantity": int, "product": PRODUCT}
SECTION = {
    "section_id": int,
    "section_name": str,
    "x1": float,
    "y1": float,
    "x2": float,
    "y2": float,
    "floor_level": int,
}
CHECKED_OUT = {
    "order_id": int,
    "user_id": int,
    "total_products": int,
    "total_price": float,
    "discounted_price": float,
    "message": str,
}


@pytest.fixture
def app_(session: Session, client: FlaskClient) -> App:
    return sign_in(session, client)


@pytest.fixture
def store(session: Session) -> Store:
    return open_store(session)


# 5 to 7: the checklist


def test_a_product_is_put_on_the_checklist_on_top_of_what_is_there(app_: App, store: Store) -> None:
    app_.post("/user/checklist/add", {"product_id": store.milk.id, "quantity": 2, "note": "cold"})

    line = app_.post("/user/checklist/add", {"product_id": store.milk.id, "quantity": 3})

    assert_shape(line, LINE)
    assert line["quantity"] == 5
    assert line["product"] == {
        "product_id": store.milk.id,
        "product_name": "Toned milk",
        "price": 12.5,
        "discounted_price": 10.0,
        "barcode": BARCODE,
        "weight": 0.5,
        "expiry": None,
        "category_id": store.milk.category_id,
        "offer_name": line["product"]["offer_name"],
    }
    assert line["product"]["offer_name"]
    assert app_.get("/user/checklist") == {"items": [line]}


def test_a_product_without_bar_code_or_weight_has_an_empty_one_and_none(app_: App, session: Session) -> None:
    plain = factories.make_product(session)

    product = app_.post("/user/checklist/add", {"product_id": plain.id, "quantity": 1})["product"]

    assert_shape(product, PRODUCT)
    assert (product["barcode"], product["weight"], product["discounted_price"]) == ("", None, None)


def test_a_product_nobody_knows_is_a_404_on_the_checklist(app_: App) -> None:
    form = {"product_id": NOTHING, "quantity": 1}

    assert app_.refused("POST", "/user/checklist/add", json=form) == (404, "No such product is sold here.")


@pytest.mark.parametrize(
    ("body", "place"),
    [({"product_id": 1, "quantity": 0}, "quantity"), ({"product_id": "a", "quantity": 1}, "product_id")],
)
def test_a_line_that_cannot_be_is_a_400_with_what_was_sent(app_: App, body: dict[str, Any], place: str) -> None:
    status, (fault,) = app_.refused("POST", "/user/checklist/add", json=body)

    assert (status, fault["loc"], fault["input"]) == (400, [place], body[place])
    assert fault.keys() == {"type", "loc", "msg", "input"}


def test_taking_a_product_off_the_checklist_is_a_200(app_: App, store: Store) -> None:
    app_.post("/user/checklist/add", {"product_id": store.milk.id, "quantity": 2})

    assert_shape(app_.post("/user/checklist/remove", {"product_id": store.milk.id}), {"message": str})

    assert app_.get("/user/checklist") == {"items": []}
    assert app_.refused("POST", "/user/checklist/remove", json={"product_id": store.milk.id})[0] == 404
    assert app_.refused("POST", "/user/checklist/remove", json={"product_id": "x"})[0] == 400


# 8 and 9: recipes


def test_recipes_by_the_checklist_and_by_the_cart(app_: App, session: Session, store: Store) -> None:
    recipe = factories.make_recipe(session, store.milk)
    app_.post("/user/checklist/add", {"product_id": store.milk.id, "quantity": 1})

    found = app_.get("/user/recipes")

    assert_shape(found, {"recipes": [{"recipe_id": int, "recipe_name": str, "product_id": int, "product": PRODUCT}]})
    assert [each["recipe_id"] for each in found["recipes"]] == [recipe.id]
    assert app_.refused("GET", "/user/recipes?source=cart")[0] == 404
    connect(session, app_, store).put(store.milk)
    assert app_.get("/user/recipes", source="cart") == found


def test_a_source_of_recipes_that_is_none_is_a_400(app_: App) -> None:
    status, (fault,) = app_.refused("GET", "/user/recipes?source=fridge")

    assert (status, fault["loc"], fault["input"]) == (400, ["source"], "fridge")


def test_a_recipe_has_its_products(app_: App, session: Session, store: Store) -> None:
    recipe = factories.make_recipe(session, store.milk, factories.make_product(session))

    shown = app_.get(f"/user/recipes/{recipe.id}")

    assert_shape(shown, {"recipe_id": int, "recipe_name": str, "products": [PRODUCT]})
    assert len(shown["products"]) == 2
    assert app_.refused("GET", f"/user/recipes/{NOTHING}")[0] == 404


# 10 to 12: products, for everybody, whatever token comes along


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer of.an.hour.ago"}])
def test_offers_and_search_are_for_everybody(client: FlaskClient, store: Store, headers: dict[str, str]) -> None:
    anybody = App(client, headers)

    offers = anybody.get("/products/offers", _="1700000000")
    results = anybody.get("/products/search", query="TONED")

    assert_shape(offers, {"offers": [PRODUCT]})
    assert results == {"results": offers["offers"]}
    assert anybody.get("/products/search", query=BARCODE[:6]) == results


def test_a_search_without_words_is_a_400(client: FlaskClient) -> None:
    for path in ("/products/search", "/products/search?query="):
        status, (fault,) = App(client).refused("GET", path)
        assert (status, fault["loc"]) == (400, ["query"])


def test_a_product_has_its_ways_to_eat_and_allergens(client: FlaskClient, session: Session, store: Store) -> None:
    store.milk.allergens = ["milk"]
    session.commit()
    factories.make_food_type(session, store.milk, name="vegetarian")

    product = App(client).get(f"/products/{store.milk.id}")

    foods, allergens = [{"foodtype_id": int, "foodtype_name": str}], [{"allergy_id": int, "allergy_name": str}]
    assert_shape(product, {**PRODUCT, "foodtypes": foods, "allergies": allergens})
    assert product["allergies"] == [{"allergy_id": 7, "allergy_name": "milk"}]
    assert App(client).refused("GET", f"/products/{NOTHING}")[0] == 404


# 13, 14, 21, 22: the cart


def test_connecting_by_number_asks_for_the_button(app_: App, store: Store) -> None:
    answer = app_.post("/cart/connect", {"cart_id": store.trolley.id})

    assert_shape(answer, CONNECTED)
    assert answer["cart_id"] == store.trolley.id
    assert "button" in answer["message"]


def test_who_has_the_cart_gets_it_again(app_: App, session: Session, store: Store) -> None:
    connect(session, app_, store)

    answer = app_.post("/cart/connect", {"cart_id": store.trolley.id})

    assert_shape(answer, CONNECTED)
    assert app_.user is not None
    assert (answer["cart_id"], answer["user_id"]) == (store.trolley.id, app_.user.id)


def test_what_can_be_wrong_with_connecting(app_: App, session: Session, client: FlaskClient, store: Store) -> None:
    connect(session, sign_in(session, client), store)
    mine = open_store_again(session)

    assert app_.refused("POST", "/cart/connect", json={"cart_id": NOTHING})[0] == 404
    assert app_.refused("POST", "/cart/connect", json={"cart_id": store.trolley.id})[0] == 409
    status, (fault,) = app_.refused("POST", "/cart/connect")
    assert (status, fault["loc"], fault["input"]) == (400, ["cart_id"], {})
    connect(session, app_, mine)
    other = factories.make_trolley(session, mine.branch)
    factories.make_device(session, other)
    assert app_.refused("POST", "/cart/connect", json={"cart_id": other.id})[0] == 409


def open_store_again(session: Session) -> Store:
    """Another branch without a second product of the same bar code."""
    branch = factories.make_location(session)
    trolley = factories.make_trolley(session, branch)
    milk = factories.make_product(session, stock={branch: 5}, weight_grams=500)
    return Store(branch, trolley, factories.make_device(session, trolley), milk)


def test_the_cart_shows_its_lines_and_its_weight(app_: App, session: Session, store: Store) -> None:
    walk = connect(session, app_, store)
    assert app_.get("/cart/view") == {"cart_id": store.trolley.id, "items": [], "total_weight": None}
    walk.put(store.milk, 3)

    cart = app_.get("/cart/view")

    assert_shape(cart, {"cart_id": int, "items": [CART_ITEM], "total_weight": float})
    assert (cart["cart_id"], cart["items"][0]["cart_id"]) == (store.trolley.id, store.trolley.id)
    assert (cart["items"][0]["quantity"], cart["total_weight"]) == (3, 1.5)


def test_goods_sold_by_weight_are_one_piece_with_the_price_of_the_line(
    app_: App, session: Session, store: Store
) -> None:
    connect(session, app_, store).put(weighed(session, store.branch), 1, grams=517)

    (line,) = app_.get("/cart/view")["items"]

    assert_shape(line, CART_ITEM)
    assert (line["quantity"], line["product"]["weight"], line["product"]["price"]) == (1, 0.517, 6.38)
    assert line["product"]["discounted_price"] is None


def test_items_are_added_and_removed_one_by_one(app_: App, session: Session, store: Store) -> None:
    connect(session, app_, store)
    milk = {"product_id": store.milk.id}

    for _ in range(2):
        assert_shape(app_.post("/cart/item/add", milk), {"message": str})
    assert_shape(app_.post("/cart/item/remove", milk), {"message": str})

    assert [line["quantity"] for line in app_.get("/cart/view")["items"]] == [1]
    app_.post("/cart/item/remove", milk)
    assert app_.get("/cart/view")["items"] == []
    assert app_.refused("POST", "/cart/item/remove", json=milk) == (404, "This product is not in the cart.")
    assert app_.refused("POST", "/cart/item/add", json={"product_id": NOTHING})[0] == 404


def test_leaving_empties_the_cart_for_the_next_shopper(
    app_: App, session: Session, client: FlaskClient, store: Store
) -> None:
    connect(session, app_, store).put(store.milk, 2)

    assert_shape(app_.post("/cart/disconnect"), {"message": str})

    assert app_.refused("GET", "/cart/view")[0] == 404
    next_one = sign_in(session, client)
    connect(session, next_one, store)
    assert next_one.get("/cart/view")["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/cart/view", None),
        ("POST", "/cart/item/add", {"product_id": 1}),
        ("POST", "/cart/item/remove", {"product_id": 1}),
        ("POST", "/cart/disconnect", None),
        ("POST", "/orders/checkout", None),
    ],
)
def test_without_a_cart_there_is_none(app_: App, method: str, path: str, body: Any) -> None:
    assert app_.refused(method, path, json=body) == (404, "You have no trolley. Connect one first.")


# 15 to 18: places and ways


@pytest.fixture
def mapped(session: Session, client: FlaskClient) -> Store:
    """A store with a floor plan, milk on a shelf, a section around it, and a trolley at the entrance."""
    drawn = floors.open_store(session, client)
    trolley = factories.make_trolley(session, drawn.branch)
    milk = factories.make_product(session, stock={drawn.branch: 5}, weight_grams=500)
    drawn.put((milk, 4, 1))
    drawn.publish()
    dairy = {"x1": 4, "y1": 1, "x2": 5, "y2": 2}
    session.add(StoreSection(stock_location_id=drawn.branch.id, name="Dairy", floor=0, **dairy))
    bread = {"x1": 0, "y1": 0, "x2": 1, "y2": 0}
    session.add(StoreSection(stock_location_id=drawn.branch.id, name="Bread", floor=0, **bread))
    store = Store(drawn.branch, trolley, factories.make_device(session, trolley), milk)
    stand(session, store, x_cm=40, y_cm=30)
    return store


def test_the_place_of_the_cart(app_: App, session: Session, mapped: Store) -> None:
    connect(session, app_, mapped)

    place = app_.get(f"/cart/{mapped.trolley.id}/location")

    assert_shape(
        place,
        {"cart_id": int, "x_coord": float, "y_coord": float, "section_id": (int, None), "updated_at": str},
    )
    assert (place["cart_id"], place["x_coord"], place["y_coord"]) == (mapped.trolley.id, 0.8, 0.6)
    assert place["updated_at"] == "Fri, 01 Jan 2027 00:00:00 GMT"


def test_the_place_of_another_cart_is_not_told(
    app_: App, session: Session, client: FlaskClient, mapped: Store, store: Store
) -> None:
    connect(session, sign_in(session, client), mapped)
    connect(session, app_, store)

    assert app_.refused("GET", f"/cart/{mapped.trolley.id}/location") == (403, "This is not your cart.")
    assert app_.refused("GET", f"/cart/{NOTHING}/location")[0] == 404
    assert app_.refused("GET", f"/cart/{store.trolley.id}/location")[0] == 404
    assert App(client).refused("GET", f"/cart/{store.trolley.id}/location")[0] == 401


def test_sections_come_by_name_those_of_ones_own_branch_where_one_is_in_one(
    app_: App, session: Session, client: FlaskClient, mapped: Store, store: Store
) -> None:
    session.add(StoreSection(stock_location_id=store.branch.id, name="Cheese", floor=0, x1=0, y1=0, x2=1, y2=1))
    session.commit()

    everywhere = App(client).get("/misc/store-sections")
    connect(session, app_, mapped)

    assert_shape(everywhere, [SECTION])
    assert [each["section_name"] for each in everywhere] == ["Bread", "Cheese", "Dairy"]
    assert [each["section_name"] for each in app_.get("/misc/store-sections")] == ["Bread", "Dairy"]
    assert everywhere[-1] | {"section_id": 0} == {
        "section_id": 0,
        "section_name": "Dairy",
        "x1": 4.0,
        "y1": 1.0,
        "x2": 5.0,
        "y2": 2.0,
        "floor_level": 0,
    }


def test_where_products_stand(app_: App, session: Session, mapped: Store) -> None:
    connect(session, app_, mapped)

    places = app_.get("/cart/product_locations", product_ids=f"{mapped.milk.id},{NOTHING}")

    assert_shape(
        places,
        [
            {
                "product_id": int,
                "section_id": (int, None),
                "aisle_num": (int, None),
                "shelf_num": (int, None),
                "x_coord": float,
                "y_coord": float,
                "section": SECTION,
            }
        ],
    )
    assert (places[0]["x_coord"], places[0]["y_coord"], places[0]["section"]["section_name"]) == (4.0, 1.0, "Dairy")
    for asked in ("", "?product_ids=", "?product_ids=1,x"):
        assert app_.refused("GET", f"/cart/product_locations{asked}")[0] == 400


POINT = {"x": float, "y": float}


def test_the_way_to_products(app_: App, session: Session, mapped: Store) -> None:
    connect(session, app_, mapped)

    way = app_.post("/cart/shortest_path", {"destinations": [{"product_id": mapped.milk.id}]})

    segment = {
        "product_id": int,
        "section_id": (int, None),
        "destination": POINT,
        "path_length": float,
        "path": [POINT],
        "last_instruction": str,
    }
    assert_shape(way, {"start": POINT, "segments": [segment]})
    assert way["start"] == {"x": 0.0, "y": 0.0}
    assert [each["product_id"] for each in way["segments"]] == [mapped.milk.id]


def test_the_way_through_points_as_it_was_asked_for_at_first(app_: App, session: Session, mapped: Store) -> None:
    connect(session, app_, mapped)
    points = {"start_x": 0.4, "start_y": 0.2, "destinations": [{"x": 3.7, "y": 3.0}]}

    way = app_.post("/cart/shortest_path", points)

    assert_shape(way, {"path": [{**POINT, "section_id": (int, None), "instruction": (str, None)}]})
    first, *_, last = way["path"]
    assert ((first["x"], first["y"]), (last["x"], last["y"])) == ((0.0, 0.0), (3.0, 3.0))
    assert last["instruction"]


def test_what_can_be_wrong_with_a_way(app_: App, session: Session, mapped: Store, store: Store) -> None:
    def refused(body: Any) -> tuple[int, Any]:
        answer = app_.call("POST", "/cart/shortest_path", json=body)
        assert answer.json.keys() == {"detail", "error"}
        assert answer.json["detail"] == answer.json["error"]
        return answer.status_code, answer.json["error"]

    to_milk = {"destinations": [{"product_id": store.milk.id}]}

    assert refused(to_milk)[0] == 404
    connect(session, app_, store)
    assert refused(to_milk)[0] == 404
    for body in ({}, {"destinations": []}, {"destinations": 5}, {"destinations": ["x"]}, [1]):
        assert refused(body)[0] == 400


# 19 and the history


def test_a_checkout_sells_the_cart_and_keeps_the_trolley(app_: App, session: Session, store: Store) -> None:
    walk = connect(session, app_, store)
    walk.put(store.milk, 2)

    answer = app_.call("POST", "/orders/checkout")

    assert answer.status_code == 201
    assert_shape(answer.json, CHECKED_OUT)
    sold = answer.json
    assert app_.user is not None
    assert (sold["user_id"], sold["total_products"], sold["discounted_price"]) == (app_.user.id, 2, 20.0)
    assert app_.get("/cart/view")["items"] == []
    assert app_.post("/cart/connect", {"cart_id": store.trolley.id})["cart_id"] == store.trolley.id
    assert session.get(Trolley, store.trolley.id) is not None


def test_an_empty_cart_cannot_be_bought(app_: App, session: Session, store: Store) -> None:
    connect(session, app_, store)

    assert app_.refused("POST", "/orders/checkout")[0] == 400


def test_the_history_shows_the_newest_first_with_its_lines(app_: App, session: Session, store: Store) -> None:
    for pieces in (1, 2):
        connect(session, app_, store).put(store.milk, pieces)
        assert app_.call("POST", "/orders/checkout").status_code == 201
        app_.post("/cart/disconnect")

    orders = app_.get("/orders/history")

    item = {"product_id": int, "quantity": int, "price": float, "discounted_price": float, "product_name": str}
    assert_shape(orders, [{name: of for name, of in CHECKED_OUT.items() if name != "message"} | {"items": [item]}])
    assert [order["total_products"] for order in orders] == [2, 1]
    assert orders[0]["items"][0]["product_name"] == "Toned milk"


def test_who_has_bought_nothing_has_an_empty_history(app_: App) -> None:
    assert app_.get("/orders/history") == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/user/checklist"),
        ("POST", "/user/checklist/add"),
        ("POST", "/user/checklist/remove"),
        ("GET", "/user/recipes"),
        ("GET", "/user/recipes/1"),
        ("POST", "/cart/connect"),
        ("GET", "/cart/view"),
        ("GET", "/cart/1/location"),
        ("GET", "/cart/product_locations?product_ids=1"),
        ("POST", "/orders/checkout"),
        ("POST", "/cart/item/add"),
        ("POST", "/cart/item/remove"),
        ("POST", "/cart/disconnect"),
        ("GET", "/orders/history"),
    ],
)
def test_without_a_token_a_401(client: FlaskClient, method: str, path: str) -> None:
    assert App(client).refused(method, path)[0] == 401
    assert App(client, {"Authorization": "Bearer x.y.z"}).refused(method, path)[0] == 401
