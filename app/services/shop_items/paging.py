"""A page of one shop's items in one statement: the places first, from the index of the shop, then what is shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Integer, Select, and_, bindparam, func, select, true

from app.models import Inventory, Product, ShopItem
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import COUNTED_UP_TO, Page, decode_cursor, encode_cursor, page_meta
from app.services.pages import Statement
from app.transaction import reading

_BEFORE_ALL, _AFTER_ALL = 0, 2**63 - 1


def page_of_items(*columns: Any, only: Sequence[ColumnElement[bool]] = (), newest_first: bool = False) -> Statement:
    """The statement for a page of the items of the shop `shop_id` that were not removed; build it once.

    `columns` may come from Product, ShopItem and Inventory, the id among them; `only` from Product or `of_shop_item`.
    """
    matching = _matching(only, newest_first=newest_first)
    place = _ordered(select(matching.c.id), matching.c.id, newest_first=newest_first)
    limited = place.limit(bindparam("rows", type_=Integer)).offset(bindparam("offset", type_=Integer)).subquery("place")
    page = (
        select(*columns)
        .select_from(limited)
        .join(Product, Product.id == limited.c.id)
        .join(ShopItem, ShopItem.product_id == Product.id)
        .join(Inventory, and_(Inventory.stock_location_id == Product.shop_id, Inventory.product_id == Product.id))
        .subquery("page")
    )
    counted = select(func.count().label("total")).select_from(matching).subquery("counted")
    statement = select(*page.c, counted.c.total).select_from(counted).outerjoin(page, true())
    return _ordered(statement, page.c.id, newest_first=newest_first)


def of_shop_item(condition: Any) -> ColumnElement[bool]:
    """A condition on what shops add to a product, looked up item by item: joined, whole tables would be read."""
    return select(condition).where(ShopItem.product_id == Product.id).correlate(Product).scalar_subquery()


def read_items(
    statement: Statement, page: Page, values: Mapping[str, Any], *, newest_first: bool = False
) -> tuple[Sequence[AnyRow], PageMeta]:
    """The rows of a page, and where it stands; `total` is told up to 1,000, and not beside a cursor.

    Raises ValidationFailed for a cursor of another list.
    """
    last_id, offset = _AFTER_ALL if newest_first else _BEFORE_ALL, page.offset
    if page.cursor is not None:
        (last_id,), offset = decode_cursor(page.cursor, int), 0
    looked_at = page.limit + offset + 1 if page.cursor else max(COUNTED_UP_TO + 1, page.limit + offset + 1)
    place = {"last_id": last_id, "offset": offset, "rows": page.limit + 1, "most": looked_at}
    with reading() as connection:
        rows = connection.execute(statement, {**values, **place}).all()
    total = None if page.cursor or rows[0].total > COUNTED_UP_TO else rows[0].total
    found = [row for row in rows if row.id is not None]
    shown, has_next = found[: page.limit], len(found) > page.limit
    following = encode_cursor(shown[-1].id) if has_next else None
    return shown, page_meta(limit=page.limit, offset=offset, total=total, has_next=has_next, next_cursor=following)


def _matching(only: Sequence[ColumnElement[bool]], *, newest_first: bool) -> CTE:
    """The ids in order, as many as are counted or needed.

    The shop is asked for as a range and ordered by, though it is one: with `=` the planner believes that the primary
    key brings the ids in order sooner, and walks through the items of all shops.
    """
    shop_id, last_id = (bindparam(name, type_=BigInteger) for name in ("shop_id", "last_id"))
    rows = select(Product.id).where(Product.shop_id.between(shop_id, shop_id), Product.is_active, *only)
    if newest_first:
        rows = rows.where(Product.id < last_id).order_by(Product.shop_id.desc(), Product.id.desc())
    else:
        rows = rows.where(Product.id > last_id).order_by(Product.shop_id, Product.id)
    return rows.limit(bindparam("most", type_=Integer)).cte("matching").prefix_with("MATERIALIZED")


def _ordered(rows: Select[Any], item_id: Any, *, newest_first: bool) -> Select[Any]:
    return rows.order_by(item_id.desc() if newest_first else item_id)
