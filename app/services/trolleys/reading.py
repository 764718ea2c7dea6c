"""What is in the caller's trolley, in one statement, at the prices the checkout will take."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, select

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.pricing import piece_price
from app.models import CartItem, CartSession, Product, Trolley
from app.models.base import AnyRow
from app.schemas.trolleys import TrolleyCart, TrolleyLine
from app.services.trolleys.refusals import NoTrolley
from app.services.trolleys.shopper_products import COLUMNS, shopper_product
from app.transaction import reading

_OPEN = (CartSession.user_id == bindparam("user_id", type_=BigInteger), CartSession.closed_at.is_(None))
_VERSION = select(CartSession.version).where(*_OPEN)
_CART: Select[*tuple[Any, ...]] = (
    select(
        CartSession.id.label("session_id"),
        CartSession.cart_id,
        CartSession.user_id,
        CartSession.trolley_id.label("trolley"),
        Trolley.label,
        CartSession.stock_location_id.label("branch_id"),
        CartSession.state,
        CartSession.version,
        CartSession.expected_grams.label("total_weight"),
        CartSession.gross_grams.label("gross_weight"),
        CartSession.baseline_grams.label("baseline_weight"),
        CartSession.weight_state,
        CartSession.needs_check,
        CartSession.order_id,
        CartSession.opened_at,
        CartItem.id.label("line_id"),
        CartItem.quantity,
        CartItem.weight_grams,
        Product.deposit,
        *COLUMNS,
    )
    .join(Trolley, Trolley.id == CartSession.trolley_id)
    .outerjoin(CartItem, CartItem.cart_id == CartSession.cart_id)
    .outerjoin(Product, Product.id == CartItem.product_id)
    .where(*_OPEN)
    .order_by(CartItem.id)
)
_HEAD = (
    "session_id",
    "cart_id",
    "user_id",
    "trolley",
    "label",
    "branch_id",
    "state",
    "version",
    "total_weight",
    "gross_weight",
    "baseline_weight",
    "weight_state",
    "needs_check",
    "order_id",
    "opened_at",
)


def is_unchanged(caller: Caller, *, version: int) -> bool:
    """Whether the caller's session still has this version. One short statement."""
    with reading() as connection:
        return connection.execute(_VERSION, {"user_id": caller.user_id}).scalar_one_or_none() == version


def view(caller: Caller) -> TrolleyCart:
    """The caller's open session and its basket, in the order the products came. Raises NoTrolley."""
    with reading() as connection:
        rows = connection.execute(_CART, {"user_id": caller.user_id, "diet_user_id": caller.user_id}).all()
    if not rows:
        raise NoTrolley
    return _shown(rows[0], [_line(row) for row in rows if row.line_id is not None])


def _line(row: AnyRow) -> TrolleyLine:
    price = row.price if row.discounted_price is None else row.discounted_price
    unit_price = piece_price(price, row.sold_by, row.weight_grams)
    return TrolleyLine(
        cart_items_id=row.line_id,
        cart_id=row.cart_id,
        product_id=row.product_id,
        quantity=row.quantity,
        weight_grams=row.weight_grams,
        unit_price=unit_price,
        price=piece_price(row.price, row.sold_by, row.weight_grams) * row.quantity,
        line_total=unit_price * row.quantity,
        deposit=row.deposit * row.quantity,
        product=shopper_product(row),
    )


def _shown(head: AnyRow, lines: Sequence[TrolleyLine]) -> TrolleyCart:
    goods, deposits = _sum(line.line_total for line in lines), _sum(line.deposit for line in lines)
    return TrolleyCart(
        **{name: getattr(head, name) for name in _HEAD},
        items=list(lines),
        items_count=len(lines),
        total_products=sum(line.quantity for line in lines),
        total_price=_sum(line.price for line in lines),
        discounted_price=goods,
        deposit_total=deposits,
        total_amount=goods + deposits,
        currency=settings().currency,
        diet_warning=any(line.product.diet_warning for line in lines),
    )


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, NOTHING)
