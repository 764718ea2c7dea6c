"""What belongs to a shop of the marketplace, and to those who order there."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from app.domain.enums import OrderStatus, Role
from app.models import ItemUpload, Order, OrderIssue, OrderReturn, Product, Shop, User
from tests import factories
from tests.doors.world import Rows, World, noun, of_all, of_shops, of_users


def items_of(world: World, shop: Shop) -> list[Product]:
    return world.items if shop.id == world.shop.id else world.other_items


def order_of(world: World, shop: Shop, buyer: User, **columns: Any) -> Order:
    return factories.make_shop_order(world.session, buyer, shop, items_of(world, shop)[0], quantity=3, **columns)


@noun("item")
def _items(world: World) -> Rows:
    def make(shop: Shop) -> int:
        return factories.make_item(world.session, shop).id

    def end(item_id: int) -> None:
        world.call(world.people[Role.VENDOR], "DELETE", f"/vendor/item/{item_id}")

    return of_shops(world, make, end=end)


@noun("upload")
def _uploads(world: World) -> Rows:
    def make(shop: Shop) -> str:
        values = {"shop_id": shop.id, "user_id": shop.owner_id, "file_name": "items.csv", "total": 0, "rows": []}
        return str(world.add(ItemUpload(task_id=uuid4().hex, **values)).task_id)

    return of_shops(world, make, missing="0" * 32)


@noun("order of a shop")
def _shop_orders(world: World) -> Rows:
    """As the vendor has it: every shop's orders come from the same consumer."""
    return of_shops(world, lambda shop: order_of(world, shop, world.people[Role.CUSTOMER]).id)


@noun("returned order of a shop")
def _returned(world: World) -> Rows:
    def make(shop: Shop) -> int:
        order = order_of(world, shop, world.people[Role.CUSTOMER], status=OrderStatus.DELIVERED)
        world.add(OrderReturn(order_id=order.id, reason="broken", requested_by=order.user_id))
        return order.id

    return of_shops(world, make)


@noun("return")
def _returns(world: World) -> Rows:
    """The returns of those orders."""

    def of(order_id: int) -> int:
        return world.session.scalars(select(OrderReturn.id).where(OrderReturn.order_id == order_id)).one()

    orders = world.rows["returned order of a shop"]
    mine, theirs = of(orders.own[Role.VENDOR]), of(orders.foreign[Role.VENDOR]["another shop's"])
    return Rows({Role.VENDOR: mine}, {Role.VENDOR: {"another shop's": theirs}})


@noun("order at a shop")
def _bought(world: World) -> Rows:
    """As the consumer has it: the shop is the same, the people are not."""
    return of_users(world, lambda user: order_of(world, world.shop, user).id, Role.CUSTOMER)


@noun("delivered order at a shop")
def _delivered(world: World) -> Rows:
    def make(user: User) -> int:
        return order_of(world, world.shop, user, status=OrderStatus.DELIVERED).id

    return of_users(world, make, Role.CUSTOMER)


@noun("issue")
def _issues(world: World) -> Rows:
    def make(shop: Shop) -> int:
        buyer = world.people[Role.CUSTOMER]
        order = order_of(world, shop, buyer, status=OrderStatus.DELIVERED)
        return int(world.add(OrderIssue(order_id=order.id, user_id=buyer.id, issue_type="late")).id)

    return of_shops(world, make)


@noun("dispute")
def _disputes(world: World) -> Rows:
    """Issues as an ADMIN has them, who decides about those of every shop."""
    return of_all(world.own("issue", Role.VENDOR))


@noun("shop in sight")
def _shops(world: World) -> Rows:
    """A consumer finds the shops of their society that are open for business; here one that closed for good."""
    closed = factories.make_shop(world.session, is_active=False)
    return of_all(world.shop.id, closed=closed.id)


@noun("shop")
def _managed_shops(world: World) -> Rows:
    return of_all(world.shop.id, **{"of the supermarket": world.home.id})


@noun("payable order")
def _payable(world: World) -> Rows:
    order = order_of(world, world.shop, world.strangers[Role.CUSTOMER], status=OrderStatus.DELIVERED)
    order.delivered_at = datetime.now(UTC)
    world.session.commit()
    return of_all(order.id)


@noun("item in sight")
def _shown_items(world: World) -> Rows:
    """Items of shops a consumer can see; the supermarket's products are none."""
    hidden = factories.make_item(world.session, world.shop, is_active=False)
    return of_all(world.items[0].id, **{"off sale": hidden.id, "the supermarket's": world.goods[0].id})
