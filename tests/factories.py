"""Rows for tests: each function makes one valid row, with whatever matters to the test as an argument."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.domain.caller import Caller, Origin
from app.domain.enums import (
    CartStatus,
    ChannelName,
    DiscountKind,
    FulfillmentType,
    LocationKind,
    MovementKind,
    OrderStatus,
    PaymentMethod,
    PaymentProvider,
    PickedStatus,
    Role,
    SoldBy,
    SubstitutionStatus,
    TrolleyState,
)
from app.domain.order_states import PACKED
from app.domain.pricing import piece_price, tax_included
from app.domain.search_text import normalise
from app.domain.shop_order_states import HANDED_OVER
from app.models import (
    AuthSession,
    Cart,
    CartSession,
    Category,
    Coupon,
    DeliverySlot,
    Device,
    FoodType,
    Inventory,
    Order,
    OrderDiscount,
    OrderItem,
    OutboxEvent,
    Payment,
    PickBatch,
    Product,
    ProductFoodType,
    Recipe,
    RecipeProduct,
    Shop,
    ShopItem,
    ShopperDiet,
    StockLocation,
    StockMovement,
    Substitution,
    Trolley,
    User,
    UserBranch,
)
from app.services import passwords, tokens

PASSWORD = "sunny-day-7"
_numbers = itertools.count(1)


def make_user(session: Session, *, role: Role = Role.CUSTOMER, password: str | None = None, **columns: Any) -> User:
    """A user; signing in with a password needs `password=PASSWORD` (hashing takes time, so it is off by default)."""
    number = next(_numbers)
    values = {"email": f"user{number}@example.com", "full_name": "Dana Levi", "role": role, "is_active": True}
    user = User(**{**values, **columns})
    user.password_hash = passwords.hash_password(password) if password else None
    return _added(session, user)


def make_employee(session: Session, *branches: StockLocation, **columns: Any) -> User:
    """An EMPLOYEE who works at the given branches, and sees nothing of any other."""
    user = make_user(session, role=Role.EMPLOYEE, **columns)
    for branch in branches:
        _added(session, UserBranch(user_id=user.id, stock_location_id=branch.id))
    return user


def sign_in(session: Session, user: User) -> dict[str, str]:
    """Headers that make a request in the user's name."""
    issued = tokens.open_session(session, user_id=user.id, role=user.role, origin=Origin())
    _show(session)
    return {"Authorization": f"Bearer {issued.access_token}"}


def caller_of(session: Session, user: User) -> Caller:
    """The user as services see them."""
    opened = _added(session, AuthSession(user_id=user.id))
    return Caller(user_id=user.id, role=user.role, session_id=opened.id, origin=Origin(request_id="test"))


def make_location(session: Session, *, kind: LocationKind = LocationKind.STORE, **columns: Any) -> StockLocation:
    number = next(_numbers)
    values = {"name": f"Branch {number}", "address": f"{number} Market Street", "is_active": True}
    return _added(session, StockLocation(kind=kind, **{**values, **columns}))


def make_warehouse(session: Session, **columns: Any) -> StockLocation:
    """The delivery source: the oldest active warehouse, unless a setting names another."""
    return make_location(session, kind=LocationKind.WAREHOUSE, **columns)


def make_category(session: Session, **columns: Any) -> Category:
    values = {"name": f"Category {next(_numbers)}", "is_active": True}
    return _added(session, Category(**{**values, **columns}))


def make_product(session: Session, *, stock: Mapping[StockLocation, int] | None = None, **columns: Any) -> Product:
    """An active product at 10.00 in a category of its own, with stock where given."""
    number = next(_numbers)
    values: dict[str, Any] = {"name": f"Product {number}", "sku": f"SKU-{number}", "price": Decimal("10.00")}
    values |= {"is_active": True, "tax_rate": Decimal("18.00"), **columns}
    values.setdefault("search_name", normalise(values["name"]))
    if "category_id" not in values:
        values["category_id"] = make_category(session).id
    product = _added(session, Product(**values))
    for location, quantity in (stock or {}).items():
        make_stock(session, product, location, quantity)
    return product


def make_stock(session: Session, product: Product, location: StockLocation, quantity: int) -> Inventory:
    """Stock of a product at a location, with the movement that explains it."""
    row = _added(
        session,
        Inventory(
            stock_location_id=location.id, product_id=product.id, available_quantity=quantity, reserved_quantity=0
        ),
    )
    _added(
        session,
        StockMovement(
            stock_location_id=location.id,
            product_id=product.id,
            kind=MovementKind.OPENING,
            available_change=quantity,
            reserved_change=0,
            source_type="inventory",
            source_id=row.id,
        ),
    )
    return row


