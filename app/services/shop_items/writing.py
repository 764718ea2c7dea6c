"""Writing items, one or many at once: each function is one set of statements, whatever the number of items.

Who calls holds the lock of the shop's range, and of the items that change. Stock is written before `change`: a new SKU
locks its product against the orders that name it, which lock stock first.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.search_text import normalise
from app.models.base import AnyRow
from app.services import audit
from app.services.changes import in_json

Values = dict[str, Any]

FIRST_STOCK = 100
UNIT = "pcs"
FIELDS = (
    "title",
    "brand",
    "price",
    "mrp",
    "discount",
    "description",
    "unit",
    "pack_size",
    "category",
    "tags",
    "sku",
    "expiry_date",
    "image_url",
)
"""What is written of an item beside its stock."""

_INCOMING = """
    incoming AS MATERIALIZED (
        SELECT *, array_remove(ARRAY[image_url], NULL) AS image_urls
        FROM jsonb_to_recordset(:rows) AS item(
            id bigint, title text, brand text, price numeric, mrp numeric, discount numeric, description text,
            unit text, pack_size text, category text, tags text, sku text, expiry_date date, image_url text,
            search_name text, search_text text, quantity_in_stock integer, place integer)
    )
"""

_MAKE = text(f"""
WITH {_INCOMING}, made AS (
    INSERT INTO products (shop_id, name, sku, brand, description, price, compare_at_price, unit, image_urls,
                          search_name, search_text)
    SELECT :shop_id, title, sku, brand, description, price, mrp, unit, image_urls, search_name, search_text
    FROM incoming ORDER BY place
    RETURNING id, sku
), detailed AS (
    INSERT INTO shop_items (product_id, category, tags, pack_size, discount, expiry_date)
    SELECT made.id, category, tags, pack_size, discount, expiry_date FROM made JOIN incoming USING (sku)
), stocked AS (
    INSERT INTO inventory (stock_location_id, product_id, available_quantity)
    SELECT :shop_id, made.id, quantity_in_stock FROM made JOIN incoming USING (sku)
    RETURNING id, product_id, available_quantity
), explained AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT :shop_id, product_id, 'opening', available_quantity, 0, 'inventory', id, :actor_user_id FROM stocked
)
SELECT id, sku FROM made
""").bindparams(bindparam("rows", type_=JSONB))  # noqa: S608 (names of this module only)

_CHANGE = text(f"""
WITH {_INCOMING}, detailed AS (
    UPDATE shop_items
    SET category = incoming.category, tags = incoming.tags, pack_size = incoming.pack_size,
        discount = incoming.discount, expiry_date = incoming.expiry_date
    FROM incoming WHERE shop_items.product_id = incoming.id
)
UPDATE products
SET name = title, sku = incoming.sku, brand = incoming.brand, description = incoming.description,
    price = incoming.price, compare_at_price = mrp, unit = incoming.unit, image_urls = incoming.image_urls,
    search_name = incoming.search_name, search_text = incoming.search_text, updated_at = now()
FROM incoming WHERE products.id = incoming.id
""").bindparams(bindparam("rows", type_=JSONB))  # noqa: S608


def make(
    session: Session, items: Sequence[Values], *, shop_id: int, by: Caller, context: Values | None = None
) -> list[int]:
    """Add items with their stock, each with a SKU of its own; their ids in the order given (two statements). A step."""
    rows = [_completed(item) for item in items]
    placed = [in_json(row | {"place": place}) for place, row in enumerate(rows)]
    values = {"rows": placed, "shop_id": shop_id, "actor_user_id": by.user_id}
    ids = {made.sku: int(made.id) for made in session.execute(_MAKE, values)}
    made = [audit.Entry("shop_item", ids[row["sku"]], "CREATE", None, _audited(row)) for row in rows]
    audit.record_all(session, made, by=by, context=context)
    return [ids[row["sku"]] for row in rows]


def change(
    session: Session, edits: Sequence[tuple[AnyRow, Values]], *, by: Caller, context: Values | None = None
) -> None:
    """Give locked items the values of FIELDS that are named (two statements; none where all is as it was). A step."""
    changed = [(item, new) for item, given in edits if (new := _differences(item, given))]
    if not changed:
        return
    rows = [in_json(_searchable({"id": item.id} | facts(item) | new)) for item, new in changed]
    session.execute(_CHANGE, {"rows": rows})
    entries = [
        audit.Entry("shop_item", item.id, "UPDATE", in_json({name: getattr(item, name) for name in new}), in_json(new))
        for item, new in changed
    ]
    audit.record_all(session, entries, by=by, context=context)


def facts(item: AnyRow) -> Values:
    """The values of an item under the names of FIELDS."""
    return {name: getattr(item, name) for name in FIELDS}


def _differences(item: AnyRow, given: Values) -> Values:
    return {name: value for name, value in given.items() if name in FIELDS and getattr(item, name) != value}


def _completed(given: Values) -> Values:
    """The whole row of a new item: what is not given has its first value."""
    row = {name: given.get(name) for name in FIELDS}
    row |= {"description": row["description"] or "", "unit": row["unit"] or UNIT, "sku": row["sku"] or _new_sku()}
    stock = given.get("quantity_in_stock")
    return _searchable(row | {"quantity_in_stock": FIRST_STOCK if stock is None else stock})


def _new_sku() -> str:
    return f"I-{secrets.token_hex(6).upper()}"


def _searchable(row: Values) -> Values:
    """The row with the words its item is found by: those of the title first, then brand, category and tags."""
    others = " ".join(row[name] or "" for name in ("brand", "category", "tags"))
    return row | {"search_name": normalise(row["title"]), "search_text": normalise(others)}


def _audited(row: Values) -> Values:
    return in_json({name: value for name, value in row.items() if not name.startswith("search_")})
