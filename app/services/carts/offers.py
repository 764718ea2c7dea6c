"""What a cart may hold: today's offers of products, read in one statement, and the refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import BigInteger, Select, and_, any_, bindparam, exists, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from app.config import settings
from app.domain.carts import LARGEST_QUANTITY, MOST_LINES, Line, Offer, Refusal, refusal
from app.domain.pricing import piece_price
from app.errors import BadRequest, Conflict, DomainError, NotFound, ValidationFailed
from app.models import CartItem, Category, Inventory, Product, StockLocation
from app.models.base import AnyRow
from app.services.branches import delivery_source
from app.services.catalog import prices

By = Literal["product_ids", "item_id"]


class NoSuchLine(NotFound):
    message = "Your cart has no such line."


class ProductInactive(NotFound):
    code = "PRODUCT_INACTIVE"
    message = "This product is not sold (any more). Take it out; details.lines names it."


class OutOfStockAnywhere(BadRequest):
    code = "OUT_OF_STOCK_ANYWHERE"
    message = "No branch has this product at the moment; details.lines names it."


class OutOfStockDeliveryBranch(Conflict):
    code = "OUT_OF_STOCK_DELIVERY_BRANCH"
    message = "The delivery branch has too few pieces; details.lines says how many it has. Ask for fewer."


_ERRORS: Mapping[Refusal, type[DomainError]] = {
    Refusal.PRODUCT_INACTIVE: ProductInactive,
    Refusal.OUT_OF_STOCK_ANYWHERE: OutOfStockAnywhere,
    Refusal.QUANTITY_LIMIT: ValidationFailed,
    Refusal.OUT_OF_STOCK_DELIVERY_BRANCH: OutOfStockDeliveryBranch,
}


@dataclass(frozen=True, slots=True)
class Offers:
    """What was found of the products asked for, and how many lines the cart has."""

    by_product: Mapping[int, Offer]
    lines_in_cart: int

    @property
    def room(self) -> int:
        """How many lines may still be added."""
        return max(0, MOST_LINES - self.lines_in_cart)


def read(session: Session, *, cart_id: int, product_ids: Sequence[int]) -> Offers:
    """Today's offers of the supermarket's own products, with the lines the cart has of them (one statement)."""
    return _read(session, "product_ids", {"cart_id": cart_id, "product_ids": list(product_ids)})


def read_item(session: Session, *, cart_id: int, item_id: int) -> Offer:
    """Today's offer for the product of one line of the cart (one statement). Raises NoSuchLine."""
    found = _read(session, "item_id", {"cart_id": cart_id, "item_id": item_id})
    for offer in found.by_product.values():
        return offer
    raise NoSuchLine


def check(wanted: Mapping[int, int], found: Offers) -> None:
    """Refuse a cart with these quantities by product id, if any line of them cannot be had.

    The error is that of the first faulty line; its details.lines lists every one.
    """
    faults = [
        _fault(product_id, quantity, found.by_product.get(product_id), why)
        for product_id, quantity in wanted.items()
        if (why := refusal(found.by_product.get(product_id), quantity))
    ]
    if faults:
        why = Refusal(faults[0]["code"])
        details: dict[str, Any] = {"lines": faults}
        if why is Refusal.QUANTITY_LIMIT:
            message = f"must not bring the line above {LARGEST_QUANTITY}"
            details["errors"] = [{"loc": ["body", "quantity"], "msg": message, "type": "less_than_equal"}]
        raise _ERRORS[why](details=details)


def _read(session: Session, by: By, values: Mapping[str, Any]) -> Offers:
    rows = session.execute(_statement(by, settings().delivery_source_branch_id), values).all()
    lines_in_cart = rows[0].lines_in_cart if rows else 0
    return Offers({row.product_id: offer(row) for row in rows}, lines_in_cart)


@cache
def _statement(by: By, _delivery_source: int | None) -> Select[*tuple[Any, ...]]:
    """Built once for each way to name products and each configured delivery source."""
    line = and_(CartItem.product_id == Product.id, CartItem.cart_id == bindparam("cart_id"))
    stock = and_(Inventory.product_id == Product.id, Inventory.stock_location_id == delivery_source())
    which = {
        "product_ids": Product.id == any_(bindparam("product_ids", type_=ARRAY(BigInteger))),
        "item_id": CartItem.id == bindparam("item_id"),
    }
    return (
        select(
            Product.id.label("product_id"),
            Product.name,
            prices.PRICE.label("price"),
            Product.sold_by,
            Product.estimated_weight_grams,
            and_(Product.is_active, Category.is_active).label("sellable"),
            in_stock_anywhere().label("in_stock_anywhere"),
            func.coalesce(Inventory.available_quantity, 0).label("available"),
            CartItem.quantity,
            CartItem.unit_price,
            _lines_in_cart().label("lines_in_cart"),
        )
        .join(Category, Category.id == Product.category_id)
        .outerjoin(Inventory, stock)
        .outerjoin(CartItem, line)
        .where(which[by], Product.shop_id.is_(None))
        .order_by(Product.id)
    )


def in_stock_anywhere(product_id: Any = Product.id) -> Any:
    """Whether any active location has a piece of a product, which is `Product` by itself; part of a statement."""
    anywhere = aliased(Inventory)
    return exists().where(
        anywhere.product_id == product_id,
        anywhere.available_quantity > literal_column("0"),
        StockLocation.id == anywhere.stock_location_id,
        StockLocation.is_active,
    )


def _lines_in_cart() -> Any:
    every = aliased(CartItem)
    return select(func.count()).where(every.cart_id == bindparam("cart_id")).scalar_subquery()


def offer(row: AnyRow) -> Offer:
    """The offer of a row with the columns that `read` asks for."""
    return Offer(
        product_id=row.product_id,
        product_name=row.name,
        piece_price=piece_price(row.price, row.sold_by, row.estimated_weight_grams),
        sellable=row.sellable,
        in_stock_anywhere=row.in_stock_anywhere,
        available=row.available,
        line=None if row.quantity is None else Line(row.quantity, row.unit_price),
    )


def _fault(product_id: int, quantity: int, offer: Offer | None, why: Refusal) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "code": why.value,
        "requested_quantity": quantity,
        "available_quantity": offer.available if offer and offer.sellable else 0,
    }