def make_slot(session: Session, location: StockLocation, **columns: Any) -> DeliverySlot:
    """A weekly window on Sundays 08:00-10:00 for 50 orders, closing two hours before."""
    values = {"day_of_week": 0, "start_time": time(8), "end_time": time(10), "capacity": 50, "cutoff_minutes": 120}
    return _added(session, DeliverySlot(stock_location_id=location.id, is_active=True, **{**values, **columns}))


def make_consumer(session: Session, **columns: Any) -> User:
    """A consumer who signed in by phone and lives in Rose Garden, Pune."""
    number = next(_numbers)
    values = {"email": None, "phone": f"+9198{number:08d}", "phone_verified_at": datetime.now(UTC)}
    values |= {"city": "Pune", "society": "Rose Garden", "onboarded_at": datetime.now(UTC)}
    return make_user(session, **{"role": Role.CUSTOMER, **values, **columns})


def make_vendor(session: Session, **columns: Any) -> User:
    """A vendor who signed in by phone; `make_shop` gives them a shop."""
    return make_consumer(session, role=Role.VENDOR, **columns)


def make_shop(session: Session, vendor: User | None = None, **columns: Any) -> Shop:
    """An open shop in the vendor's society; `name`, `address` and `is_active` are its stock location's."""
    vendor = vendor or make_vendor(session)
    location = {name: columns.pop(name) for name in ("name", "address", "is_active") if name in columns}
    place = make_location(session, kind=LocationKind.SHOP, **location)
    values = {"city": vendor.city, "society": vendor.society, "phone": vendor.phone, "shop_type": "grocery"}
    return _added(session, Shop(id=place.id, owner_id=vendor.id, **{**values, **columns}))


ITEM_COLUMNS = ("category", "tags", "pack_size", "discount", "expiry_date", "is_available")


def make_item(session: Session, shop: Shop, *, stock: int = 100, **columns: Any) -> Product:
    """An available item of a shop at 10.00; the columns of `shop_items` may be given among those of the product."""
    extra = {name: columns.pop(name) for name in ITEM_COLUMNS if name in columns}
    values = {"shop_id": shop.id, "category_id": None, "tax_rate": Decimal(0), "unit": "pcs", **columns}
    product = make_product(session, **values)
    _added(session, ShopItem(product_id=product.id, **extra))
    make_stock(session, product, session.get_one(StockLocation, shop.id), stock)
    return product


def make_shop_order(
    session: Session, consumer: User, shop: Shop, *items: Product, quantity: int = 1, **columns: Any
) -> Order:
    """An order of `quantity` of each item of a shop, by cash and pending unless given; stock and money stay as is."""
    values = {"payment_method": PaymentMethod.CASH, "status": OrderStatus.PENDING, **columns}
    if values["status"] in HANDED_OVER:
        values.setdefault("delivered_at", datetime.now(UTC))
    values |= {"channel": ChannelName.MARKETPLACE, "stock_location_id": shop.id, "paid": False}
    return make_order(session, consumer, *(items or (make_item(session, shop),)), quantity=quantity, **values)


def make_trolley(session: Session, branch: StockLocation, **columns: Any) -> Trolley:
    """An idle trolley of a branch."""
    return _added(session, Trolley(stock_location_id=branch.id, **{"label": f"T-{next(_numbers)}", **columns}))


def make_device(session: Session, trolley: Trolley, **columns: Any) -> Device:
    """The claimed device of a trolley, with key number 1."""
    number = next(_numbers)
    values: dict[str, Any] = {"device_id": f"{number:08x}", "serial": f"sn-{number}", "base_kid": 1, "kid": 1}
    values |= {"claimed_at": datetime.now(UTC), "stock_location_id": trolley.stock_location_id}
    return _added(session, Device(trolley_id=trolley.id, **{**values, **columns}))


def make_cart(session: Session) -> int:
    """The id of a new basket of channel IN_STORE of a new shopper."""
    cart: Cart = _added(
        session, Cart(user_id=make_user(session).id, channel=ChannelName.IN_STORE, status=CartStatus.ACTIVE)
    )
    return cart.id


