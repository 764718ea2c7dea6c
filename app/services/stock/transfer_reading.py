"""Transfers as the staff of their two branches see them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from app.domain.caller import Caller
from app.errors import NotFound
from app.models import Product, StockLocation, StockTransfer, StockTransferLine
from app.schemas.envelope import PageMeta
from app.schemas.transfers import Transfer, TransferLine, TransferQuery
from app.services.pages import newest_first
from app.services.staff import employee_id, works_at
from app.transaction import reading


class TransferNotFound(NotFound):
    message = "There is no such transfer, or you do not work at its branch."


_SOURCE, _DESTINATION = aliased(StockLocation), aliased(StockLocation)
_PLAIN = {"id", "status", "note", "requested_by", "sent_by", "received_by", "created_at", "sent_at", "received_at"}


def _line_columns() -> list[Any]:
    columns: dict[str, Any] = {name: getattr(StockTransferLine, name) for name in _LINE_FIELDS}
    columns |= {"product_name": Product.name, "product_sku": Product.sku}
    pairs: list[tuple[Any, Any]] = [(literal_column(f"'{name}'"), column) for name, column in columns.items()]
    return [part for pair in pairs for part in pair]


_LINE_FIELDS = ("id", "product_id", "requested_quantity", "sent_quantity", "received_quantity", "difference_reason")
_LINES = (
    select(func.json_agg(func.json_build_object(*_line_columns())).aggregate_order_by(StockTransferLine.id))
    .select_from(StockTransferLine)
    .join(Product, Product.id == StockTransferLine.product_id)
    .where(StockTransferLine.transfer_id == StockTransfer.id)
    .correlate(StockTransfer)
    .scalar_subquery()
)
_ROWS: Select[Any] = (
    select(
        *(column for column in StockTransfer.__table__.c if column.name in _PLAIN),
        StockTransfer.from_location_id.label("from_branch_id"),
        _SOURCE.name.label("from_branch_name"),
        StockTransfer.to_location_id.label("to_branch_id"),
        _DESTINATION.name.label("to_branch_name"),
        _LINES.label("lines"),
    )
    .select_from(StockTransfer)
    .join(_SOURCE, _SOURCE.id == StockTransfer.from_location_id)
    .join(_DESTINATION, _DESTINATION.id == StockTransfer.to_location_id)
)
_ONE = _ROWS.where(StockTransfer.id == bindparam("transfer_id", type_=BigInteger))
_OF_CALLER = or_(works_at(StockTransfer.from_location_id), works_at(StockTransfer.to_location_id))
_AT_EITHER = select(exists().where(StockLocation.id.in_(bindparam("ids", expanding=True)), works_at(StockLocation.id)))


def page(query: TransferQuery, caller: Caller) -> tuple[list[Transfer], PageMeta]:
    """Transfers from and to the branches the caller may see, newest first (one statement)."""
    rows = _ROWS.where(_OF_CALLER)
    if query.status is not None:
        rows = rows.where(StockTransfer.status == query.status)
    if query.branch_id is not None:
        rows = rows.where(
            or_(StockTransfer.from_location_id == query.branch_id, StockTransfer.to_location_id == query.branch_id)
        )
    found, meta = newest_first(rows, StockTransfer.id, query, {"employee_id": employee_id(caller)})
    return [_shown(row) for row in found], meta


def detail(caller: Caller, *, transfer_id: int) -> Transfer:
    """One transfer (one statement). Raises TransferNotFound."""
    values = {"transfer_id": transfer_id, "employee_id": employee_id(caller)}
    with reading() as connection:
        row = connection.execute(_ONE.where(_OF_CALLER), values).one_or_none()
    if row is None:
        raise TransferNotFound
    return _shown(row)


def transfer_of(session: Session, *, transfer_id: int) -> Transfer:
    """One transfer that is known to exist. A step."""
    return _shown(session.execute(_ONE, {"transfer_id": transfer_id}).one())


def works_at_either(session: Session, branches: Iterable[int], caller: Caller) -> bool:
    """Whether the caller works at one of the branches. A step."""
    values = {"ids": list(branches), "employee_id": employee_id(caller)}
    return bool(session.execute(_AT_EITHER, values).scalar_one())


def _shown(row: Any) -> Transfer:
    lines = [_line(line) for line in row.lines]
    values = {**row._mapping, "lines": lines, "has_difference": any(line.difference for line in lines)}
    return Transfer(**{name: values[name] for name in Transfer.model_fields})


def _line(values: dict[str, Any]) -> TransferLine:
    """Of a line that was not sent nothing arrives, and so nothing differs."""
    sent, received = values["sent_quantity"], values["received_quantity"]
    return TransferLine(**values, difference=None if received is None else received - (sent or 0))
