"""Branches: the supermarket's stores and warehouses, and the one that deliveries come from."""

from typing import Any

from sqlalchemy import BigInteger, ScalarSelect, Select, bindparam, func, select, true

from app.config import settings
from app.domain.enums import LocationKind
from app.errors import DomainError, NotFound
from app.models import StockLocation
from app.models.base import AnyRow
from app.schemas import branches as schemas
from app.schemas.envelope import PageMeta
from app.schemas.pagination import decode_cursor, encode_cursor, page_meta
from app.transaction import reading


class DeliverySourceMissing(DomainError):
    code = "CONFIG_ERROR"
    status = 404
    message = "No delivery warehouse is configured: set DELIVERY_SOURCE_BRANCH_ID or add an active warehouse."


_BRANCH_KINDS = (LocationKind.STORE, LocationKind.WAREHOUSE)


def delivery_source() -> ScalarSelect[int | None]:
    """A scalar subquery for the id of the branch deliveries come from: by setting, else the oldest active warehouse."""
    statement = select(func.min(StockLocation.id)).where(StockLocation.is_active)
    chosen = settings().delivery_source_branch_id
    if chosen is not None:
        is_branch = StockLocation.kind.in_(_BRANCH_KINDS)
        return statement.where(StockLocation.id == chosen, is_branch).scalar_subquery()
    return statement.where(StockLocation.kind == LocationKind.WAREHOUSE).scalar_subquery()


_COLUMNS = (StockLocation.id, StockLocation.name, StockLocation.address, StockLocation.is_active, StockLocation.kind)
_ACTIVE = select(*_COLUMNS).where(StockLocation.is_active, StockLocation.kind.in_(_BRANCH_KINDS))
_ONE = _ACTIVE.where(StockLocation.id == bindparam("branch_id", type_=BigInteger))
_COUNT = select(func.count().label("total")).select_from(_ACTIVE.subquery()).subquery("counted")
_PAGE = (
    _ACTIVE.where(StockLocation.id > bindparam("last_id", type_=BigInteger))
    .order_by(StockLocation.id)
    .limit(bindparam("rows"))
    .offset(bindparam("offset"))
    .subquery("page")
)
_LISTED: Select[Any] = (
    select(_COUNT.c.total, *_PAGE.c).select_from(_COUNT).outerjoin(_PAGE, true()).order_by(_PAGE.c.id)
)


def list_branches(query: schemas.BranchQuery) -> tuple[list[schemas.Branch], PageMeta]:
    """A page of the active branches, oldest first, in one statement."""
    last_id, offset = 0, query.offset
    if query.cursor is not None:
        (last_id,), offset = decode_cursor(query.cursor, int), 0
    with reading() as connection:
        rows = connection.execute(_LISTED, {"last_id": last_id, "offset": offset, "rows": query.limit + 1}).all()
    found = [_shown(row) for row in rows if row.id is not None]
    has_next = len(found) > query.limit
    return found[: query.limit], page_meta(
        limit=query.limit,
        offset=query.offset,
        total=rows[0].total,
        has_next=has_next,
        next_cursor=encode_cursor(found[query.limit - 1].id) if has_next else None,
    )


def show(branch_id: int) -> schemas.Branch:
    """An active branch. Raises NotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"branch_id": branch_id}).one_or_none()
    if row is None:
        raise NotFound
    return _shown(row)


def show_delivery_source() -> schemas.BranchName:
    """Id and name of the branch deliveries come from. Raises DeliverySourceMissing."""
    statement = select(StockLocation.id, StockLocation.name).where(StockLocation.id == delivery_source())
    with reading() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        raise DeliverySourceMissing
    return schemas.BranchName.model_validate(row)


def _shown(row: AnyRow) -> schemas.Branch:
    return schemas.Branch(id=row.id, name=row.name, address=row.address, is_active=row.is_active, kind=row.kind)
