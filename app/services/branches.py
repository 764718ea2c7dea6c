"""Branches: the supermarket's stores and warehouses, and the one that deliveries come from."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, Select, bindparam, func, literal_column, select

from app.config import settings
from app.domain.enums import BRANCH_KINDS, LocationKind
from app.errors import DomainError, NotFound
from app.models import StockLocation
from app.schemas import branches as schemas
from app.schemas.envelope import PageMeta
from app.services.pages import paged, read_page
from app.transaction import reading


class BranchNotFound(NotFound):
    """A branch named in a body is none, or none the caller may use."""

    message = "There is no such branch."


class DeliverySourceMissing(DomainError):
    code = "CONFIG_ERROR"
    status = 404
    message = "No delivery warehouse is configured: set DELIVERY_SOURCE_BRANCH_ID or add an active warehouse."


def delivery_source() -> ScalarSelect[int | None]:
    """A scalar subquery for the id of the branch deliveries come from: by setting, else the oldest active warehouse."""
    statement = select(func.min(StockLocation.id)).where(StockLocation.is_active)
    chosen = settings().delivery_source_branch_id
    if chosen is not None:
        is_branch = StockLocation.kind.in_([_literal(kind) for kind in BRANCH_KINDS])
        return statement.where(StockLocation.id == literal_column(str(chosen)), is_branch).scalar_subquery()
    return statement.where(StockLocation.kind == _literal(LocationKind.WAREHOUSE)).scalar_subquery()


def _literal(kind: LocationKind) -> ColumnElement[Any]:
    """A constant of a statement, as `prepared` wants them."""
    return literal_column(f"'{kind}'", type_=StockLocation.kind.type)


_COLUMNS = (StockLocation.id, StockLocation.name, StockLocation.address, StockLocation.is_active, StockLocation.kind)
_ACTIVE: Select[*tuple[Any, ...]] = select(*_COLUMNS).where(
    StockLocation.is_active, StockLocation.kind.in_(BRANCH_KINDS)
)
_ONE = _ACTIVE.where(StockLocation.id == bindparam("branch_id", type_=BigInteger))
_LISTED = paged(_ACTIVE)


def list_branches(query: schemas.BranchQuery) -> tuple[list[schemas.Branch], PageMeta]:
    """A page of the active branches, oldest first, in one statement."""
    rows, meta = read_page(_LISTED, query, {})
    return [schemas.Branch.model_validate(row) for row in rows], meta


def show(branch_id: int) -> schemas.Branch:
    """An active branch. Raises NotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"branch_id": branch_id}).one_or_none()
    if row is None:
        raise NotFound
    return schemas.Branch.model_validate(row)


def show_delivery_source() -> schemas.BranchName:
    """Id and name of the branch deliveries come from. Raises DeliverySourceMissing."""
    statement = select(StockLocation.id, StockLocation.name).where(StockLocation.id == delivery_source())
    with reading() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        raise DeliverySourceMissing
    return schemas.BranchName.model_validate(row)
