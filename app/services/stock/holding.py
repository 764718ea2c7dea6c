"""What open orders hold of the stock. Read it with the inventory row locked: whoever changes it locks that first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict

Place = tuple[int, int]
"""A stock location and a product, in the order of the locks."""

_HELD = text("""
WITH places AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:locations AS bigint[]), CAST(:products AS bigint[])) AS place(location_id, product_id)
), holding AS (
    SELECT location_id, product_id, held_quantity,
           CASE WHEN picked_status = 'PENDING' THEN held_quantity ELSE 0 END AS unpicked
    FROM places JOIN order_items USING (product_id)
    JOIN orders ON orders.id = order_items.order_id AND orders.stock_location_id = location_id
    WHERE held_quantity > 0 AND orders.status NOT IN ('DELIVERED', 'CANCELED')
    UNION ALL
    SELECT location_id, product_id, held_quantity, 0
    FROM places JOIN substitutions USING (product_id)
    JOIN orders ON orders.id = substitutions.order_id AND orders.stock_location_id = location_id
    WHERE held_quantity > 0 AND orders.status NOT IN ('DELIVERED', 'CANCELED')
    UNION ALL
    SELECT location_id, product_id, quantity, quantity
    FROM places JOIN reservations USING (product_id)
    WHERE reservations.stock_location_id = location_id AND reservations.state = 'ACTIVE'
)
SELECT location_id, product_id, sum(held_quantity) AS held, sum(unpicked) AS unpicked
FROM holding GROUP BY location_id, product_id
""")


class ReservedByOrders(Conflict):
    code = "RESERVED_BY_ORDERS"
    message = "Open orders hold more pieces than that. Load the row again, and cancel or hand over orders first."


@dataclass(frozen=True, slots=True)
class Held:
    """Pieces of a product that open orders of a branch hold, and how many of them nobody has picked yet."""

    pieces: int = 0
    unpicked: int = 0


def held_by_orders(session: Session, places: Iterable[Place]) -> dict[Place, Held]:
    """What open orders hold at the places; those of which they hold nothing are left out (one statement). A step.

    A substitute is in the bag from the moment it is chosen: its pieces count as picked.
    """
    columns: list[Any] = list(zip(*places, strict=True)) or [(), ()]
    rows = session.execute(_HELD, {"locations": list(columns[0]), "products": list(columns[1])})
    return {(row.location_id, row.product_id): Held(int(row.held), int(row.unpicked)) for row in rows}
