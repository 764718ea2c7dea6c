"""Pieces that leave and enter a line while it is picked: the hold, the inventory and the movement that explains it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.domain.enums import MovementKind, PickAction
from app.errors import Conflict
from app.models import Inventory, Order, OrderItem, PickEvent, StockMovement, Substitution
from app.services import locks
from app.services.picking.lines import Line

Stock = Mapping[int, Inventory]
"""Locked inventory rows of the order's branch by product."""


class OutOfStock(Conflict):
    """`details` name the product, the pieces asked for and those that are left."""

    code = "INSUFFICIENT_STOCK"
    message = "The branch has fewer pieces of this product than that. Pick fewer, or replace the line."


@dataclass(frozen=True, slots=True)
class Source:
    """What a movement comes from; unique for each kind, so that nothing moves twice."""

    type: str
    id: int
    actor_user_id: int


def lock_stock(session: Session, order: Order, *product_ids: int) -> Stock:
    """The inventory rows of some products at the order's branch, locked in product order. A step."""
    rows = locks.inventory(session, stock_location_id=order.stock_location_id, product_ids=sorted(set(product_ids)))
    return {row.product_id: row for row in rows}


def note(
    line: Line,
    action: PickAction,
    *,
    quantity: int,
    weight_grams: int | None = None,
    reason: str | None = None,
    notes: str | None = None,
) -> Source:
    """Write down an act on a line; its row is the source of the movements it causes. A step."""
    event = PickEvent(
        order_id=line.order.id,
        order_item_id=line.item.id,
        stock_location_id=line.order.stock_location_id,
        action=action,
        quantity=quantity,
        weight_grams=weight_grams,
        reason=reason,
        notes=notes,
        actor_user_id=line.picker.user_id,
    )
    line.session.add(event)
    line.session.flush()
    return Source("pick_event", event.id, line.picker.user_id)


def write_off_missing(session: Session, item: OrderItem, stock: Stock, source: Source, *, pieces: int) -> None:
    """Held pieces that are not on the shelf: out of the books, and the shelf is to be counted. A step."""
    if not pieces:
        return
    item.held_quantity -= pieces
    item.missing_quantity += pieces
    stock[item.product_id].needs_recount = True
    _move(session, stock[item.product_id], MovementKind.MISSING, source, reserved=-pieces)


def hold(session: Session, item: OrderItem, stock: Stock, source: Source, *, pieces: int) -> None:
    """Hold that many pieces more: first those written off as missing, which turned up, then available ones. A step.

    Whoever recounted the shelf meanwhile has counted what turned up: that is among the available pieces.
    Raises OutOfStock.
    """
    back = min(pieces, item.missing_quantity)
    found = min(back, _written_off_since_recount(session, item)) if back else 0
    item.missing_quantity -= back
    if found:
        _move(session, stock[item.product_id], MovementKind.FOUND, source, reserved=found)
    if pieces > found:
        take(session, stock.get(item.product_id), source, product_id=item.product_id, pieces=pieces - found)
    item.held_quantity += pieces


# Movements of one shelf are numbered in the order they happened, as each is written under the lock of its row.
_SINCE_RECOUNT = text("""
    SELECT COALESCE(-sum(moved.reserved_change), 0)
    FROM pick_events AS event
    JOIN stock_movements AS moved ON moved.source_type = 'pick_event' AND moved.source_id = event.id
    WHERE event.order_id = :order_id AND event.order_item_id = :item_id AND moved.kind IN ('missing', 'found')
      AND NOT EXISTS (
          SELECT 1 FROM stock_movements AS counted
          WHERE counted.stock_location_id = moved.stock_location_id AND counted.product_id = moved.product_id
            AND counted.id > moved.id AND counted.kind = 'recount')
""")


def _written_off_since_recount(session: Session, item: OrderItem) -> int:
    """Missing pieces of a line that nobody can have counted yet; its inventory row must be locked."""
    return int(session.execute(_SINCE_RECOUNT, {"order_id": item.order_id, "item_id": item.id}).scalar_one())


def damage(session: Session, holder: OrderItem | Substitution, stock: Stock, source: Source, *, pieces: int) -> None:
    """Broken pieces: those the line or its substitute holds, else available ones. A step. Raises OutOfStock."""
    row = stock.get(holder.product_id)
    if row is not None and pieces <= holder.held_quantity:
        holder.held_quantity -= pieces
        _move(session, row, MovementKind.DAMAGE, source, reserved=-pieces)
    elif row is not None and pieces <= row.available_quantity:
        _move(session, row, MovementKind.DAMAGE, source, available=-pieces)
    else:
        raise _too_few(holder.product_id, pieces, max(holder.held_quantity, row.available_quantity if row else 0))


def take(session: Session, row: Inventory | None, source: Source, *, product_id: int, pieces: int) -> None:
    """Reserve available pieces. A step. Raises OutOfStock."""
    if row is None or row.available_quantity < pieces:
        raise _too_few(product_id, pieces, row.available_quantity if row else 0)
    _move(session, row, MovementKind.ALLOCATE, source, available=-pieces, reserved=pieces)


def put_back(session: Session, substitution: Substitution, stock: Stock, *, by_user_id: int) -> None:
    """A substitute that is not taken goes back on the shelf. A step."""
    if substitution.held_quantity:
        pieces, substitution.held_quantity = substitution.held_quantity, 0
        source = Source("substitution", substitution.id, by_user_id)
        row = stock[substitution.product_id]
        _move(session, row, MovementKind.RELEASE, source, available=pieces, reserved=-pieces)


def _too_few(product_id: int, wanted: int, left: int) -> OutOfStock:
    details = {"product_id": product_id, "requested_quantity": wanted, "available_quantity": left}
    return OutOfStock(details=details)


def _move(
    session: Session, row: Inventory, kind: MovementKind, source: Source, *, available: int = 0, reserved: int = 0
) -> None:
    row.available_quantity += available
    row.reserved_quantity += reserved
    session.execute(
        insert(StockMovement).values(
            stock_location_id=row.stock_location_id,
            product_id=row.product_id,
            kind=kind,
            available_change=available,
            reserved_change=reserved,
            source_type=source.type,
            source_id=source.id,
            actor_user_id=source.actor_user_id,
        )
    )
