"""Offers, search and single products for the trolley's app: of the supermarket's own range what is sold now."""

import re
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.domain.caller import Caller
from app.domain.search_text import normalise
from app.errors import NotFound
from app.models import FoodType, Product, ProductFoodType, ProductGtin
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page, decode_cursor, encode_cursor, page_meta
from app.schemas.shopper_products import ShopperProduct, ShopperProductDetail, ShopperSearchQuery
from app.services import diets
from app.services.catalog import asked, conditions
from app.services.catalog.asked import Kind
from app.services.pages import newest_first
from app.services.trolleys.shopper_products import COLUMNS, IS_REDUCED, product_fields, shopper_product
from app.transaction import reading

_DIGITS = re.compile("[0-9]+")
_OFFERS = select(Product.id, *COLUMNS).where(*conditions.listed(), IS_REDUCED)


def offers(page: Page, caller: Caller | None) -> tuple[list[ShopperProduct], PageMeta]:
    """A page of the products that cost less than before, newest first, in one statement.

    Raises ValidationFailed for a cursor of another list.
    """
    rows, meta = newest_first(_OFFERS, Product.id, page, {"diet_user_id": diets.shopper_id(caller)})
    return [shopper_product(row) for row in rows], meta


def search(query: ShopperSearchQuery, caller: Caller | None) -> tuple[list[ShopperProduct], PageMeta]:
    """The products with the text in their name or in a barcode, by name, in one statement. Not counted.

    Raises ValidationFailed for a cursor of another list.
    """
    wanted = asked.understood(query.query)
    if wanted.kind is Kind.NOTHING:
        return [], page_meta(limit=query.limit, offset=query.offset)
    values = {**wanted.parameters, **_place(query), "diet_user_id": diets.shopper_id(caller)}
    digits = query.query.replace(" ", "").replace("-", "")
    values |= {"part": normalise(query.query), "digits": digits}
    statement = _search(wanted.kind is Kind.BARCODE, _DIGITS.fullmatch(digits) is not None)
    with reading() as connection:
        found = connection.execute(statement, values).all()
    return [shopper_product(row) for row in found[: query.limit]], _meta(found, query)


def _place(query: ShopperSearchQuery) -> dict[str, Any]:
    name, last_id, offset = "", 0, query.offset
    if query.cursor is not None:
        (name, last_id), offset = decode_cursor(query.cursor, str, int), 0
    return {"last_name": name, "last_id": last_id, "offset": offset, "rows": query.limit + 1}


def _meta(found: Any, query: ShopperSearchQuery) -> PageMeta:
    has_next = len(found) > query.limit
    last = found[query.limit - 1] if has_next else None
    following = encode_cursor(last.search_name, last.product_id) if last else None
    return page_meta(limit=query.limit, offset=query.offset, has_next=has_next, next_cursor=following)


@cache
def _search(is_barcode: bool, is_number: bool) -> Select[Any]:
    """Names are looked through in an index, in its order; only what is found is looked up in the table.

    OFFSET 0 keeps the two steps apart: in one step every row of the table is read, six times as slow with 200,000.
    """
    own = (Product.is_active, Product.shop_id.is_(None))
    place = tuple_(Product.search_name, Product.id) > tuple_(
        bindparam("last_name", type_=Text), bindparam("last_id", type_=BigInteger)
    )
    named = select(Product.id, Product.search_name).where(*own, place, _has_part(is_barcode, is_number))
    named = named.order_by(Product.search_name, Product.id)
    found = named.offset(literal_column("0")).subquery("found")
    return (
        select(*COLUMNS, found.c.search_name)
        .join_from(found, Product, Product.id == found.c.id)
        .where(Product.category_id != func.all(conditions.hidden_categories()))
        .order_by(found.c.search_name, found.c.id)
        .limit(bindparam("rows", type_=Integer))
        .offset(bindparam("offset", type_=Integer))
    )


def _has_part(is_barcode: bool, is_number: bool) -> conditions.Condition:
    """A whole barcode names its product; another number may be a part of one, as printed without leading zeros."""
    if is_barcode:
        return conditions.with_barcode()
    in_name: ColumnElement[bool] = func.strpos(Product.search_name, bindparam("part", type_=Text)) > 0
    if not is_number:
        return in_name
    printed = func.ltrim(ProductGtin.gtin, "0")
    in_barcode = select(ProductGtin.product_id).where(
        ProductGtin.shop_id.is_(None), func.strpos(printed, bindparam("digits", type_=Text)) > 0
    )
    return or_(in_name, Product.id.in_(in_barcode))


_MARK = func.json_build_object("foodtype_id", FoodType.id, "foodtype_name", FoodType.name)
_MARKS = (
    select(func.coalesce(func.json_agg(aggregate_order_by(_MARK, FoodType.name)), literal_column("'[]'")))
    .select_from(ProductFoodType)
    .join(FoodType, FoodType.id == ProductFoodType.food_type_id)
    .where(ProductFoodType.product_id == Product.id)
    .correlate(Product)
    .scalar_subquery()
    .label("marks")
)
_ONE = select(*COLUMNS, Product.allergens, _MARKS).where(
    Product.id == bindparam("product_id", type_=BigInteger), *conditions.listed()
)


def show(product_id: int, caller: Caller | None) -> ShopperProductDetail:
    """A product with the ways to eat it fits and its allergens, in one statement. Raises NotFound."""
    values = {"product_id": product_id, "diet_user_id": diets.shopper_id(caller)}
    with reading() as connection:
        row: AnyRow | None = connection.execute(_ONE, values).one_or_none()
    if row is None:
        raise NotFound("There is no such product.")
    return ShopperProductDetail(**product_fields(row), foodtypes=row.marks, allergies=sorted(row.allergens))
