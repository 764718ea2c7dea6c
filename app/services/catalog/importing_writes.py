"""Writing a batch of imported rows: COPY into a temporary table, then one UPDATE and one INSERT for the whole batch.

Products are told by GTIN within the supermarket's own range. A NULL in the temporary table says nothing: the stored
value stays. A product whose values would not change is not written, so `updated_at` stays too.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.import_rows import ImportRow, search_text
from app.domain.search_text import normalise

_TAKEN_AS_IS = {  # columns whose value is the row's, or else the stored one, with the type COPY reads
    "name": "varchar",
    "brand": "varchar",
    "description": "text",
    "compare_at_price": "numeric",
    "deposit": "numeric",
    "tax_rate": "numeric",
    "sold_by": "varchar",
    "unit": "varchar",
    "weight_grams": "integer",
    "estimated_weight_grams": "integer",
    "is_organic": "boolean",
    "age_limit": "smallint",
    "ingredients": "text",
    "allergens": "varchar[]",
    "nutrition": "jsonb",
    "image_urls": "text[]",
    "bin_location": "varchar",
}
_SEARCHED = {"search_name": "text", "search_text": "text"}
_INCOMING = {"gtin": "text", "product_id": "bigint", "category": "text", "price": "numeric", "is_active": "boolean"}
_INCOMING |= _TAKEN_AS_IS | _SEARCHED

_DEFAULTS = {  # what a new product gets where the file says nothing; the rest is NULL
    "deposit": "0",
    "tax_rate": "0",
    "sold_by": "'PIECE'",
    "unit": "'each'",
    "is_organic": "false",
    "allergens": "'{}'",
    "image_urls": "'{}'",
}

_CREATE = text(
    "CREATE TEMPORARY TABLE incoming ("
    + ", ".join(f"{name} {kind}" for name, kind in _INCOMING.items())
    + ") ON COMMIT DROP"
)
_COPY = f"COPY incoming ({', '.join(_INCOMING)}) FROM STDIN"
_DROP = text("DROP TABLE incoming")

_KNOWN = text("""
SELECT product_gtins.gtin, products.id, products.brand, products.description,
       EXISTS (SELECT 1 FROM product_gtins AS other
               WHERE other.product_id = products.id AND other.gtin <> product_gtins.gtin) AS has_more_gtins
FROM product_gtins JOIN products ON products.id = product_gtins.product_id
WHERE product_gtins.shop_id IS NULL AND product_gtins.gtin = ANY(:gtins)
""")

_MAKE_CATEGORIES = text("""
INSERT INTO categories (name)
SELECT DISTINCT category FROM incoming
WHERE category IS NOT NULL AND NOT EXISTS (SELECT 1 FROM categories WHERE categories.name = incoming.category)
ORDER BY category
ON CONFLICT DO NOTHING
""")

# A category is told by its name, wherever in the tree it hangs; of two with one name the older counts.
_WITH_CATEGORY = """
FROM incoming
LEFT JOIN (SELECT name, min(id) AS id FROM categories GROUP BY name) AS named ON named.name = incoming.category
"""

_PRICE = "COALESCE(incoming.price, NULLIF(products.price, 0), CAST(:default_price AS numeric), 0)"
# A product without a price is always inactive; it wakes up when it gets one, unless the row says otherwise.
_ACTIVE = f"({_PRICE} > 0 AND COALESCE(incoming.is_active, products.is_active OR products.price = 0))"
_CHANGES = {name: f"COALESCE(incoming.{name}, products.{name})" for name in (*_TAKEN_AS_IS, *_SEARCHED)}
_CHANGES |= {
    "price": _PRICE,
    "is_active": _ACTIVE,
    "category_id": "COALESCE(named.id, products.category_id)",
}
_UPDATE = text(f"""
UPDATE products SET updated_at = now(), {", ".join(f"{name} = {value}" for name, value in _CHANGES.items())}
{_WITH_CATEGORY}
WHERE products.id = incoming.product_id
  AND ({", ".join(f"products.{name}" for name in _CHANGES)}) IS DISTINCT FROM ({", ".join(_CHANGES.values())})
