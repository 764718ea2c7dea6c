"""What lies in trolleys is out of the stock that others may buy, until it is paid for, put back or forgotten.

A scanned product is in somebody's hand, so a scan is never refused for a stock of nothing: the piece counts as found
and the shelf is to be counted (checkout-design, section 10).
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services import locks
from app.transaction import transaction

HELD_FOR = timedelta(minutes=30)
"""How long after the last scan a trolley's goods are kept for it."""

# A product that the branch never had gets its row with the first scan.
_OPEN_SHELF = text("""
    INSERT INTO inventory (stock_location_id, product_id, available_quantity, reserved_quantity)
    VALUES (:stock_location_id, :product_id, 0, 0) ON CONFLICT DO NOTHING
""")
_TAKE = text("""
WITH shelf AS (
    SELECT id, greatest(:pieces - available_quantity, 0) AS found FROM inventory
    WHERE stock_location_id = :stock_location_id AND product_id = :product_id
), stock AS (
    UPDATE inventory
    SET available_quantity = available_quantity + shelf.found - :pieces,
        reserved_quantity = reserved_quantity + :pieces,
        needs_recount = needs_recount OR shelf.found > 0, updated_at = now()
    FROM shelf WHERE inventory.id = shelf.id
    RETURNING shelf.found
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                                 source_id)
    SELECT :stock_location_id, :product_id, kind, available_change, reserved_change, 'basket_move', :move_id
    FROM stock, LATERAL (VALUES ('found', found, 0), ('reserve', -:pieces, :pieces))
        AS change(kind, available_change, reserved_change)
    WHERE available_change <> 0
), kept AS (
    UPDATE reservations SET expires_at = now() + :held_for, updated_at = now()
    WHERE cart_id = :cart_id AND state = 'ACTIVE' AND product_id <> :product_id
)
INSERT INTO reservations AS held (cart_id, product_id, stock_location_id, quantity, expires_at)
VALUES (:cart_id, :product_id, :stock_location_id, :pieces, now() + :held_for)
ON CONFLICT (cart_id, product_id) WHERE state = 'ACTIVE'
DO UPDATE SET quantity = held.quantity + excluded.quantity, expires_at = excluded.expires_at, updated_at = now()
""")
_GIVE_BACK = text("""
WITH less AS (
    UPDATE reservations
    SET state = CASE WHEN quantity > :pieces THEN state ELSE 'RELEASED' END,
        quantity = CASE WHEN quantity > :pieces THEN quantity - :pieces ELSE quantity END, updated_at = now()
    WHERE cart_id = :cart_id AND product_id = :product_id AND state = 'ACTIVE'
    RETURNING stock_location_id, product_id
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                                 source_id)
    SELECT stock_location_id, product_id, 'unreserve', :pieces, -:pieces, 'basket_move', :move_id FROM less
)
UPDATE inventory
SET available_quantity = available_quantity + :pieces, reserved_quantity = reserved_quantity - :pieces,
    updated_at = now()
FROM less
WHERE inventory.stock_location_id = less.stock_location_id AND inventory.product_id = less.product_id
""")


def take(session: Session, *, cart_id: int, stock_location_id: int, product_id: int, pieces: int, move_id: int) -> None:
    """Put pieces of a product aside for a locked cart. A step; `move_id` is the basket move that causes it."""
    values = {"stock_location_id": stock_location_id, "product_id": product_id}
    locks.reservation(session, cart_id=cart_id, product_id=product_id)
    session.execute(_OPEN_SHELF, values)
    locks.stock_of_reservations(session, stock_location_id=stock_location_id, product_ids=[product_id])
    more = {"cart_id": cart_id, "pieces": pieces, "move_id": move_id, "held_for": HELD_FOR}
    session.execute(_TAKE, {**values, **more})


def give_back(session: Session, *, cart_id: int, product_id: int, pieces: int, move_id: int) -> None:
    """Let others buy pieces that went back onto the shelf. A step.

    Nothing is done for a reservation that has expired: its pieces are back in the stock already.
    """
    held = locks.reservation(session, cart_id=cart_id, product_id=product_id)
    if held is None:
        return
    locks.stock_of_reservations(session, stock_location_id=held.stock_location_id, product_ids=[product_id])
    values = {"cart_id": cart_id, "product_id": product_id, "pieces": min(pieces, held.quantity), "move_id": move_id}
    session.execute(_GIVE_BACK, values)


_END = text("""
WITH ended AS (
    UPDATE reservations SET state = :state, updated_at = now() WHERE id = ANY(CAST(:ids AS bigint[]))
    RETURNING id, stock_location_id, product_id, quantity
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                                 source_id)
    SELECT stock_location_id, product_id, 'unreserve', quantity, -quantity, 'reservation', id FROM ended
)
UPDATE inventory
SET available_quantity = available_quantity + ended.quantity, reserved_quantity = reserved_quantity - ended.quantity,
    updated_at = now()
FROM ended
WHERE inventory.stock_location_id = ended.stock_location_id AND inventory.product_id = ended.product_id
""")


def end(session: Session, *, cart_id: int, state: str, only_expired: bool = False) -> int:
    """End the reservations of a locked cart and put their pieces back into the stock. A step; answers how many.

    A checkout consumes them so and takes the same pieces for its order in the same transaction.
    """
    rows = locks.reservations(session, cart_id=cart_id, only_expired=only_expired)
    if not rows:
        return 0
    places = {row.stock_location_id for row in rows}
    for place in sorted(places):
        products = [row.product_id for row in rows if row.stock_location_id == place]
        locks.stock_of_reservations(session, stock_location_id=place, product_ids=products)
    session.execute(_END, {"state": state, "ids": [row.id for row in rows]})
    return len(rows)


def expire_due(most_carts: int = 50) -> int:
    """Give back what forgotten trolleys hold; answers how many reservations ended. Any number of sweepers may run."""
    ended = 0
    for _ in range(most_carts):
        with transaction() as session:
            locks.limit_waits(session)
            cart_id = locks.cart_with_expired_reservations(session)
            if cart_id is None:
                break
            ended += end(session, cart_id=cart_id, state="EXPIRED", only_expired=True)
    return ended
