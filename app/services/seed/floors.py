"""Floor plans of the demo stores: one face of a rack for each category, household goods upstairs.

A store with any plan is left alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.enums import LayoutStatus
from app.domain.store_map import publishing
from app.domain.store_map.layout import Cell, Layout, Stair, to_document
from app.models import StoreLayout, StoreSection
from app.services.seed.places import CATEGORIES
from app.services.store_maps.drafting import checksum

_WIDTH, _RACKS_BELOW, _LEVELS = 30, 7, 5
_AISLE, _ROW = "." * _WIDTH, "..##" * _RACKS_BELOW + ".."
_GROUND = ("S" + _AISLE[1:], _AISLE, *[_ROW] * 9, _AISLE, _AISLE, *[_ROW] * 9, _AISLE, "E" + "." * 20 + "C..C..C..")
_UPSTAIRS = ("S.......", "........", *["...##..."] * 18, "........")
PLAN = Layout(50, {0: _GROUND, 1: _UPSTAIRS}, (Stair((0, 0, 0), (1, 0, 0), 12),))


class _Face(NamedTuple):
    """The side of a rack on which a category stands, and the number of the aisle before it: two faces share one."""

    category: str
    aisle: int
    floor: int
    x: int
    rows: tuple[int, ...]


def _faces() -> list[_Face]:
    leaves = [leaf for branching in CATEGORIES for leaf in branching.leaves]
    below, above = leaves[: 2 * _RACKS_BELOW], leaves[2 * _RACKS_BELOW :]
    rows = (*range(2, 11), *range(13, 22))
    ground = [_Face(leaf, 1 + (n + 1) // 2, 0, 2 + 4 * (n // 2) + n % 2, rows) for n, leaf in enumerate(below)]
    return ground + [_Face(leaf, 2 + _RACKS_BELOW + n, 1, 3 + n, tuple(range(2, 20))) for n, leaf in enumerate(above)]


FACES = {face.category: face for face in _faces()}

_PLACE = text("""
INSERT INTO product_places (stock_location_id, product_id, floor, x, y, aisle_num, shelf_num)
SELECT store.id, product_id, floor, x, y, aisle, shelf
FROM unnest(:location_ids) AS store (id)
CROSS JOIN unnest(:product_ids, :floors, :xs, :ys, :aisles, :shelves) AS place (product_id, floor, x, y, aisle, shelf)
ON CONFLICT DO NOTHING
""").bindparams(
    *(bindparam(name, type_=ARRAY(BigInteger)) for name in ("location_ids", "product_ids")),
    *(bindparam(name, type_=ARRAY(Integer)) for name in ("floors", "xs", "ys", "aisles", "shelves")),
)


class _Place(NamedTuple):
    product_id: int
    cell: Cell
    aisle: int
    level: int


def add(
    session: Session, goods: list[dict[str, Any]], product_ids: Mapping[str, int], location_ids: Sequence[int]
) -> None:
    """Publish the plan in the stores that have none; `product_ids` are those of the range by SKU. A step."""
    drawn = select(StoreLayout.stock_location_id).where(StoreLayout.stock_location_id.in_(location_ids))
    bare = sorted(set(location_ids) - set(session.execute(drawn).scalars()))
    if not bare:
        return
    places = list(_places(goods, product_ids))
    columns = zip(*((place.product_id, *place.cell, place.aisle, place.level) for place in places), strict=True)
    names = ("product_ids", "floors", "xs", "ys", "aisles", "shelves")
    session.execute(_PLACE, {"location_ids": bare, **dict(zip(names, map(list, columns), strict=True))})
    _publish(session, bare, {place.product_id: [place.cell] for place in places})
    sections = [{**section, "stock_location_id": store} for store in bare for section in _sections()]
    session.execute(insert(StoreSection).values(sections).on_conflict_do_nothing())


def _places(goods: list[dict[str, Any]], product_ids: Mapping[str, int]) -> list[_Place]:
    """A cell of its category's face for every product, five above each other."""
    counted: Counter[str] = Counter()
    places = []
    for values in goods:
        face = FACES[values["category"]]
        number = counted[face.category]
        counted[face.category] += 1
        cell = (face.floor, face.x, face.rows[number // _LEVELS % len(face.rows)])
        places.append(_Place(product_ids[values["sku"]], cell, face.aisle, 1 + number % _LEVELS))
    return places


def _publish(session: Session, location_ids: Sequence[int], shelves: publishing.Shelves) -> None:
    values = {**to_document(PLAN), "checksum": checksum(PLAN), "distances": publishing.publish(PLAN, shelves)}
    values |= {"status": LayoutStatus.PUBLISHED, "version": 1, "published_at": func.now()}
    session.execute(insert(StoreLayout).values([{**values, "stock_location_id": store} for store in location_ids]))


def _sections() -> list[dict[str, Any]]:
    """One for each face, from its first row to its last."""
    return [
        {
            "name": face.category,
            "floor": face.floor,
            "x1": face.x,
            "x2": face.x,
            "y1": face.rows[0],
            "y2": face.rows[-1],
        }
        for face in FACES.values()
    ]
