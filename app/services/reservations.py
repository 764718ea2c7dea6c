"""What lies in trolleys is out of the stock that others may buy, until it is paid for, put back or forgotten.

A scanned product is in somebody's hand, so a scan is never refused for a stock of nothing: the piece counts as found
and the shelf is to be counted (checkout-design, section 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.enums import ReservationState
from app.services import locks
from app.transaction import transaction

HELD_FOR = timedelta(minutes=30)
"""How long after the last scan a trolley's goods are kept for it."""

# A product that the branch never had gets its row with the first scan.
_OPEN_SHELVES = text("""
    INSERT INTO inventory (stock_location_id, product_id, available_quantity, reserved_quantity)
    SELECT :stock_location_id, product_id, 0, 0 FROM unnest(CAST(:products AS bigint[])) AS new(product_id)
    ORDER BY product_id ON CONFLICT DO NOTHING
""")
TAKE = """
shelf AS (
    SELECT inventory.id, taken.*, greatest(pieces - available_quantity, 0) AS found
    FROM inventory JOIN taken USING (product_id) WHERE stock_location_id = :stock_location_id
), out_of_stock AS (
    UPDATE inventory
    SET available_quantity = available_quantity + shelf.found - shelf.pieces,
        reserved_quantity = reserved_quantity + shelf.pieces,
        needs_recount = needs_recount OR shelf.found > 0, updated_at = now()
    FROM shelf WHERE inventory.id = shelf.id
), taking_moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                                 source_id)
    SELECT :stock_location_id, product_id, kind, available_change, reserved_change, 'basket_move', move_id
    FROM shelf, LATERAL (VALUES ('found', found, 0), ('reserve', -pieces, pieces))
        AS moved(kind, available_change, reserved_change)
    WHERE available_change <> 0
), kept AS (
    UPDATE reservations SET expires_at = now() + :held_for, updated_at = now()
    WHERE cart_id = :cart_id AND state = 'ACTIVE' AND product_id <> ALL (CAST(:moved_products AS bigint[]))
), put_aside AS (
    INSERT INTO reservations AS held (cart_id, product_id, stock_location_id, quantity, expires_at)
    SELECT :cart_id, product_id, :stock_location_id, pieces, now() + :held_for FROM taken
    ON CONFLICT (cart_id, product_id) WHERE state = 'ACTIVE'
    DO UPDATE SET quantity = held.quantity + excluded.quantity, expires_at = excluded.expires_at, updated_at = now()
)"""
"""Parts of a statement: put aside what its part `taken` has (product_id, pieces, move_id), its stock locked; what the
cart holds else is kept on for it, but for `:moved_products`.
"""
GIVE_BACK = """
held AS (
    SELECT reservations.id, product_id, move_id, least(pieces, quantity) AS pieces, quantity - pieces AS left_over
    FROM reservations JOIN returned USING (product_id)
    WHERE cart_id = :cart_id AND state = 'ACTIVE' AND stock_location_id = :stock_location_id
), less AS (
    UPDATE reservations
    SET state = CASE WHEN left_over > 0 THEN state ELSE 'RELEASED' END,
        quantity = CASE WHEN left_over > 0 THEN left_over ELSE quantity END,
        expires_at = CASE WHEN :keeps_on THEN now() + :held_for ELSE expires_at END, updated_at = now()
    FROM held WHERE reservations.id = held.id
), returning_moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                                 source_id)
    SELECT :stock_location_id, product_id, 'unreserve', pieces, -pieces, 'basket_move', move_id FROM held
), back_in_stock AS (
    UPDATE inventory
    SET available_quantity = available_quantity + pieces, reserved_quantity = reserved_quantity - pieces,
        updated_at = now()
    FROM held WHERE stock_location_id = :stock_location_id AND inventory.product_id = held.product_id
)"""
"""The same for what goes back onto the shelf, of its part `returned`; `:keeps_on` where something is taken as well.

Nothing is done for what is returned of a reservation that has expired: its pieces are in the stock already.
"""
_CHANGE = """SELECT * FROM unnest(CAST(:products AS bigint[]), CAST(:pieces AS integer[]), CAST(:moves AS bigint[]))
    AS change(product_id, pieces, move_id)"""
_TAKE = text(f"WITH taken AS ({_CHANGE}), {TAKE} SELECT")
_GIVE_BACK = text(f"WITH returned AS ({_CHANGE}), {GIVE_BACK} SELECT")


@dataclass(frozen=True, slots=True)
class Pieces:
    """So many pieces of a product, more than none, and the basket move that takes or returns them."""

    product_id: int
    pieces: int
    move_id: int


def move(
    session: Session, *, cart_id: int, stock_location_id: int, taken: Sequence[Pieces], returned: Sequence[Pieces]
) -> None:
    """Put pieces aside for a locked cart, and let others buy what went back onto the shelf. A step.

    Each product occurs once. Nothing is done for what is returned of a reservation that has expired: its pieces are in
    the stock already.
    """
    lock_stock(
        session,
        stock_location_id=stock_location_id,
        taken=[one.product_id for one in taken],
        returned=[one.product_id for one in returned],
    )
    place = {"cart_id": cart_id, "stock_location_id": stock_location_id, "held_for": HELD_FOR}
    if taken:
        moved = [one.product_id for one in taken]
        session.execute(_TAKE, {**place, **_columns(taken), "moved_products": moved})
    if returned:
        session.execute(_GIVE_BACK, {**place, **_columns(returned), "keeps_on": False})


def lock_stock(session: Session, *, stock_location_id: int, taken: Sequence[int], returned: Sequence[int]) -> None:
    """Lock the stock of products in their order, before TAKE or GIVE_BACK; of what is taken there is a row then."""
    products = sorted((*taken, *returned))
    if not products:
        return
    locked = locks.stock_of_reservations(session, stock_location_id=stock_location_id, product_ids=products)
    if missing := sorted(set(taken) - locked):
        session.execute(_OPEN_SHELVES, {"stock_location_id": stock_location_id, "products": missing})
        locks.stock_of_reservations(session, stock_location_id=stock_location_id, product_ids=missing)


def _columns(changes: Sequence[Pieces]) -> dict[str, list[int]]:
    return {
        "products": [one.product_id for one in changes],
        "pieces": [one.pieces for one in changes],
        "moves": [one.move_id for one in changes],
    }


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
    """End the reservations of a locked cart and put their pieces back into the stock. A step; answers how many."""
    rows = locks.reservations(session, cart_id=cart_id, only_expired=only_expired)
    if not rows:
        return 0
    places = {row.stock_location_id for row in rows}
    for place in sorted(places):
        products = [row.product_id for row in rows if row.stock_location_id == place]
        locks.stock_of_reservations(session, stock_location_id=place, product_ids=products)
    session.execute(_END, {"state": state, "ids": [row.id for row in rows]})
    return len(rows)


def consume(session: Session, *, cart_id: int, stock_location_id: int) -> None:
    """Put what a locked cart reserves back into the stock, for the sale that takes it out again at once. A step.

    The stock of all its lines is locked before, in order: the sale also takes those whose reservation ran out.
    """
    rows = locks.reservations(session, cart_id=cart_id)
    locks.stock_of_basket(session, cart_id=cart_id, stock_location_id=stock_location_id)
    if rows:
        session.execute(_END, {"state": ReservationState.CONSUMED, "ids": [row.id for row in rows]})


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
