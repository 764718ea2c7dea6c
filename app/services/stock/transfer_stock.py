"""The stock that a transfer takes out of its source and puts into its destination."""

from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import MovementKind
from app.errors import Conflict
from app.models import StockTransfer, StockTransferLine
from app.services import locks
from app.services.stock import changing


class StockShort(Conflict):
    code = "INSUFFICIENT_STOCK"
    message = "The source has fewer pieces than that; details.missing lists what is there. Send fewer."


_MOVE = text("""
WITH moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT :stock_location_id, product_id, :kind, quantity, 0, 'transfer_line', line_id, :actor_user_id
    FROM jsonb_to_recordset(:lines) AS line(line_id bigint, product_id bigint, quantity integer)
    RETURNING product_id, available_change
)
UPDATE inventory SET available_quantity = available_quantity + available_change, updated_at = now()
FROM moved WHERE inventory.stock_location_id = :stock_location_id AND inventory.product_id = moved.product_id
""").bindparams(bindparam("lines", type_=JSONB))


def take_out(session: Session, transfer: StockTransfer, lines: Sequence[StockTransferLine], *, by: Caller) -> None:
    """Take the sent pieces from what is available at the source. A step; raises StockShort."""
    source = transfer.from_location_id
    sent = [line for line in lines if line.sent_quantity]
    rows = locks.shelves(session, [(source, line.product_id) for line in sent])
    available = {row.product_id: row.available_quantity for row in rows}
    missing = [
        {
            "product_id": line.product_id,
            "requested_quantity": line.sent_quantity,
            "available_quantity": available.get(line.product_id, 0),
        }
        for line in sent
        if (line.sent_quantity or 0) > available.get(line.product_id, 0)
    ]
    if missing:
        raise StockShort(details={"missing": missing})
    pieces = {line: -(line.sent_quantity or 0) for line in sent}
    _move(session, source, MovementKind.TRANSFER_OUT, pieces, by)


def put_in(session: Session, transfer: StockTransfer, lines: Sequence[StockTransferLine], *, by: Caller) -> None:
    """Add what arrived to what is available at the destination, which may not have kept the product so far. A step."""
    destination = transfer.to_location_id
    arrived = [line for line in lines if line.received_quantity]
    changing.open_shelves(session, [changing.NewShelf(destination, line.product_id) for line in arrived], by=by)
    locks.shelves(session, [(destination, line.product_id) for line in arrived])
    pieces = {line: line.received_quantity or 0 for line in arrived}
    _move(session, destination, MovementKind.TRANSFER_IN, pieces, by)


def _move(session: Session, place: int, kind: MovementKind, pieces: dict[StockTransferLine, int], by: Caller) -> None:
    lines = [{"line_id": line.id, "product_id": line.product_id, "quantity": change} for line, change in pieces.items()]
    values = {"stock_location_id": place, "kind": kind, "lines": lines, "actor_user_id": by.user_id}
    session.execute(_MOVE, values)
