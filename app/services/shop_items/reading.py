"""A vendor's items as the vendor sees them."""

from collections.abc import Iterator
from functools import cache

from sqlalchemy import BigInteger, Text, bindparam, func, literal_column, or_, select

from app.domain.caller import Caller
from app.domain.csv_text import csv_lines
from app.models import Product, Shop
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.shop_items import VendorItem, VendorItemQuery
from app.services.pages import Statement
from app.services.shop_items.columns import FOR_VENDOR, items_of_shops
from app.services.shop_items.finding import ItemNotFound
from app.services.shop_items.found import FOUND, text_query
from app.services.shop_items.paging import page_of_items, read_items
from app.services.shop_items.writing import FIELDS
from app.services.shops.own import own_shop
from app.transaction import reading

_PART = 2_000

TEMPLATE = ("title", "brand", "description", "price", "mrp", "quantity_in_stock", "unit", "category", "tags", "sku")
EXPORTED = (*TEMPLATE, *(name for name in FIELDS if name not in TEMPLATE), "is_available")

_IN_SHOP = Product.shop_id == bindparam("shop_id", type_=BigInteger)
_OWN = select(Shop.id).where(Shop.owner_id == bindparam("owner_id", type_=BigInteger)).scalar_subquery()
_ONE = items_of_shops(*FOR_VENDOR).where(Product.shop_id == _OWN, Product.id == bindparam("item_id", type_=BigInteger))
_AFTER = (
    items_of_shops(*FOR_VENDOR)
    .where(_IN_SHOP, Product.id > bindparam("last_id", type_=BigInteger))
    .order_by(Product.id)
    .limit(literal_column(str(_PART)))
)


def page(query: VendorItemQuery, caller: Caller) -> tuple[list[VendorItem], PageMeta]:
    """The caller's items, newest first (two statements). Raises ShopNotFound, or ValidationFailed for a bad cursor."""
    with reading() as connection:
        shop_id = own_shop(connection, caller)
    asked = query.q or ""
    values = {"shop_id": shop_id, "q": asked, "words": text_query(asked)}
    rows, meta = read_items(_listed(asked != ""), query, values, newest_first=True)
    return [shown(row) for row in rows], meta


def one(caller: Caller, *, item_id: int) -> VendorItem:
    """One of the caller's items. Raises ItemNotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"owner_id": caller.user_id, "item_id": item_id}).one_or_none()
    if row is None:
        raise ItemNotFound
    return shown(row)


def template() -> str:
    """An empty file for an upload: its header."""
    return csv_lines([TEMPLATE])


def export(caller: Caller) -> Iterator[str]:
    """All items of the caller as CSV, oldest first, in a form that can be uploaded again. Raises ShopNotFound.

    Each piece is read by itself, so that a slow reader holds neither memory nor a connection.
    """
    with reading() as connection:
        shop_id = own_shop(connection, caller)
    return _exported(shop_id)


def _exported(shop_id: int) -> Iterator[str]:
    yield csv_lines([EXPORTED])
    last_id = 0
    while rows := _part(shop_id, last_id):
        yield csv_lines([_cell(getattr(row, name)) for name in EXPORTED] for row in rows)
        last_id = rows[-1].id


def _part(shop_id: int, last_id: int) -> list[AnyRow]:
    with reading() as connection:
        return list(connection.execute(_AFTER, {"shop_id": shop_id, "last_id": last_id}).all())


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


@cache
def _listed(searched: bool) -> Statement:
    in_sku = func.strpos(func.lower(Product.sku), func.lower(bindparam("q", type_=Text))) > 0
    only = [or_(FOUND, in_sku)] if searched else []
    return page_of_items(*FOR_VENDOR, only=only, newest_first=True)


def shown(row: AnyRow) -> VendorItem:
    """The answer for a row of FOR_VENDOR."""
    return VendorItem(**{name: getattr(row, name) for name in VendorItem.model_fields})
