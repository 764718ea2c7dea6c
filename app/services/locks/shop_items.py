"""Vendors' items and uploads of items: an upload, then a shop's range, then its items, then their inventory."""

from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.models import Product, ShopItem
from app.models.base import AnyRow
from app.services.shop_items.columns import FACTS

_RANGE = text("SELECT pg_advisory_xact_lock(hashtextextended('range of shop ' || :shop_id, 0))")


def shop_range(session: Session, *, shop_id: int) -> None:
    """Let one transaction at a time add items to a shop or change them, so that no two choose one SKU."""
    session.execute(_RANGE, {"shop_id": str(shop_id)})


# Both tables are locked: after waiting, PostgreSQL reads the newest version of locked rows only.
_ITEMS = (
    select(*FACTS, ShopItem.is_available, Product.shop_id)
    .join(ShopItem, ShopItem.product_id == Product.id)
    .where(Product.shop_id == bindparam("shop_id", type_=BigInteger), Product.is_active)
    .order_by(Product.id)
    .with_for_update(key_share=True, of=(Product, ShopItem))
)
_ONE = _ITEMS.where(Product.id == bindparam("item_id", type_=BigInteger))
_BY_SKU = _ITEMS.where(Product.sku == bindparam("skus", type_=ARRAY(Text)).any_())


def shop_item(session: Session, *, shop_id: int, item_id: int) -> AnyRow | None:
    """An item of a shop, locked; None where the shop has none such or it was removed."""
    return session.execute(_ONE, {"shop_id": shop_id, "item_id": item_id}).one_or_none()


def shop_items_by_sku(session: Session, *, shop_id: int, skus: Collection[str]) -> Sequence[AnyRow]:
    """Those items of a shop that have one of the SKUs, locked in the order of their ids."""
    return session.execute(_BY_SKU, {"shop_id": shop_id, "skus": list(skus)}).all()


_UPLOAD = text("""
    SELECT id, task_id, shop_id, user_id, state, jsonb_path_query_array(rows, '$[0 to 499]') AS part
    FROM item_uploads WHERE task_id = :task_id
    FOR NO KEY UPDATE
""")


def item_upload(session: Session, *, task_id: str) -> AnyRow | None:
    """A file of items, locked, with the next 500 of its rows."""
    return session.execute(_UPLOAD, {"task_id": task_id}).one_or_none()
