"""Reading floor plans: the published one for everybody, the draft for managers."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, select
from sqlalchemy.orm import Session

from app.domain.enums import BRANCH_KINDS, LayoutStatus
from app.domain.store_map import planner
from app.domain.store_map.layout import Cell, Layout, from_document
from app.domain.store_map.places import access_cells
from app.domain.store_map.planner import StoreMap
from app.domain.store_map.publishing import Shelves
from app.domain.store_map.publishing import faults as faults_of
from app.errors import NotFound
from app.models import ProductPlace, StockLocation, StoreLayout
from app.models.base import AnyRow
from app.schemas.store_maps import LayoutFault, ManagedLayout, PublishedLayout
from app.services.branches import BranchNotFound
from app.services.store_maps.kept import maps
from app.transaction import reading


class LayoutNotFound(NotFound):
    code = "LAYOUT_NOT_FOUND"
    message = "This branch has no floor plan yet."


_branch_id = bindparam("branch_id", type_=BigInteger)
_IS_BRANCH = (StockLocation.id == _branch_id, StockLocation.kind.in_(BRANCH_KINDS))
_PUBLISHED = and_(StoreLayout.stock_location_id == StockLocation.id, StoreLayout.status == LayoutStatus.PUBLISHED)
_DRAWING = (StoreLayout.cell_cm, StoreLayout.floors, StoreLayout.stairs, StoreLayout.checksum)

_HEAD: Select[*tuple[Any, ...]] = (
    select(StockLocation.id, StoreLayout.id.label("layout_id"), StoreLayout.version, StoreLayout.checksum)
    .outerjoin(StoreLayout, _PUBLISHED)
    .where(*_IS_BRANCH, StockLocation.is_active)
)
_WHOLE: Select[*tuple[Any, ...]] = select(*_DRAWING, StoreLayout.distances).where(
    StoreLayout.id == bindparam("layout_id", type_=BigInteger)
)
_SHOWN: Select[*tuple[Any, ...]] = (
    select(StockLocation.id, StoreLayout.version, StoreLayout.published_at, *_DRAWING)
    .outerjoin(StoreLayout, _PUBLISHED)
    .where(*_IS_BRANCH, StockLocation.is_active)
)


@dataclass(frozen=True, slots=True)
class Published:
    """The published map of a branch."""

    branch_id: int
    version: int
    store: StoreMap


def published(branch_id: int) -> Published:
    """The published map of an active branch, in one statement where this process has it already.

    Raises BranchNotFound, LayoutNotFound.
    """
    with reading() as connection:
        head = _found(connection.execute(_HEAD, {"branch_id": branch_id}).one_or_none())
        return Published(branch_id, head.version, _store(connection, head))


def _store(connection: Connection, head: AnyRow) -> StoreMap:
    """The map of a published layout: kept, or loaded and kept."""
    key = (head.layout_id, head.checksum)
    store = maps.get(key)
    if store is None:
        row = connection.execute(_WHOLE, {"layout_id": head.layout_id}).one()
        store = maps.keep(key, planner.load(layout_of(row), row.distances))
    return store


def show(branch_id: int) -> PublishedLayout:
    """The published plan of an active branch, in one statement. Raises BranchNotFound, LayoutNotFound."""
    with reading() as connection:
        row = _found(connection.execute(_SHOWN, {"branch_id": branch_id}).one_or_none())
    return PublishedLayout(branch_id=row.id, version=row.version, published_at=row.published_at, **_drawing(row))


def _found(row: AnyRow | None) -> AnyRow:
    """Raises BranchNotFound, and LayoutNotFound where the branch has published none."""
    if row is None:
        raise BranchNotFound
    if row.version is None:
        raise LayoutNotFound
    return row


def layout_of(row: AnyRow) -> Layout:
    """The plan a row of `store_layouts` holds."""
    return from_document({"cell_cm": row.cell_cm, "floors": row.floors, "stairs": row.stairs})


def _drawing(row: AnyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("cell_cm", "floors", "stairs", "checksum")}


_CURRENT: Select[*tuple[Any, ...]] = (
    select(
        StockLocation.id,
        StoreLayout.id.label("layout_id"),
        StoreLayout.version,
        StoreLayout.status,
        *_DRAWING,
    )
    .outerjoin(
        StoreLayout,
        and_(
            StoreLayout.stock_location_id == StockLocation.id,
            StoreLayout.status.in_((LayoutStatus.DRAFT, LayoutStatus.PUBLISHED)),
        ),
    )
    .where(*_IS_BRANCH)
    .order_by(StoreLayout.version.desc().nulls_first())
)
_PLACES = (
    select(ProductPlace.product_id, ProductPlace.floor, ProductPlace.x, ProductPlace.y)
    .where(ProductPlace.stock_location_id == _branch_id)
    .order_by(ProductPlace.id)
)


@dataclass(frozen=True, slots=True)
class Plans:
    """What managers work on: the plan to publish next (a draft, or the published one again), and where things stand."""

    branch_id: int
    source: AnyRow
    published: AnyRow | None
    shelves: Shelves

    @property
    def layouts(self) -> list[Layout]:
        """The plans places may lie on: the draft and the published one, if there are both."""
        rows = {row.layout_id: row for row in (self.source, self.published) if row is not None}
        return [layout_of(row) for row in rows.values()]


def plans(connection: Connection | Session, branch_id: int) -> Plans:
    """The plans of a branch, active or not. Raises BranchNotFound, LayoutNotFound."""
    rows = connection.execute(_CURRENT, {"branch_id": branch_id}).all()
    if not rows:
        raise BranchNotFound
    if rows[0].layout_id is None:
        raise LayoutNotFound
    standing = next((row for row in rows if row.status is LayoutStatus.PUBLISHED), None)
    return Plans(branch_id, rows[0], standing, shelves(connection, branch_id))


def shelves(connection: Connection | Session, branch_id: int) -> Shelves:
    """The cells on which each product of a branch stands, the oldest first."""
    found: dict[int, list[Cell]] = {}
    for row in connection.execute(_PLACES, {"branch_id": branch_id}):
        found.setdefault(row.product_id, []).append((row.floor, row.x, row.y))
    return found


def show_managed(branch_id: int) -> ManagedLayout:
    """The draft with its faults, or the published plan. Raises BranchNotFound, LayoutNotFound."""
    with reading() as connection:
        found = plans(connection, branch_id)
    return ManagedLayout(
        branch_id=branch_id,
        status=found.source.status,
        published_version=found.published.version if found.published else None,
        needs_publishing=needs_publishing(found),
        faults=faults(layout_of(found.source), found.shelves),
        **_drawing(found.source),
    )


def faults(layout: Layout, standing: Shelves) -> list[LayoutFault]:
    """What stands against a plan, in the form of an answer."""
    found = []
    for fault in faults_of(layout, standing):
        floor, x, y = fault.cell or (None, None, None)
        place = {"floor": floor, "x": x, "y": y}
        found.append(LayoutFault(message=fault.text, product_id=fault.product_id, blocks=fault.blocks, **place))
    return found


def needs_publishing(found: Plans) -> bool:
    """Whether publishing would change anything: there is a draft, or a place without known distances."""
    row = found.published
    if row is None or found.source.layout_id != row.layout_id:
        return True
    with reading() as connection:
        store = _store(connection, row)
    cells = (shelf for places in found.shelves.values() for shelf in places)
    return any(index not in store.table.places for shelf in cells for index in access_cells(store.grid, shelf))


_BRANCH = select(StockLocation.id).where(*_IS_BRANCH)


def require_branch(branch_id: int) -> None:
    """Raises BranchNotFound unless it is a branch, active or not."""
    with reading() as connection:
        if connection.execute(_BRANCH, {"branch_id": branch_id}).one_or_none() is None:
            raise BranchNotFound