def make_cart_session(session: Session, trolley: Trolley, user: User, **columns: Any) -> CartSession:
    """An open session of a shopper and a trolley, with an empty basket."""
    cart = _added(session, Cart(user_id=user.id, channel=ChannelName.IN_STORE, status=CartStatus.ACTIVE))
    trolley.state = TrolleyState.SHOPPING
    values = {"baseline_grams": trolley.tare_grams, "stock_location_id": trolley.stock_location_id, **columns}
    opened = CartSession(trolley_id=trolley.id, cart_id=cart.id, user_id=user.id, **values)
    return _added(session, opened)


def _added(session: Session, row: Any) -> Any:
    """Add it so that the application sees it."""
    session.add(row)
    _show(session)
    return row


def _show(session: Session) -> None:
    """Commit, unless the application uses the same connection and so sees it, as in tests that are rolled back."""
    if isinstance(session.get_bind(), Connection):
        session.flush()
    else:
        session.commit()


def make_order(
    session: Session, user: User, *products: Product, quantity: int = 1, paid: bool = True, **columns: Any
) -> Order:
    """An order of `quantity` of each product at its price, by delivery, confirmed; `paid`: with a held payment."""
    number = next(_numbers)
    products = products or (make_product(session),)
    cart = _added(session, Cart(user_id=user.id, status=CartStatus.CHECKED_OUT))
    lines = [_order_line(product, quantity) for product in products]
    items = sum((line.line_total for line in lines), Decimal("0.00"))
    deposits = sum((line.unit_deposit * quantity for line in lines), Decimal("0.00"))
    values: dict[str, Any] = {
        "order_number": f"ORD-1700000000-{number:06X}",
        "channel": ChannelName.DELIVERY_OR_PICKUP,
        "status": OrderStatus.CREATED,
        "fulfillment_type": FulfillmentType.DELIVERY,
        "currency": "ILS",
        "delivery_fee": Decimal("0.00"),
        "discount_total": Decimal("0.00"),
        "address": "5 Herzl Street, Haifa",
        **columns,
    }
    if "stock_location_id" not in values:
        values["stock_location_id"] = make_warehouse(session).id
    if values["status"] is OrderStatus.CANCELED:
        values.setdefault("canceled_at", datetime.now(UTC))
    if values["status"] is OrderStatus.DELIVERED:
        values.setdefault("delivered_at", datetime.now(UTC))
    if values["status"] is OrderStatus.DELAYED:
        values.setdefault("delayed_from", OrderStatus.CREATED)
    fee_tax = tax_included(values["delivery_fee"], values.get("delivery_tax_rate", Decimal(0)))
    values["tax_total"] = sum((line.tax_amount for line in lines), fee_tax)
    total = items + deposits + values["delivery_fee"] - values["discount_total"]
    packed = values["channel"] is not ChannelName.MARKETPLACE and values["status"] in PACKED
    if packed:
        values.setdefault("ready_at", datetime.now(UTC))
        values |= {"final_items_total": items, "final_deposit_total": deposits, "final_reduction": Decimal("0.00")}
        values |= {"final_discount_total": values["discount_total"], "final_total": total}
        values["final_tax_total"] = values["tax_total"]
    order = _added(
        session,
        Order(
            user_id=user.id,
            cart_id=cart.id,
            items_total=items,
            deposit_total=deposits,
            total_amount=total,
            **values,
        ),
    )
    for line in lines:
        line.order_id = order.id
        if packed:
            line.picked_status, line.picked_quantity = PickedStatus.PICKED, line.quantity
            line.final_total, line.final_tax_amount = line.line_total, line.tax_amount
    session.add_all(lines)
    if paid and total > 0:
        session.add(_held_payment(order))
    _show(session)
    return order


def _order_line(product: Product, quantity: int) -> OrderItem:
    unit_price = piece_price(product.price, product.sold_by or SoldBy.PIECE, product.estimated_weight_grams)
    by_weight = product.sold_by is SoldBy.WEIGHT
    return OrderItem(
        product_id=product.id,
        name=product.name,
        sku=product.sku,
        unit=product.unit or "each",
        image_url=(product.image_urls or [None])[0],
        sold_by=product.sold_by or SoldBy.PIECE,
        price_per_kg=product.price if by_weight else None,
        estimated_weight_grams=product.estimated_weight_grams,
        unit_price=unit_price,
        quantity=quantity,
        line_total=unit_price * quantity,
        unit_deposit=product.deposit or Decimal("0.00"),
        tax_rate=product.tax_rate,
        tax_amount=tax_included(unit_price * quantity, product.tax_rate),
    )


