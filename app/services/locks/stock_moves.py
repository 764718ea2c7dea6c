"""What asks for stock or moves it between branches: locked before the inventory rows."""

from typing import Literal

from sqlalchemy import BigInteger, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from app.models import StockRequest, StockTransfer
from app.services.staff import works_at

TransferSide = Literal["source", "destination", "either"]


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
