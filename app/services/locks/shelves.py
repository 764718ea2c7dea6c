"""Stock by hand: a request or a transfer first, then the inventory rows by (stock location, product)."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import BigInteger, Select, bindparam, or_, select, text
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind
from app.models import Inventory, StockLocation, StockRequest, StockTransfer
from app.models.base import AnyRow
from app.services.staff import works_at

TransferSide = Literal["source", "destination", "either"]

_IS_BRANCH = Inventory.stock_location_id.in_(select(StockLocation.id).where(StockLocation.kind != LocationKind.SHOP))
_ROW = (
    select(*Inventory.__table__.c)
    .where(Inventory.id == bindparam("inventory_id", type_=BigInteger), _IS_BRANCH)
    .with_for_update(key_share=True, of=Inventory)
)
_SHELF = (
    select(*Inventory.__table__.c)
    .where(
        Inventory.stock_location_id == bindparam("stock_location_id", type_=BigInteger),
        Inventory.product_id == bindparam("product_id", type_=BigInteger),
        _IS_BRANCH,
        works_at(Inventory.stock_location_id),
    )
    .with_for_update(key_share=True, of=Inventory)
)
_SHELVES = text("""
    SELECT inventory.* FROM inventory
    JOIN unnest(CAST(:locations AS bigint[]), CAST(:products AS bigint[])) AS place(location_id, product_id)
      ON inventory.stock_location_id = place.location_id AND inventory.product_id = place.product_id
    ORDER BY inventory.stock_location_id, inventory.product_id
    FOR NO KEY UPDATE OF inventory
""")


def inventory_row(session: Session, *, inventory_id: int) -> AnyRow | None:
    """One inventory row of a branch, locked."""
    return session.execute(_ROW, {"inventory_id": inventory_id}).one_or_none()


def shelf(
    session: Session, *, stock_location_id: int, product_id: int, employee_id: int | None = None
) -> AnyRow | None:
    """The inventory row of a product at a branch, locked; None where the employee does not work there."""
    values = {"stock_location_id": stock_location_id, "product_id": product_id, "employee_id": employee_id}
    return session.execute(_SHELF, values).one_or_none()


def shelves(session: Session, places: Sequence[tuple[int, int]]) -> Sequence[AnyRow]:
    """The inventory rows of (stock location, product) pairs, locked in that order; pairs without a row are left out."""
    values = {"locations": [place[0] for place in places], "products": [place[1] for place in places]}
    return session.execute(_SHELVES, values).all()


def stock_request(session: Session, *, request_id: int) -> StockRequest | None:
    """A stock request, locked."""
    statement = select(StockRequest).where(StockRequest.id == request_id).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()


_SOURCE, _DESTINATION = works_at(StockTransfer.from_location_id), works_at(StockTransfer.to_location_id)
_TRANSFER = (
    select(StockTransfer)
    .where(StockTransfer.id == bindparam("transfer_id", type_=BigInteger))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
_TRANSFER_BY_SIDE: dict[TransferSide, Select[StockTransfer]] = {
    "source": _TRANSFER.where(_SOURCE),
    "destination": _TRANSFER.where(_DESTINATION),
    "either": _TRANSFER.where(or_(_SOURCE, _DESTINATION)),
}


def stock_transfer(
    session: Session, *, transfer_id: int, side: TransferSide, employee_id: int | None
) -> StockTransfer | None:
    """A transfer, locked; None where the employee does not work at that side of it."""
    values = {"transfer_id": transfer_id, "employee_id": employee_id}
    return session.execute(_TRANSFER_BY_SIDE[side], values).scalar_one_or_none()
