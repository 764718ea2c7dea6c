"""The supermarket's screens never show or touch what belongs to a vendor's shop, though both share their tables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.enums import CartStatus, ChannelName, OrderStatus, Role
from app.models import Cart, CartItem, Inventory, Order, OrderItem, Product, Shop, StockLocation, User
from tests.factories import (
    make_consumer,
    make_employee,
    make_item,
    make_location,
    make_order,
    make_product,
    make_shop,
    make_shop_order,
    make_slot,
    make_user,
    sign_in,
)

V1 = "/api/v1"


@dataclass
class Town:
    """A branch and a shop with a delivered order each of the same customer."""

    customer: User
    branch: StockLocation
    shop: Shop
    product: Product
    item: Product
    order: Order
    shop_order: Order
    shelf_id: int


@pytest.fixture
def town(session: Session) -> Town:
    customer, branch = make_consumer(session, city="Pune"), make_location(session)
    shop = make_shop(session)
    product, item = make_product(session, stock={branch: 5}), make_item(session, shop, stock=0)
    order = make_order(session, customer, product, stock_location_id=branch.id, status=OrderStatus.DELIVERED)
    shop_order = make_shop_order(session, customer, shop, item, status=OrderStatus.DELIVERED)
    shelf = select(Inventory.id).where(Inventory.product_id == item.id)
    return Town(customer, branch, shop, product, item, order, shop_order, session.execute(shelf).scalar_one())


Ask = Callable[..., Any]


def asking(client: FlaskClient, session: Session, user: User) -> Ask:
    headers = sign_in(session, user)

    def ask(method: str, path: str, **more: Any) -> Any:
        return client.open(f"{V1}{path}", method=method, headers=headers | more.pop("headers", {}), **more)

    return ask


@pytest.fixture(params=[Role.EMPLOYEE, Role.MANAGER, Role.ADMIN])
def staff(request: pytest.FixtureRequest, client: FlaskClient, session: Session, town: Town) -> Ask:
    """Each of the staff; the employee works at the branch and, by a mistake of the data, at the shop too."""
    if request.param is Role.EMPLOYEE:
        place = session.get_one(StockLocation, town.shop.id)
        return asking(client, session, make_employee(session, town.branch, place))
    return asking(client, session, make_user(session, role=request.param))


@pytest.fixture
def admin(client: FlaskClient, session: Session, town: Town) -> Ask:
    return asking(client, session, make_user(session, role=Role.ADMIN))


@pytest.fixture
def customer(client: FlaskClient, session: Session, town: Town) -> Ask:
    return asking(client, session, town.customer)


def state_of(session: Session) -> list[Any]:
    """Every row that a fenced route could change."""
    tables = ("orders", "order_items", "inventory", "products", "stock_locations", "shops", "carts", "user_branches")
    session.expire_all()
    return [session.execute(text(f"SELECT t::text FROM {name} t ORDER BY 1")).scalars().all() for name in tables]


# What a customer sees


def test_a_customers_orders_are_those_of_the_supermarket(customer: Ask, town: Town) -> None:
    body = customer("GET", "/orders").json

    assert [order["id"] for order in body["data"]] == [town.order.id]
    assert body["meta"]["total"] == 1
    assert customer("GET", f"/orders?status={OrderStatus.DELIVERED}").json["meta"]["total"] == 1


ON_ONES_ORDER = (
    ("GET", "/orders/{order}", {}),
    ("GET", "/orders/{order}/receipt", {}),
    ("POST", "/orders/{order}/cancel", {}),
    ("POST", "/orders/{order}/reorder", {}),
    ("POST", "/orders/{order}/items/{line}/substitution", {"accept": True}),
)


@pytest.mark.parametrize(("method", "path", "body"), ON_ONES_ORDER)
def test_to_the_supermarket_a_customers_order_of_a_shop_is_none(
    customer: Ask, session: Session, town: Town, method: str, path: str, body: dict[str, Any]
) -> None:
    town.shop_order.status, town.shop_order.delivered_at = OrderStatus.PENDING, None
    session.commit()
    before = state_of(session)

    answer = customer(method, at(town, session, path), json=body or None)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")
    assert state_of(session) == before


def at(town: Town, session: Session, path: str) -> str:
    """A path with the ids of what belongs to the shop."""
    line = session.execute(select(OrderItem.id).where(OrderItem.order_id == town.shop_order.id)).scalar_one()
    named = {"order": town.shop_order.id, "line": line, "shelf": town.shelf_id}
    return path.format(**named, item=town.item.id, shop=town.shop.id)


def test_no_help_is_asked_for_at_a_shop_or_about_its_order(customer: Ask, town: Town) -> None:
    about_order = {"branch_id": town.branch.id, "order_id": town.shop_order.id, "message": "Where is it?"}
    at_shop = {"branch_id": town.shop.id, "message": "Where is it?"}

    assert customer("POST", "/store/assistance", json=about_order).status_code == 404
    assert customer("POST", "/store/assistance", json=at_shop).status_code == 404


def test_the_item_of_a_shop_is_no_product_of_the_catalog(customer: Ask, session: Session, town: Town) -> None:
    item = {"product_id": town.item.id}

    assert customer("GET", f"/catalog/products/{town.item.id}").status_code == 404
    assert customer("POST", f"/catalog/products/{town.item.id}/reviews", json={"rating": 5}).status_code == 404
    assert customer("POST", "/store/wishlist", json=item).status_code == 404
    assert customer("POST", "/cart/items", json={**item, "quantity": 1}).status_code == 404
    assert session.execute(select(CartItem.id)).all() == []


def test_a_shop_is_no_branch(customer: Ask, town: Town) -> None:
    assert [branch["id"] for branch in customer("GET", "/branches").json["data"]] == [town.branch.id]
    assert customer("GET", f"/branches/{town.shop.id}").status_code == 404


def test_the_supermarkets_checkout_does_not_price_the_cart_of_a_shop(
    customer: Ask, session: Session, town: Town
) -> None:
    cart = Cart(user_id=town.customer.id, channel=ChannelName.MARKETPLACE, status=CartStatus.ACTIVE)
    session.add(cart)
    session.flush()
    session.add(CartItem(cart_id=cart.id, product_id=town.item.id, quantity=1, unit_price=town.item.price))
    session.commit()
    form = {"cart_id": cart.id, "fulfillment_type": "PICKUP", "branch_id": town.branch.id}
    make_slot(session, town.branch)

    preview = customer("POST", "/checkout/preview", json=form)
    confirm = customer(
        "POST", "/checkout/confirm", json={**form, "payment_token_id": 1}, headers={"Idempotency-Key": "fence"}
    )

    assert (preview.status_code, confirm.status_code) == (404, 404)
    assert cart.status is CartStatus.ACTIVE


# What the staff see


def test_the_staffs_queue_holds_the_branchs_orders_alone(staff: Ask, town: Town) -> None:
    body = staff("GET", "/ops/orders").json

    assert [order["id"] for order in body["data"]] == [town.order.id]
    assert body["meta"]["total"] == 1
    assert staff("GET", f"/ops/orders?branch_id={town.shop.id}").json["data"] == []


ON_A_STAFF_ORDER = (
    ("GET", "/ops/orders/{order}", {}),
    ("POST", "/ops/orders/{order}/claim", {}),
    ("DELETE", "/ops/orders/{order}/claim", {}),
    ("PATCH", "/ops/orders/{order}/items/{line}/picked-status", {"picked_status": "PICKED"}),
    ("POST", "/ops/orders/{order}/items/{line}/report-damage", {"quantity": 1, "reason": "broken"}),
    ("PATCH", "/ops/orders/{order}/status", {"status": "IN_PROGRESS"}),
    ("PUT", "/ops/orders/{order}/driver", {"driver_id": 1}),
    ("POST", "/ops/orders/{order}/out-for-delivery", {}),
    ("POST", "/ops/orders/{order}/delivered", {"received_by": "Noa Levi"}),
    ("POST", "/ops/orders/{order}/delivery-failed", {"reason": "nobody home"}),
    ("POST", "/ops/batches", {"order_ids": ["{order}"]}),
)


@pytest.mark.parametrize(("method", "path", "body"), ON_A_STAFF_ORDER)
def test_no_hand_of_the_staff_reaches_a_shops_order(
    staff: Ask, session: Session, town: Town, method: str, path: str, body: dict[str, Any]
) -> None:
    town.shop_order.status, town.shop_order.delivered_at = OrderStatus.PENDING, None
    session.commit()
    if "order_ids" in body:
        body = {"order_ids": [town.shop_order.id]}
    before = state_of(session)

    answer = staff(method, at(town, session, path), json=body or None)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")
    assert state_of(session) == before


def test_no_manager_cancels_a_shops_order(admin: Ask, session: Session, town: Town) -> None:
    before = state_of(session)

    answer = admin("POST", f"/ops/orders/{town.shop_order.id}/cancel", json={"reason": "no stock"})

    assert answer.status_code == 404
    assert state_of(session) == before


def test_performance_counts_the_branchs_orders_and_lines(staff: Ask) -> None:
    shown = staff("GET", "/ops/performance").json["data"]

    assert (shown["totalOrders"], shown["totalItems"]) == (1, 1)


@pytest.mark.parametrize("path", ["/admin/inventory", "/ops/low-stock", "/ops/stock-requests", "/ops/transfers"])
def test_the_lists_of_stock_leave_the_shops_shelf_out(staff: Ask, session: Session, town: Town, path: str) -> None:
    session.execute(text("UPDATE inventory SET reorder_point = 10"))
    session.commit()

    body = staff("GET", path).get_data(as_text=True)

    assert town.item.sku not in body
    assert f'"branch_id":{town.shop.id}' not in body.replace(" ", "")


def test_alerts_are_silent_about_a_shop(staff: Ask, session: Session, town: Town) -> None:
    session.execute(text("UPDATE inventory SET reorder_point = 10, needs_recount = true"))
    session.commit()

    ids = {alert["id"] for alert in staff("GET", "/ops/alerts").json["data"]}

    assert f"low-stock-{town.branch.id}" in ids
    assert not any(alert.endswith(f"-{town.shop.id}") for alert in ids)


def test_no_stock_of_a_shop_is_asked_for_recounted_or_moved(staff: Ask, session: Session, town: Town) -> None:
    place = {"branch_id": town.shop.id, "product_id": town.item.id}
    lines = [{"product_id": town.item.id, "quantity": 1}]
    before = state_of(session)

    refused = [
        staff("POST", "/stock-requests", json={**place, "request_type": "ADD_QUANTITY", "quantity": 5}),
        staff("POST", "/ops/recounts", json={**place, "counted_quantity": 5}),
        staff(
            "POST",
            "/ops/transfers",
            json={"from_branch_id": town.shop.id, "to_branch_id": town.branch.id, "lines": lines},
        ),
        staff(
            "POST",
            "/ops/transfers",
            json={"from_branch_id": town.branch.id, "to_branch_id": town.shop.id, "lines": lines},
        ),
    ]

    assert [answer.status_code for answer in refused] == [404] * 4
    assert state_of(session) == before


def test_movements_of_a_shop_are_not_shown(staff: Ask, town: Town) -> None:
    path = f"/ops/stock-movements?branch_id={town.shop.id}&product_id={town.item.id}"

    assert staff("GET", path).json["data"]["items"] == []


# What managers and admins see and change


def test_reports_count_what_the_supermarket_sold(admin: Ask, session: Session, town: Town) -> None:
    session.execute(text("UPDATE order_items SET picked_status = 'PICKED', picked_quantity = quantity"))
    session.commit()

    def sums(name: str, key: str) -> float:
        return sum(row[key] or 0 for row in admin("GET", f"/admin/analytics/reports/{name}").json["data"]["rows"])

    assert (sums("revenue", "revenue"), sums("revenue", "orders")) == (10, 1)
    assert (sums("orders", "placed"), sums("orders", "delivered")) == (1, 1)
    assert (sums("basket-size", "orders"), sums("basket-size", "average_total")) == (1, 10)
    assert (sums("fulfilment-rate", "delivered_orders"), sums("fulfilment-rate", "ordered_pieces")) == (1, 1)
    assert sum(admin("GET", "/admin/analytics/revenue?range=7d").json["data"]["values"]) == 10
    products = admin("GET", "/admin/analytics/reports/top-products").json["data"]["rows"]
    assert [row["product_id"] for row in products] == [town.product.id]


def test_reports_of_a_shops_place_are_empty(admin: Ask, town: Town) -> None:
    for name, key in (("revenue", "revenue"), ("orders", "placed"), ("fulfilment-rate", "delivered_orders")):
        shown = admin("GET", f"/admin/analytics/reports/{name}?branch_id={town.shop.id}").json["data"]

        assert sum(row[key] or 0 for row in shown["rows"]) == 0


def test_the_lists_of_managers_leave_shops_and_items_out(admin: Ask, town: Town) -> None:
    assert [branch["id"] for branch in admin("GET", "/admin/branches").json["data"]] == [town.branch.id]
    assert [branch["id"] for branch in admin("GET", "/ops/map").json["data"]["branches"]] == [town.branch.id]
    assert [product["id"] for product in admin("GET", "/admin/products").json["data"]] == [town.product.id]


CHANGES_OF_MANAGERS = (
    ("PATCH", "/admin/branches/{shop}", {"name": "Ours now"}, 404),
    ("PATCH", "/admin/branches/{shop}/toggle?active=false", None, 404),
    ("GET", "/admin/products/{item}", None, 404),
    ("PATCH", "/admin/products/{item}", {"price": 1}, 404),
    ("PATCH", "/admin/products/{item}/toggle?active=false", None, 404),
    ("PUT", "/admin/products/{item}/images", {"images": []}, 404),
    ("PUT", "/admin/products/{item}/sale", {"sale_price": 1, "ends_at": "2099-01-01T00:00:00Z"}, 404),
    ("DELETE", "/admin/products/{item}/sale", None, 404),
    ("PATCH", "/admin/inventory/{shelf}", {"available_quantity": 1, "reserved_quantity": 0}, 404),
)


@pytest.mark.parametrize(("method", "path", "body", "status"), CHANGES_OF_MANAGERS)
def test_managers_find_nothing_of_a_shop_to_change(
    admin: Ask, session: Session, town: Town, method: str, path: str, body: Any, status: int
) -> None:
    before = state_of(session)

    answer = admin(method, at(town, session, path), json=body)

    assert answer.status_code == status, answer.json
    assert state_of(session) == before


def test_no_stock_and_no_window_is_opened_at_a_shop(admin: Ask, session: Session, town: Town) -> None:
    before = state_of(session)
    stock = {"branch_id": town.shop.id, "product_id": town.product.id, "available_quantity": 1}
    other = {"branch_id": town.branch.id, "product_id": town.item.id, "available_quantity": 1}
    window = {"branch_id": town.shop.id, "day_of_week": 1, "start_time": "08:00", "end_time": "10:00", "capacity": 1}

    refused = [
        admin("POST", "/admin/inventory", json=stock),
        admin("POST", "/admin/inventory", json=other),
        admin("POST", "/admin/delivery-slots", json=window),
    ]

    assert [answer.status_code for answer in refused] == [404] * 3
    assert state_of(session) == before


def test_nobody_is_sent_to_work_at_a_shop(admin: Ask, session: Session, town: Town) -> None:
    colleague = make_employee(session, town.branch)
    before = state_of(session)

    works = admin("PATCH", f"/admin/users/{colleague.id}", json={"branch_ids": [town.shop.id]})
    defaults = admin("PATCH", f"/admin/users/{colleague.id}", json={"default_branch_id": town.shop.id})

    assert [works.json["error"]["code"], defaults.json["error"]["code"]] == ["NOT_A_BRANCH"] * 2
    assert state_of(session) == before