""")  # noqa: S608 (names of this module only)

_NEW_PRICE = "COALESCE(incoming.price, CAST(:default_price AS numeric), 0)"
_FIRST = {
    name: f"COALESCE(incoming.{name}, {_DEFAULTS[name]})" if name in _DEFAULTS else f"incoming.{name}"
    for name in (*_TAKEN_AS_IS, *_SEARCHED)
}
_FIRST |= {
    "sku": "'GTIN-' || incoming.gtin",
    "category_id": "named.id",
    "price": _NEW_PRICE,
    "is_active": f"{_NEW_PRICE} > 0 AND COALESCE(incoming.is_active, true)",
}
_INSERT = text(f"""
WITH made AS (
    INSERT INTO products ({", ".join(_FIRST)})
    SELECT {", ".join(_FIRST.values())} {_WITH_CATEGORY} WHERE incoming.product_id IS NULL ORDER BY incoming.gtin
    ON CONFLICT (shop_id, sku) DO NOTHING
    RETURNING id, substr(sku, 6) AS gtin, is_active
), barcodes AS (
    INSERT INTO product_gtins (product_id, gtin) SELECT id, gtin FROM made
), stocked AS (
    INSERT INTO inventory (stock_location_id, product_id, available_quantity)
    SELECT CAST(:branch_id AS bigint), id, CAST(:stock AS integer) FROM made WHERE CAST(:stock AS integer) > 0
    RETURNING id, stock_location_id, product_id, available_quantity
), explained AS (
    INSERT INTO stock_movements
        (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
    SELECT stock_location_id, product_id, 'opening', available_quantity, 0, 'inventory', id FROM stocked
)
SELECT gtin, is_active FROM made
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Rules:
    """What the importer decides where the file is silent. `stock` pieces of each new product go to `branch_id`."""

    category: str = "Imported"
    default_price: Decimal | None = None
    stock: int = 0
    branch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A product the shop has, found by a GTIN of the file."""

    product_id: int
    brand: str | None
    description: str | None
    has_more_gtins: bool


def known_products(session: Session, gtins: Sequence[str]) -> dict[str, Known]:
    """The shop's products with one of these GTINs, by GTIN (one statement)."""
    rows = session.execute(_KNOWN, {"gtins": list(gtins)}).all()
    return {row.gtin: Known(row.id, row.brand, row.description, row.has_more_gtins) for row in rows}


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch came to. `made`: whether each new product is on sale, by GTIN; a new row is not in it when its SKU
    already belongs to another product."""

    updated: int
    made: dict[str, bool]


def write(session: Session, rows: Iterable[tuple[ImportRow, Known | None]], rules: Rules) -> Written:
    """Write rows with distinct GTINs and distinct products. A step: the caller commits."""
    session.execute(_CREATE)
    _copy(session, (_incoming(row, known, rules) for row, known in rows))
    session.execute(_MAKE_CATEGORIES)
    prices = {"default_price": rules.default_price}
    updated = session.execute(_UPDATE, prices).rowcount  # type: ignore[attr-defined]
    made = session.execute(_INSERT, {**prices, "branch_id": rules.branch_id, "stock": rules.stock}).all()
    session.execute(_DROP)
    return Written(updated, {row.gtin: row.is_active for row in made})


def _copy(session: Session, rows: Iterable[Sequence[Any]]) -> None:
    connection = session.connection().connection.driver_connection
    assert connection is not None  # noqa: S101 (a session that executed a statement has one)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _incoming(row: ImportRow, known: Known | None, rules: Rules) -> list[Any]:
    """The values of one row in the order of the temporary table's columns."""
    stored_brand, stored_description = (known.brand, known.description) if known else (None, None)
    category = row.category or (None if known else rules.category)
    values: list[Any] = [row.gtin, known.product_id if known else None, category, row.price, row.is_active]
    values += [_stored(name, getattr(row, name)) for name in _TAKEN_AS_IS]
    values += [normalise(row.name), search_text(row.brand or stored_brand, row.description or stored_description)]
    return values


def _stored(name: str, value: Any) -> Any:
    return json.dumps(value) if name == "nutrition" and value is not None else value
