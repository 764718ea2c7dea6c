"""Branches: the supermarket's stores and warehouses, and the one that deliveries come from."""

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import LocationKind
from app.errors import DomainError
from app.models import StockLocation


class DeliverySourceMissing(DomainError):
    code = "CONFIG_ERROR"
    status = 404
    message = "No delivery warehouse is configured: set DELIVERY_SOURCE_BRANCH_ID or add an active warehouse."


def delivery_source() -> ScalarSelect[int | None]:
    """A scalar subquery for the id of the branch deliveries come from: by setting, else the oldest active warehouse."""
    statement = select(func.min(StockLocation.id)).where(StockLocation.is_active)
    chosen = settings().delivery_source_branch_id
    if chosen is not None:
        return statement.where(StockLocation.id == chosen).scalar_subquery()
    return statement.where(StockLocation.kind == LocationKind.WAREHOUSE).scalar_subquery()


def delivery_source_id(connection: Connection | Session) -> int:
    """The id of the branch deliveries come from. Raises DeliverySourceMissing."""
    found = connection.execute(select(delivery_source())).scalar_one()
    if found is None:
        raise DeliverySourceMissing
    return found
