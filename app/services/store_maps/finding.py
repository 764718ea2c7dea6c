"""Where products are and the shortest path to them, in the words of the first trolley app (smart-cart.md, A.2)."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.caller import Caller
from app.domain.store_map.layout import Cell
from app.domain.store_map.legs import Leg
from app.domain.store_map.planner import Options
from app.domain.store_map.stops import Item
from app.models import Product, ProductPlace
from app.schemas.store_maps import StoreSectionAnswer
from app.schemas.store_routes import (
    PathDestination,
    PathForm,
    PathPoint,
    PathSegment,
    ProductLocation,
    ProductLocationQuery,
    ShortestPath,
)
from app.services.catalog import conditions
from app.services.store_maps import goods, sections, standing
from app.services.store_maps.reading import published
from app.services.store_maps.routing import along
from app.transaction import reading

_PLACES = (
    select(
        ProductPlace.product_id,
        ProductPlace.floor,
        ProductPlace.x,
        ProductPlace.y,
        ProductPlace.aisle_num,
        ProductPlace.shelf_num,
    )
    .join(Product, Product.id == ProductPlace.product_id)
    .where(
        ProductPlace.stock_location_id == bindparam("branch_id", type_=BigInteger),
        ProductPlace.product_id == func.any(bindparam("product_ids", type_=ARRAY(BigInteger))),
        *conditions.listed(),
    )
    .order_by(ProductPlace.product_id, ProductPlace.id)
)


def locations(query: ProductLocationQuery, caller: Caller) -> list[ProductLocation]:
    """The shelves of some products in a branch, each with its section; products that stand nowhere are left out.

    Raises NoTrolleyHere where neither a branch is named nor the caller has a trolley.
    """
    with reading() as connection:
        branch_id = query.branch_id or standing.of_caller(connection, caller).branch_id
        known = sections.of_branch(connection, branch_id)
        values = {"branch_id": branch_id, "product_ids": list(query.product_ids)}
        rows = connection.execute(_PLACES, values).all()
    return [
        ProductLocation(
            product_id=row.product_id,
            aisle_num=row.aisle_num,
            shelf_num=row.shelf_num,
            floor=row.floor,
            x_coord=row.x,
            y_coord=row.y,
            section_id=section.section_id if section else None,
            section=section,
        )
        for row in rows
        for section in [sections.around(known, (row.floor, row.x, row.y))]
    ]


def shortest_path(form: PathForm, caller: Caller) -> ShortestPath:
    """The way from the caller's trolley through some products or cells, in the order that makes it short.

    Raises NoTrolleyHere, LayoutNotFound, LocationUnknown, StartOutsideStore.
    """
    with reading() as connection:
        trolley = standing.of_caller(connection, caller)
    found = published(trolley.branch_id)
    with reading() as connection:
        known = sections.of_branch(connection, trolley.branch_id)
        wanted = [place.product_id for place in form.destinations if place.product_id is not None]
        items = goods.items(connection, wanted, branch_id=trolley.branch_id) + _cells(form.destinations)
    start = _start(form, trolley, found.store.layout.cell_cm)
    route = along(found.store, start, items, Options(end="none"))
    return ShortestPath(
        start=_point(route.legs[0].polyline[0] if route.legs else start),
        segments=[_segment(leg, known) for leg in route.legs],
        layout_version=found.version,
        unlocated=_products(route.unlocated),
        unreachable=_products(route.unreachable),
    )


def _cells(destinations: Sequence[PathDestination]) -> list[Item]:
    """Cells to go to, as things with numbers below zero that stand there."""
    cells = {(place.floor, place.x, place.y) for place in destinations if place.x is not None and place.y is not None}
    return [Item(-number, (cell,), "your destination") for number, cell in enumerate(sorted(cells), 1)]


def _start(form: PathForm, trolley: standing.Standing, cell_cm: int) -> Cell:
    if form.start_x is not None and form.start_y is not None:
        return trolley.spot[0] if trolley.spot else 0, form.start_x, form.start_y
    return trolley.cell(cell_cm)


def _segment(leg: Leg, known: Sequence[StoreSectionAnswer]) -> PathSegment:
    end = leg.polyline[-1]
    section = sections.around(known, end)
    is_product = leg.product_id is not None and leg.product_id > 0
    return PathSegment(
        product_id=leg.product_id if is_product else None,
        section_id=section.section_id if section else None,
        destination=_point(end),
        path_length=leg.steps,
        path=[_point(cell) for cell in leg.polyline],
        last_instruction=leg.instruction,
    )


def _point(cell: Cell) -> PathPoint:
    return PathPoint(floor=cell[0], x=cell[1], y=cell[2])


def _products(numbers: Sequence[int]) -> list[int]:
    return [number for number in numbers if number > 0]
