"""Sections 5 and 6 of the marketplace's contract as older clients see them: shops, items, the cart."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Shop
from tests.compat.conftest import Street
from tests.factories import make_item, make_shop

SHOP = {
    "id",
    "shop_name",
    "shop_type",
    "description",
    "is_open",
    "delivers",
    "appointment_only",
    "category_tags",
    "logo_url",
    "featured",
    "verified",
    "society",
    "city",
    "rating",
    "rating_count",
}
ITEM = {
    "id",
    "title",
    "brand",
    "price",
    "mrp",
    "discount",
    "description",
    "unit",
    "pack_size",
    "category",
    "tags",
    "sku",
    "expiry_date",
    "image_url",
}
LINE = {
    "id",
    "item_id",
    "item_name",
    "title",
    "name",
    "brand",
    "image_url",
    "available",
    "price",
    "mrp",
    "savings",
    "quantity",
    "unit",
    "pack_size",
    "subtotal",
    "shop_id",
    "shop_name",
}


@pytest.mark.parametrize(
    "path", ["/consumer/shops", "/consumer/shops?status=open&type=GROC", "/consumer/shops/search?q=rose"]
)
def test_shops_near_a_consumer(street: Street, path: str) -> None:
    answer = street.consumer.get(path)

    assert answer.keys() == {"shops"}
    assert [shop.keys() for shop in answer["shops"]] == [SHOP]
    assert answer["shops"][0]["shop_name"] == "Rose Shop"


def test_a_search_needs_words(street: Street) -> None:
    assert street.consumer.refused("GET", "/consumer/shops/search") == (400, "Missing search query 'q'")


def test_a_list_is_whole_up_to_200_unless_a_limit_is_named(session: Session, street: Street) -> None:
    for _ in range(60):
        make_shop(session, city="Pune", society="Rose Garden")

    assert len(street.consumer.get("/consumer/shops")["shops"]) == 61
    assert len(street.consumer.get("/consumer/shops?limit=2&offset=60")["shops"]) == 1


@pytest.mark.parametrize("path", ["/shop/{}/items", "/consumer/shop/{}/items"])
def test_the_items_of_a_shop_at_both_addresses(street: Street, path: str) -> None:
    answer = street.consumer.get(path.format(street.shop.id))

    assert answer.keys() == {"shop", "items"}
    assert answer["shop"].keys() == {"id", "shop_name", "shop_type", "description", "is_open", "delivers", "logo_url"}
    assert [item.keys() for item in answer["items"]] == [ITEM]
    assert (answer["items"][0]["price"], answer["items"][0]["mrp"]) == (10, 12)


def test_a_closed_shop_is_forbidden_and_an_unknown_one_not_found(session: Session, street: Street) -> None:
    session.execute(update(Shop).values(is_open=False, last_closed_at=datetime.now(UTC)))
    session.commit()

    assert street.consumer.refused("GET", f"/shop/{street.shop.id}/items") == (403, "Shop is currently closed")
    assert street.consumer.refused("GET", "/shop/999999/items") == (404, "Shop not found")
    assert street.consumer.refused("GET", "/shop/rose/items")[0] == 404
    in_cart = street.consumer.refused("POST", "/consumer/cart/add", json={"item_id": street.item.id})
    assert in_cart == (400, "Shop is currently closed")


def test_a_cart_from_the_first_item_to_empty(street: Street) -> None:
    cart, item = street.consumer, {"item_id": street.item.id}

    assert cart.post("/consumer/cart/add", {**item, "quantity": 2}) == {"message": "Item added to cart"}
    assert cart.post("/consumer/cart/update", {**item, "quantity": 3}) == {"message": "Cart quantity updated"}
    view = cart.get("/consumer/cart/view")
    assert view.keys() == {"cart", "total_price", "total_savings"}
    assert (view["total_price"], view["total_savings"]) == (30, 6)
    assert [line.keys() for line in view["cart"]] == [LINE]
    assert cart.post("/consumer/cart/remove", item) == {"message": "Item removed"}
    assert cart.post("/consumer/cart/clear", None) == {"message": "Cart cleared"}
    assert cart.post("/consumer/cart/clear") == {"message": "Cart cleared"}
    assert cart.post("/consumer/cart/clear", {}) == {"message": "Cart cleared"}
    assert cart.get("/consumer/cart/view") == {"cart": [], "total_price": 0, "total_savings": 0}


def test_a_whole_item_is_posted_back_into_the_cart(street: Street) -> None:
    item = street.consumer.get(f"/shop/{street.shop.id}/items")["items"][0]

    assert street.consumer.post("/consumer/cart/add", {**item, "item_id": item["id"]})["message"]


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("add", {"item_id": 999999}, (404, "Item not available")),
        ("add", {}, (404, "Item not available")),
        ("add", {"quantity": 0}, (400, "Quantity must be at least 1")),
        ("add", {"quantity": 11}, (400, "Cannot add more than 10 units per item")),
        ("add", {"quantity": 9}, (400, "Max limit is 10 units")),
        ("add", {"quantity": "many"}, (400, "Validation error")),
        ("update", {}, (400, "Item ID and quantity required")),
        ("update", {"quantity": 11}, (400, "Quantity must be between 1 and 10")),
        ("update", {"item_id": 999999, "quantity": 1}, (404, "Item not found in cart")),
        ("remove", {"item_id": 999999}, (404, "Item not found")),
    ],
)
def test_what_a_cart_refuses(street: Street, path: str, body: dict[str, object], refusal: tuple[int, str]) -> None:
    item = {"item_id": street.item.id}
    street.consumer.post("/consumer/cart/add", {**item, "quantity": 2})
    body = {**item, **body} if "quantity" in body else body

    assert street.consumer.refused("POST", f"/consumer/cart/{path}", json=body) == refusal


def test_a_cart_is_for_one_shop(session: Session, street: Street) -> None:
    other = make_item(session, make_shop(session))
    street.consumer.post("/consumer/cart/add", {"item_id": street.item.id})

    refusal = street.consumer.refused("POST", "/consumer/cart/add", json={"item_id": other.id})

    assert refusal == (400, "Cart contains items from a different shop")
