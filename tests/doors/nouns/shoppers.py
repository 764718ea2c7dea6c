"""What belongs to one person: addresses, cards, carts, orders of the shop, walks with a trolley."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from app.domain.enums import OrderStatus, PaymentProvider, Role
from app.models import (
    Address,
    AuthSession,
    Cart,
    CartItem,
    ChecklistItem,
    Notification,
    Order,
    OrderItem,
    PaymentToken,
    Review,
    StockLocation,
    TopUp,
    User,
    WishlistItem,
)
from tests import factories
from tests.doors.world import Rows, World, noun, of_all, of_users


def delete(world: World, model: type[Any], row_id: int) -> None:
    """Remove a row for good."""
    world.session.delete(world.session.get_one(model, row_id))
    world.session.commit()


@noun("address")
def _addresses(world: World) -> Rows:
    def make(user: User) -> int:
        values = {"address_line": "5 Herzl Street", "city": "Haifa", "postal_code": "31000", "country": "Israel"}
        return int(world.add(Address(user_id=user.id, **values)).id)

    return of_users(world, make, end=lambda row_id: delete(world, Address, row_id))


@noun("card")
def _cards(world: World) -> Rows:
    def make(user: User) -> int:
        card = {"provider": PaymentProvider.MOCKPAY, "provider_token": f"tok_{uuid4().hex}", "last4": "4242"}
        return int(world.add(PaymentToken(user_id=user.id, **card)).id)

    def end(row_id: int) -> None:
        world.session.get_one(PaymentToken, row_id).is_active = False
        world.session.commit()

    return of_users(world, make, end=end)


@noun("session")
def _sessions(world: World) -> Rows:
    def end(row_id: int) -> None:
        world.session.get_one(AuthSession, row_id).revoked_at = datetime.now(UTC)
        world.session.commit()

    return of_users(world, lambda user: world.add(AuthSession(user_id=user.id)).id, end=end)


@noun("notification")
def _notifications(world: World) -> Rows:
    def make(user: User) -> int:
        return int(world.add(Notification(user_id=user.id, kind="order", title="Your order", body="It comes.")).id)

    return of_users(world, make, end=lambda row_id: delete(world, Notification, row_id))


@noun("wished product")
def _wished(world: World) -> Rows:
    def make(user: User) -> int:
        product = factories.make_product(world.session)
        world.add(WishlistItem(user_id=user.id, product_id=product.id))
        return product.id

    return of_users(world, make)


@noun("reviewed product")
def _reviewed(world: World) -> Rows:
    def make(user: User) -> int:
        product = factories.make_product(world.session)
        world.add(Review(product_id=product.id, user_id=user.id, rating=4))
        return product.id

    return of_users(world, make)


@noun("listed product")
def _listed(world: World) -> Rows:
    def make(user: User) -> int:
        product = factories.make_product(world.session)
        world.add(ChecklistItem(user_id=user.id, product_id=product.id, quantity=1))
        return product.id

    return of_users(world, make, Role.CUSTOMER)


@noun("cart line")
def _cart_lines(world: World) -> Rows:
    def make(user: User) -> int:
        cart = world.session.scalar(select(Cart).where(Cart.user_id == user.id, Cart.status == "ACTIVE"))
        cart = cart or world.add(Cart(user_id=user.id))
        product = factories.make_product(world.session, stock={world.home: 50})
        return int(world.add(CartItem(cart_id=cart.id, product_id=product.id, quantity=1, unit_price=10)).id)

    return of_users(world, make, end=lambda row_id: delete(world, CartItem, row_id))


@noun("cart")
def _carts(world: World) -> Rows:
    """The carts that hold the lines above; one that was checked out is over."""
    carts = {role: world.session.get_one(CartItem, line).cart_id for role, line in world.rows["cart line"].own.items()}
    foreign = world.session.get_one(CartItem, world.rows["cart line"].foreign[Role.CUSTOMER]["another user's"]).cart_id
    return Rows(carts, {role: {"another user's": foreign} for role in carts})


def _order(world: World, user: User, status: OrderStatus = OrderStatus.CREATED) -> Order:
    return factories.make_order(world.session, user, world.goods[0], stock_location_id=world.home.id, status=status)


@noun("shopper's order")
def _orders(world: World) -> Rows:
    return of_users(world, lambda user: _order(world, user).id)


def lines_of(world: World, order_id: int) -> list[OrderItem]:
    return list(world.session.scalars(select(OrderItem).where(OrderItem.order_id == order_id)))


@noun("order with a substitute")
def _replaced_orders(world: World) -> Rows:
    def make(user: User) -> int:
        order = _order(world, user, OrderStatus.IN_PROGRESS)
        factories.make_substitution(world.session, lines_of(world, order.id)[0], world.goods[1])
        return order.id

    return of_users(world, make)


@noun("line with a substitute")
def _replaced_lines(world: World) -> Rows:
    def line(order_id: int) -> int:
        return lines_of(world, order_id)[0].id

    orders = world.rows["order with a substitute"]
    own = {role: line(order_id) for role, order_id in orders.own.items()}
    foreign = {role: {"another user's": line(orders.foreign[role]["another user's"])} for role in own}
    for role, words in foreign.items():
        words["another order's"] = line(world.rows["shopper's order"].own[role])
    return Rows(own, foreign)


@noun("walk")
def _walks(world: World) -> Rows:
    """Baskets of shoppers who walk with a trolley."""
    mine, theirs = (start_walk(world, some[Role.CUSTOMER], world.home) for some in (world.people, world.strangers))
    return Rows({Role.CUSTOMER: mine}, {Role.CUSTOMER: {"another user's": theirs}})


def start_walk(world: World, user: User, branch: StockLocation) -> int:
    """The basket of a shopper with a trolley that says where it is, and one product in it."""
    trolley = factories.make_trolley(world.session, branch)
    place = {"floor": 0, "x_cm": 25, "y_cm": 25, "located_at": datetime.now(UTC)}
    factories.make_device(world.session, trolley, **place)
    opened = factories.make_cart_session(world.session, trolley, user)
    world.call(user, "POST", "/cart/item/add", {"product_id": world.goods[0].id})
    return opened.cart_id


@noun("walk in sight")
def _seen_walks(world: World) -> Rows:
    """Where a trolley is can be seen by its shopper and by the staff of its branch."""
    walk = world.rows["walk"]
    mine, theirs = walk.own[Role.CUSTOMER], walk.foreign[Role.CUSTOMER]["another user's"]
    elsewhere = start_walk(world, factories.make_consumer(world.session), world.elsewhere)
    own = dict.fromkeys((Role.CUSTOMER, Role.EMPLOYEE, Role.MANAGER, Role.ADMIN), mine)
    strange = {Role.CUSTOMER: {"another user's": theirs}, Role.EMPLOYEE: {"another branch's": elsewhere}}
    return Rows(own, strange | {Role.VENDOR: {"another user's": theirs}})


@noun("guest cart")
def _guest_carts(world: World) -> Rows:
    made = world.app.test_client().post("/api/v1/cart/guest").json["data"]
    return of_all(made["cart_token"], missing="x" * 43)


@noun("item in the cart")
def _lines_at_a_shop(world: World) -> Rows:
    def make(user: User, item: int) -> int:
        world.call(user, "POST", "/consumer/cart/add", {"item_id": world.items[item].id, "quantity": 1})
        return world.items[item].id

    mine, theirs = (make(some[Role.CUSTOMER], n) for n, some in enumerate((world.people, world.strangers)))
    return Rows({Role.CUSTOMER: mine}, {Role.CUSTOMER: {"in another user's": theirs}})


@noun("top-up")
def _top_ups(world: World) -> Rows:
    def make(user: User) -> int:
        values = {"user_id": user.id, "request_hash": "x", "amount": 10, "currency": "ILS", "note": "Top-up"}
        keys = {"reference": uuid4().hex, "authorize_key": uuid4(), "capture_key": uuid4()}
        due = datetime.now(UTC)
        return int(world.add(TopUp(provider=PaymentProvider.MOCKPAY, next_at=due, **values, **keys)).id)

    return of_users(world, make, Role.CUSTOMER)
