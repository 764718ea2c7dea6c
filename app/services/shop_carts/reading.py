"""The basket for a vendor's shop as its consumer sees it, at today's prices, in one statement."""

from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, func, literal_column, select

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.enums import CartStatus, ChannelName
from app.models import Cart, CartItem, Inventory, Product, Shop, ShopItem, StockLocation
from app.models.base import AnyRow
from app.schemas.shop_cart import CartShop, ShopCartAnswer, ShopCartLine
from app.services.catalog import prices
from app.services.shops.opening import open_now, this_moment
from app.transaction import reading


def view(caller: Caller) -> ShopCartAnswer:
    """The caller's basket; empty where there is none."""
    values = {"user_id": caller.user_id, **this_moment()}
    with reading() as connection:
        rows = connection.execute(_statement(settings().require_verified_shops), values).all()
    lines = [_line(row) for row in rows]
    return ShopCartAnswer(
        cart=lines,
        total_price=sum((line.subtotal for line in lines), NOTHING),
        total_savings=sum((line.savings for line in lines), NOTHING),
        shop=_shop(rows[0]) if rows else None,
    )


# Status and channel are literals: with parameters there, no generic plan could use the index of active carts.
_OWN = and_(
    Cart.user_id == bindparam("user_id", type_=BigInteger),
    Cart.status == literal_column(f"'{CartStatus.ACTIVE}'"),
    Cart.channel == literal_column(f"'{ChannelName.MARKETPLACE}'"),
)


@cache
def _statement(_require_verified: bool) -> Select[*tuple[Any, ...]]:
    """Built once for each answer to whether shops must be verified."""
    return (
        select(
            CartItem.id,
            CartItem.quantity,
            Product.id.label("item_id"),
            Product.name,
            Product.brand,
            Product.image_urls[1].label("image_url"),
            Product.unit,
            prices.PRICE.label("price"),
            prices.OLD_PRICE.label("mrp"),
            and_(Product.is_active, ShopItem.is_available).label("sellable"),
            func.coalesce(Inventory.available_quantity, 0).label("in_stock"),
            ShopItem.pack_size,
            Shop.id.label("shop_id"),
            StockLocation.name.label("shop_name"),
            Shop.minimum_order,
            Shop.delivery_fee,
            open_now().label("is_open"),
        )
        .select_from(Cart)
        .join(CartItem, CartItem.cart_id == Cart.id)
        .join(Product, Product.id == CartItem.product_id)
        .join(ShopItem, ShopItem.product_id == Product.id)
        .join(Shop, Shop.id == Product.shop_id)
        .join(StockLocation, StockLocation.id == Product.shop_id)
        .outerjoin(Inventory, and_(Inventory.product_id == Product.id, Inventory.stock_location_id == Shop.id))
        .where(_OWN)
        .order_by(CartItem.id)
    )


def _line(row: AnyRow) -> ShopCartLine:
    available = row.in_stock if row.sellable else 0
    return ShopCartLine(
        id=row.id,
        item_id=row.item_id,
        item_name=row.name,
        title=row.name,
        name=row.name,
        brand=row.brand,
        image_url=row.image_url,
        available=available >= row.quantity,
        available_quantity=available,
        price=row.price,
        mrp=row.mrp,
        savings=_savings(row.price, row.mrp) * row.quantity,
        quantity=row.quantity,
        unit=row.unit,
        pack_size=row.pack_size,
        subtotal=row.price * row.quantity,
        shop_id=row.shop_id,
        shop_name=row.shop_name,
    )


def _savings(price: Decimal, mrp: Decimal | None) -> Decimal:
    return NOTHING if mrp is None else max(mrp - price, NOTHING)


def _shop(row: AnyRow) -> CartShop:
    return CartShop(
        id=row.shop_id,
        name=row.shop_name,
        is_open=row.is_open,
        minimum_order=row.minimum_order,
        delivery_fee=row.delivery_fee,
    )
