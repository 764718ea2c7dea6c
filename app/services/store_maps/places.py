"""On which shelves the products of a branch stand."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.store_map.layout import Cell
from app.errors import DomainError
from app.models import Product, ProductPlace
from app.schemas.envelope import PageMeta
from app.schemas.store_maps import (
    MOST_PLACES_OF_ONE,
    ManagedPlace,
    ManagedPlaceQuery,
    ProductPlaceForm,
    ProductPlacesForm,
    ProductPlacesSaved,
)
from app.services import audit, locks
from app.services.branches import BranchNotFound
from app.services.pages import paged_and_capped, read_page
from app.services.store_maps import reading as plans_of
from app.services.store_maps.reading import Plans
from app.transaction import reading, transaction

MOST_TOLD = 200


class PlacesRefused(DomainError):
    """`details` lists the faults by kind, at most 200 of each; nothing has been saved."""

    code = "PLACES_REFUSED"
    message = "Some places cannot be: details lists unknown products, cells off the map, repeats and too many shelves."


_OF_BRANCH = "product_places.stock_location_id = :branch_id"
_REPLACE = text(f"""
    WITH given AS (
        SELECT * FROM ROWS FROM (jsonb_to_recordset(:places) AS (
            product_id bigint, floor integer, x integer, y integer, aisle_num integer, shelf_num integer
        )) WITH ORDINALITY AS place (product_id, floor, x, y, aisle_num, shelf_num, number)
    ), gone AS (
        DELETE FROM product_places WHERE {_OF_BRANCH} AND NOT EXISTS (
            SELECT FROM given WHERE (given.product_id, given.floor, given.x, given.y)
                = (product_places.product_id, product_places.floor, product_places.x, product_places.y)
        )
    )
    INSERT INTO product_places (stock_location_id, product_id, floor, x, y, aisle_num, shelf_num)
    SELECT :branch_id, product_id, floor, x, y, aisle_num, shelf_num FROM given ORDER BY number
    ON CONFLICT (stock_location_id, product_id, floor, x, y)
    DO UPDATE SET aisle_num = excluded.aisle_num, shelf_num = excluded.shelf_num
""").bindparams(bindparam("places", type_=JSONB))  # noqa: S608 (put together from a constant)


def replace(form: ProductPlacesForm, caller: Caller, *, branch_id: int) -> ProductPlacesSaved:
    """Take the given places for all there are in a branch; they count for routes at once.

    Raises BranchNotFound, LayoutNotFound, PlacesRefused.
    """
    places = form.root
    with transaction() as session:
        if locks.branch(session, branch_id=branch_id) is None:
            raise BranchNotFound
        _check(session, places, plans_of.plans(session, branch_id))
        rows = [place.model_dump() for place in places]
        session.execute(_REPLACE, {"branch_id": branch_id, "places": rows})
        saved = {"places": len(places), "products": len({place.product_id for place in places})}
        audit.record(session, entity_type="product_places", action="REPLACE", entity_id=branch_id, by=caller, new=saved)
    with reading() as connection:
        found = plans_of.plans(connection, branch_id)
    return ProductPlacesSaved(**saved, needs_publishing=plans_of.needs_publishing(found))


def _check(session: Session, places: Sequence[ProductPlaceForm], plans: Plans) -> None:
    """Raises PlacesRefused with everything that is wrong."""
    repeats = Counter((place.product_id, _cell(place)) for place in places)
    shelves = Counter(product for product, _ in repeats)
    layouts = plans.layouts
    faults: dict[str, list[Any]] = {
        "unknown_products": _unknown(session, sorted(shelves)),
        "off_the_map": [
            place.model_dump(include={"product_id", "floor", "x", "y"})
            for place in places
            if all(layout.sign(_cell(place)) is None for layout in layouts)
        ],
        "repeated": [
            {"product_id": product, "floor": cell[0], "x": cell[1], "y": cell[2]}
            for (product, cell), times in repeats.items()
            if times > 1
        ],
        "on_too_many_shelves": sorted(product for product, count in shelves.items() if count > MOST_PLACES_OF_ONE),
    }
    if any(faults.values()):
        raise PlacesRefused(details={kind: found[:MOST_TOLD] for kind, found in faults.items()})


def _cell(place: ProductPlaceForm) -> Cell:
    return place.floor, place.x, place.y


_KNOWN = select(Product.id).where(
    Product.id == func.any(bindparam("product_ids", type_=ARRAY(BigInteger))), Product.shop_id.is_(None)
)


def _unknown(session: Session, product_ids: list[int]) -> list[int]:
    known = set(session.execute(_KNOWN, {"product_ids": product_ids}).scalars())
    return [product_id for product_id in product_ids if product_id not in known]


_ASKED = bindparam("product_id", type_=BigInteger)
_LISTED = paged_and_capped(
    select(
        ProductPlace.id,
        ProductPlace.product_id,
        Product.name.label("product_name"),
        ProductPlace.floor,
        ProductPlace.x,
        ProductPlace.y,
        ProductPlace.aisle_num,
        ProductPlace.shelf_num,
    )
    .join(Product, Product.id == ProductPlace.product_id)
    .where(
        ProductPlace.stock_location_id == bindparam("branch_id", type_=BigInteger),
        or_(_ASKED.is_(None), ProductPlace.product_id == _ASKED),
    ),
    ProductPlace.id,
)


def list_places(query: ManagedPlaceQuery, *, branch_id: int) -> tuple[list[ManagedPlace], PageMeta]:
    """A page of the places of a branch, the oldest first. Raises BranchNotFound."""
    plans_of.require_branch(branch_id)
    rows, meta = read_page(_LISTED, query, {"branch_id": branch_id, "product_id": query.product_id})
    return [_shown(row) for row in rows], meta


def _shown(row: Any) -> ManagedPlace:
    return ManagedPlace.model_validate({name: getattr(row, name) for name in ManagedPlace.model_fields})
