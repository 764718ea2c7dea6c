"""The products that the codes of a batch mean in a branch, in one statement; what lies in the trolley, in another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    Integer,
    Numeric,
    Select,
    SmallInteger,
    String,
    and_,
    bindparam,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.domain.devices.barcodes import CodeKind, Scanned, readings
from app.domain.enums import SoldBy
from app.domain.gtin import InvalidGtin
from app.models import CartItem, Category, Inventory, Product, ProductGtin, ProductWeight
from app.models.base import AnyRow
from app.prepared import Step
from app.services.catalog import prices
from app.services.trolleys import goods


@dataclass(slots=True)
class Line:
    """What lies in the trolley of a product: pieces, or 1 of so many grams."""

    product: AnyRow
    quantity: int
    weight_grams: int | None
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """What a code says and the product it means; None for one that is not known."""

    scanned: Scanned
    product: AnyRow | None


_NULL_GRAMS = null().cast(Integer)
_WEIGHT = (
    Product.id,
    Product.sold_by,
    Product.weight_grams,
    Product.estimated_weight_grams,
    Product.weight_tolerance_grams,
    ProductWeight.samples,
    ProductWeight.mean_grams,
    ProductWeight.squares,
)
"""What tells the weight of a piece."""


def _meant(key: Any) -> Select[Any]:
    """Every product of the supermarket's range, sold here or not: `is_sold` tells. In the form of `_LYING`."""
    here = and_(Inventory.product_id == Product.id, Inventory.stock_location_id == bindparam("stock_location_id"))
    is_sold = and_(Product.is_active, Category.is_active, Inventory.id.is_not(None)).label("is_sold")
    return (
        select(
            *_WEIGHT,
            prices.PRICE.label("price"),
            Product.age_limit,
            is_sold,
            key.label("key"),
            _NULL_GRAMS.label("quantity"),
            _NULL_GRAMS.label("line_grams"),
            null().cast(Numeric).label("unit_price"),
        )
        .select_from(Product)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(Inventory, here)
        .outerjoin(ProductWeight, ProductWeight.product_id == Product.id)
        .where(Product.shop_id.is_(None))
    )


_GTINS = bindparam("gtins", type_=ARRAY(String))
_SKUS = bindparam("skus", type_=ARRAY(String))
_BY_GTIN = (
    _meant(literal_column("'g'") + ProductGtin.gtin)
    .join(ProductGtin, ProductGtin.product_id == Product.id)
    .where(ProductGtin.gtin == _GTINS.any_(), ProductGtin.shop_id.is_(None))
)
_BY_SKU = _meant(literal_column("'s'") + Product.sku).where(Product.sku == _SKUS.any_())
_LYING = (
    select(
        *_WEIGHT,
        null().cast(Numeric).label("price"),
        null().cast(SmallInteger).label("age_limit"),
        null().cast(Boolean).label("is_sold"),
        literal_column("'line'").label("key"),
        CartItem.quantity.label("quantity"),
        CartItem.weight_grams.label("line_grams"),
        CartItem.unit_price.label("unit_price"),
    )
    .select_from(CartItem)
    .join(Product, Product.id == CartItem.product_id)
    .outerjoin(ProductWeight, ProductWeight.product_id == Product.id)
    .where(CartItem.cart_id == bindparam("cart_id"), Product.shop_id.is_(None))
)
_WITHOUT_CODES = Step(_LYING)
_WITH_CODES = Step(select(union_all(_LYING, _BY_GTIN, _BY_SKU).subquery("known")))


def read(
    session: Session, codes: Iterable[str], *, cart_id: int, stock_location_id: int
) -> tuple[dict[str, Found], dict[int, Line]]:
    """What each code means in a branch, codes that are none left out; and what lies in a trolley, by product.

    PLU numbers and the item part of a store's codes are stock keeping units. Of what lies there only the weight is
    told. A step of one statement.
    """
    meant = {code: meanings for code in codes if (meanings := _read(code))}
    keys = {_key(told) for meanings in meant.values() for told in meanings}
    rows = (_WITH_CODES if meant else _WITHOUT_CODES).within(
        session,
        cart_id=cart_id,
        stock_location_id=stock_location_id,
        gtins=[key[1:] for key in keys if key[0] == "g"],
        skus=[key[1:] for key in keys if key[0] == "s"],
    )
    known = [row._replace(sold_by=SoldBy(row.sold_by)) for row in rows]
    by_key = {row.key: row for row in known if row.quantity is None}
    return {code: _found(meanings, by_key) for code, meanings in meant.items()}, _by_product(known)


def _key(told: Scanned) -> str:
    return ("g" if told.kind is CodeKind.GTIN else "s") + told.key


def _found(meanings: Sequence[Scanned], rows: Mapping[str, AnyRow]) -> Found:
    """The first meaning that is a product; else the last one, of none."""
    return next((Found(told, rows[_key(told)]) for told in meanings if _key(told) in rows), Found(meanings[-1], None))


_LINES = (
    goods.known(CartItem.quantity.label("quantity"), CartItem.weight_grams.label("line_grams"), CartItem.unit_price)
    .join(CartItem, CartItem.product_id == Product.id)
    .add_columns(ProductWeight.samples, ProductWeight.mean_grams, ProductWeight.squares)
    .outerjoin(ProductWeight, ProductWeight.product_id == Product.id)
    .where(CartItem.cart_id == bindparam("cart_id"))
)


def lines(session: Session, *, cart_id: int, stock_location_id: int) -> dict[int, Line]:
    """What lies in a trolley, by product, with all there is to say of it. A step of one statement."""
    rows = session.execute(_LINES, {"cart_id": cart_id, "stock_location_id": stock_location_id})
    return _by_product(rows)


def _by_product(rows: Iterable[AnyRow]) -> dict[int, Line]:
    return {row.id: Line(row, row.quantity, row.line_grams, row.unit_price) for row in rows if row.quantity is not None}


def _read(code: str) -> tuple[Scanned, ...]:
    try:
        return readings(code)
    except InvalidGtin:
        return ()
