"""Writing stock changed by hand: the change, the movement it explains, and the inventory row, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import MovementKind
from app.models.base import AnyRow

_APPLY = text("""
WITH wanted AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(:changes) AS change(
        inventory_id bigint, stock_location_id bigint, product_id bigint, kind text, available_before integer,
        available_after integer, reserved_before integer, reserved_after integer, counted_quantity integer,
        stock_request_id bigint, reason text)
), changed AS (
    INSERT INTO stock_changes (stock_location_id, product_id, kind, available_before, available_after, reserved_before,
                               reserved_after, counted_quantity, stock_request_id, reason, actor_user_id)
    SELECT stock_location_id, product_id, kind, available_before, available_after, reserved_before,
           reserved_after, counted_quantity, stock_request_id, reason, :actor_user_id
    FROM wanted
    RETURNING *
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT stock_location_id, product_id, kind, available_after - available_before, reserved_after - reserved_before,
           'stock_change', id, actor_user_id
    FROM changed
), shelved AS (
    UPDATE inventory
    SET available_quantity = available_after, reserved_quantity = reserved_after, updated_at = now(),
        needs_recount = needs_recount AND kind <> 'recount'
    FROM wanted WHERE inventory.id = wanted.inventory_id
)
SELECT id, created_at FROM changed
""").bindparams(bindparam("changes", type_=JSONB))

_OPEN = text("""
WITH fresh AS (
    INSERT INTO inventory (stock_location_id, product_id, available_quantity, reserved_quantity, reorder_point)
    SELECT stock_location_id, product_id, available_quantity, reserved_quantity, reorder_point
    FROM jsonb_to_recordset(:rows) AS wanted(
        stock_location_id bigint, product_id bigint, available_quantity integer, reserved_quantity integer,
        reorder_point integer)
    ORDER BY stock_location_id, product_id
    ON CONFLICT (stock_location_id, product_id) DO NOTHING
    RETURNING *
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT stock_location_id, product_id, 'opening', available_quantity, reserved_quantity, 'inventory', id,
           :actor_user_id
    FROM fresh
)
SELECT * FROM fresh
""").bindparams(bindparam("rows", type_=JSONB))

_REORDER_POINTS = text("""
UPDATE inventory SET reorder_point = wanted.reorder_point, updated_at = now()
FROM jsonb_to_recordset(:rows) AS wanted(id bigint, reorder_point integer)
WHERE inventory.id = wanted.id
""").bindparams(bindparam("rows", type_=JSONB))


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one locked inventory row (`shelf`): what it holds afterwards, in pieces, and why."""

    shelf: AnyRow
    kind: MovementKind
    available: int
    reserved: int
    counted_quantity: int | None = None
    stock_request_id: int | None = None
    reason: str | None = None

    def values(self) -> dict[str, Any]:
        return {
            "inventory_id": self.shelf.id,
            "stock_location_id": self.shelf.stock_location_id,
            "product_id": self.shelf.product_id,
            "kind": self.kind,
            "available_before": self.shelf.available_quantity,
            "available_after": self.available,
            "reserved_before": self.shelf.reserved_quantity,
            "reserved_after": self.reserved,
            "counted_quantity": self.counted_quantity,
            "stock_request_id": self.stock_request_id,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class NewShelf:
    """An inventory row to be made, with its pieces."""

    stock_location_id: int
    product_id: int
    available_quantity: int = 0
    reserved_quantity: int = 0
    reorder_point: int = 0

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def apply(session: Session, changes: Sequence[Change], *, by: Caller) -> Sequence[AnyRow]:
    """Write the changes; their (id, created_at) come back in no particular order (one statement). A step.

    The inventory rows must be locked. A recount clears needs_recount.
    """
    values = {"changes": [change.values() for change in changes], "actor_user_id": by.user_id}
    return session.execute(_APPLY, values).all()


def open_shelves(session: Session, shelves: Sequence[NewShelf], *, by: Caller) -> Sequence[AnyRow]:
    """Make the inventory rows that are not there yet, and answer those that were made (one statement). A step.

    Comes before the locks of inventory rows: rows that others are making at the same time are waited for here.
    """
    values = {"rows": [shelf.values() for shelf in shelves], "actor_user_id": by.user_id}
    return session.execute(_OPEN, values).all()


def set_reorder_points(session: Session, points: dict[int, int]) -> None:
    """Write the reorder points of locked inventory rows, given by the rows' ids (one statement). A step."""
    rows = [{"id": inventory_id, "reorder_point": point} for inventory_id, point in points.items()]
    session.execute(_REORDER_POINTS, {"rows": rows})