def _held_payment(order: Order) -> Payment:
    return Payment(
        order_id=order.id,
        payment_token_id=1,
        provider=PaymentProvider.MOCKPAY,
        reference=f"MOCKPAY-1-{order.id:08x}",
        currency=order.currency,
        requested_amount=order.total_amount,
        authorized_amount=order.total_amount,
    )


def make_event(session: Session, topic: str, **payload: Any) -> OutboxEvent:
    """An outbox event, due now."""
    return _added(session, OutboxEvent(topic=topic, aggregate="test:1", payload=payload))


def make_substitution(session: Session, item: OrderItem, product: Product, **columns: Any) -> Substitution:
    """A product proposed for a line, piece for piece, never above the line's price; the line is then REPLACED."""
    quantity = columns.get("quantity", item.quantity)
    values: dict[str, Any] = {
        "name": product.name,
        "sku": product.sku,
        "unit": product.unit or "each",
        "sold_by": product.sold_by or SoldBy.PIECE,
        "unit_price": product.price,
        "quantity": quantity,
        "line_total": min(product.price * quantity, item.line_total),
        "unit_deposit": product.deposit or Decimal("0.00"),
        "tax_rate": product.tax_rate,
        "held_quantity": 0,
        "status": SubstitutionStatus.PROPOSED,
        "proposed_by": 1,
        **columns,
    }
    item.picked_status, item.picked_quantity = PickedStatus.REPLACED, None
    made = Substitution(order_id=item.order_id, order_item_id=item.id, product_id=product.id, **values)
    return _added(session, made)


def make_coupon(session: Session, **columns: Any) -> Coupon:
    """A switched-on coupon for 10 % off, without limits."""
    values: dict[str, Any] = {"kind": DiscountKind.PERCENT, "value": Decimal("10.00"), "is_active": True}
    values |= {"code": f"COUPON-{next(_numbers)}", "description": "A present", **columns}
    return _added(session, Coupon(**values))


def put_on_sale(session: Session, product: Product, sale_price: str, **period: datetime) -> Product:
    """A sale of the product from yesterday to tomorrow, unless `starts` and `ends` say otherwise."""
    now = datetime.now(UTC)
    product.sale_price = Decimal(sale_price)
    product.sale_starts_at = period.get("starts", now - timedelta(days=1))
    product.sale_ends_at = period.get("ends", now + timedelta(days=1))
    return _added(session, product)


def make_discount(session: Session, order: Order, **columns: Any) -> OrderDiscount:
    """A discount of an order by a coupon of its own, 1.00 off unless said otherwise; the totals are left alone."""
    values: dict[str, Any] = {"kind": DiscountKind.AMOUNT, "value": Decimal("1.00"), "amount": Decimal("1.00")}
    values |= {"code": f"CODE{next(_numbers)}", "description": "A little off", **columns}
    rule = {name: values[name] for name in ("description", "kind", "value")}
    coupon = _added(session, Coupon(code=f"COUPON{next(_numbers)}", **rule))
    return _added(session, OrderDiscount(order_id=order.id, coupon_id=coupon.id, **values))


def make_batch(session: Session, picker: User, *orders: Order, **columns: Any) -> PickBatch:
    """An open batch of orders that the picker has claimed."""
    made = _added(session, PickBatch(stock_location_id=orders[0].stock_location_id, created_by=picker.id, **columns))
    for order in orders:
        order.batch_id, order.picker_id, order.status = made.id, picker.id, OrderStatus.IN_PROGRESS
    _show(session)
    return made


def make_food_type(session: Session, *products: Product, **columns: Any) -> FoodType:
    """A way to eat, which the given products fit."""
    food_type = _added(session, FoodType(**{"name": f"Way to eat {next(_numbers)}", **columns}))
    for product in products:
        _added(session, ProductFoodType(product_id=product.id, food_type_id=food_type.id))
    return food_type


def make_diet(session: Session, user: User, *allergies: str, food_type: FoodType | None = None) -> ShopperDiet:
    values = {"food_type_id": food_type.id if food_type else None, "allergies": list(allergies)}
    return _added(session, ShopperDiet(user_id=user.id, **values))


def make_recipe(session: Session, *products: Product, quantity: int = 1, **columns: Any) -> Recipe:
    """A recipe that needs `quantity` of each product."""
    recipe = _added(session, Recipe(**{"name": f"Recipe {next(_numbers)}", **columns}))
    for product in products:
        _added(session, RecipeProduct(recipe_id=recipe.id, product_id=product.id, quantity=quantity))
    return recipe
