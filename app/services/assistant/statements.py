"""The assistant's statements: all of them of the user of the parameter `user_id`, none longer than MOST rows."""

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Numeric,
    Select,
    SmallInteger,
    String,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.domain.enums import CartStatus, ChannelName
from app.models import (
    Cart,
    CartItem,
    Inventory,
    Order,
    OrderMessage,
    Product,
    Shop,
    ShopHours,
    ShopItem,
    StockLocation,
    User,
)
from app.services.catalog import prices
from app.services.shops.opening import may_sell, open_now, serves

MOST = 10


def _near() -> Select[*tuple[Any, ...]]:
    """The shops that serve the user of the parameter `user_id` and may sell."""
    return (
        select(Shop.id)
        .select_from(User)
        .join(Shop, serves(User))
        .join(StockLocation, StockLocation.id == Shop.id)
        .where(User.id == bindparam("user_id", type_=BigInteger), may_sell())
    )


@cache
def items(by_words: bool, only_offers: bool, _require_verified: bool) -> Select[*tuple[Any, ...]]:
    """What those shops have in stock, up to `max_price`, with the words `wanted` where by words; built once a shape."""
    # Asked once a shop: beside the items, the questions of open_now would be asked for each of them.
    near = _near().add_columns(StockLocation.name, open_now().label("is_open")).cte("near").prefix_with("MATERIALIZED")
    matching = Product.search_vector.bool_op("@@")(func.to_tsquery("simple", bindparam("wanted", type_=String)))
    conditions: tuple[ColumnElement[bool], ...] = (
        and_(Product.is_active, ShopItem.is_available, Inventory.available_quantity > 0),
        bindparam("max_price", type_=Numeric(12, 2)) >= prices.PRICE,
        matching if by_words else true(),
        prices.OLD_PRICE > prices.PRICE if only_offers else true(),
    )
    return (
        select(
            Product.name,
            prices.PRICE.label("price"),
            prices.OLD_PRICE,
            Product.unit,
            near.c.name.label("shop"),
            near.c.is_open,
        )
        .select_from(near)
        .join(Product, Product.shop_id == near.c.id)
        .join(ShopItem, ShopItem.product_id == Product.id)
        .join(Inventory, and_(Inventory.product_id == Product.id, Inventory.stock_location_id == near.c.id))
        .where(*conditions)
        .order_by(near.c.is_open.desc(), prices.PRICE, Product.id)
        .limit(MOST)
    )


@cache
def shops(_require_verified: bool) -> Select[*tuple[Any, ...]]:
    """Those shops, whose names hold all of `patterns`."""
    is_open = open_now().label("is_open")
    hours = aliased(ShopHours)  # `open_now` looks at the table under its own name
    today = and_(hours.shop_id == Shop.id, hours.day_of_week == bindparam("local_weekday", type_=SmallInteger))
    named = func.lower(StockLocation.name).like(func.all(bindparam("patterns", type_=ARRAY(Text))))
    return (
        _near()
        .with_only_columns(
            StockLocation.name,
            is_open,
            hours.open_time,
            hours.close_time,
            Shop.delivers,
            Shop.minimum_order,
            maintain_column_froms=True,
        )
        .outerjoin(hours, today)
        .where(named)
        .order_by(is_open.desc(), StockLocation.name, Shop.id)
        .limit(MOST)
    )


CART = (
    select(
        Product.name,
        CartItem.quantity,
        prices.PRICE.label("price"),
        StockLocation.name.label("shop"),
        func.sum(CartItem.quantity * prices.PRICE).over().label("total"),
        func.count().over().label("line_count"),
    )
    .select_from(Cart)
    .join(CartItem, CartItem.cart_id == Cart.id)
    .join(Product, Product.id == CartItem.product_id)
    .join(StockLocation, StockLocation.id == Product.shop_id)
    .where(
        Cart.user_id == bindparam("user_id"),
        Cart.channel == ChannelName.MARKETPLACE,
        Cart.status == CartStatus.ACTIVE,
    )
    .order_by(CartItem.id)
    .limit(MOST)
)

ORDERS = (
    select(
        Order.id,
        Order.status,
        func.coalesce(Order.final_total, Order.total_amount).label("total"),
        StockLocation.name.label("shop"),
        Order.created_at,
    )
    .join(StockLocation, StockLocation.id == Order.stock_location_id)
    .where(
        Order.user_id == bindparam("user_id"),
        Order.channel == ChannelName.MARKETPLACE,
        or_(bindparam("order_id", type_=BigInteger).is_(None), Order.id == bindparam("order_id", type_=BigInteger)),
    )
    .order_by(Order.id.desc())
    .limit(MOST)
)

MESSAGES = (
    select(
        OrderMessage.order_id,
        OrderMessage.sender_user_id,
        OrderMessage.is_automatic,
        OrderMessage.body,
        OrderMessage.created_at,
    )
    .join(Order, Order.id == OrderMessage.order_id)
    .where(Order.user_id == bindparam("user_id"), Order.channel == ChannelName.MARKETPLACE)
    .order_by(OrderMessage.id.desc())
    .limit(MOST)
)
