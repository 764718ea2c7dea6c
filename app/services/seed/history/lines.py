"""The lines of past orders: what was ordered, how the picker marked it, and how the stock moved. All are steps."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, text
from sqlalchemy.orm import Session

from app.domain.enums import MovementKind, PickAction, PickedStatus, SoldBy, SubstitutionStatus
from app.models import OrderItem, PickEvent, StockMovement, Substitution
from app.services.seed.history.plan import Fate, Good
from app.services.seed.history.rows import Values, insert_rows
from app.services.seed.history.sums import LineSums, Reckoned, piece, substitute_price

_MARKS = {
    Fate.PICKED: (PickAction.PICK, PickedStatus.PICKED),
    Fate.MISSING: (PickAction.MISS, PickedStatus.MISSING),
    Fate.ACCEPTED: (PickAction.REPLACE, PickedStatus.REPLACED),
    Fate.REFUSED: (PickAction.REPLACE, PickedStatus.MISSING),
}
_TAKE_OFF_SHELVES = text("""
    UPDATE inventory SET available_quantity = available_quantity - gone.pieces, updated_at = now()
    FROM unnest(:places, :products, :pieces) AS gone (place_id, product_id, pieces)
    WHERE stock_location_id = gone.place_id AND inventory.product_id = gone.product_id
""").bindparams(
    bindparam("places", type_=ARRAY(BigInteger)),
    bindparam("products", type_=ARRAY(BigInteger)),
    bindparam("pieces", type_=ARRAY(Integer)),
)


class Written(NamedTuple):
    """A line with the ids of its rows; `event_id` and `substitution_id` where there are such."""

    order: Reckoned
    sums: LineSums
    item_id: int
    event_id: int | None = None
    substitution_id: int | None = None


def write_lines(session: Session, orders: Sequence[Reckoned]) -> None:
    """Write the lines of written orders and take what was sold off the shelves."""
    pairs = [(order, sums) for order in orders for sums in order.lines()]
    item_ids = insert_rows(session, OrderItem, [_item(order, sums) for order, sums in pairs])
    lines = [Written(order, sums, item_id) for (order, sums), item_id in zip(pairs, item_ids, strict=True)]
    lines = _with_events(session, lines)
    lines = _with_substitutions(session, lines)
    insert_rows(session, StockMovement, [movement for line in lines for movement in _movements(line)])
    _take_off_shelves(session, lines)


def _item(order: Reckoned, sums: LineSums) -> Values:
    line, good = sums.line, sums.line.good
    _, status = (None, PickedStatus.PENDING) if order.past.is_canceled else _MARKS[line.fate]
    was_picked = status is PickedStatus.PICKED
    return {
        "order_id": order.id,
        **_product(good),
        "price_per_kg": good.price if good.sold_by is SoldBy.WEIGHT else None,
        "estimated_weight_grams": good.estimated_weight_grams,
        "age_limit": good.age_limit,
        "quantity": line.quantity,
        "line_total": piece(good) * line.quantity,
        "tax_amount": sums.tax,
        "picked_status": status,
        "picked_quantity": line.quantity if was_picked else None,
        "picked_weight_grams": line.weight_grams if was_picked else None,
        "missing_quantity": 0 if order.past.is_canceled or was_picked else line.quantity,
        "final_total": None if order.past.is_canceled else sums.final_total,
        "final_tax_amount": None if order.past.is_canceled else sums.final_tax,
    }


def _product(good: Good) -> Values:
    """What a line and a substitution both keep of a product."""
    return {
        "product_id": good.id,
        "name": good.name,
        "sku": good.sku,
        "unit": good.unit,
        "sold_by": good.sold_by,
        "unit_price": piece(good),
        "unit_deposit": good.deposit,
        "tax_rate": good.tax_rate,
    }


def _with_events(session: Session, lines: Sequence[Written]) -> list[Written]:
    """The marks of the picker, with their ids; lines of cancelled orders have none."""
    marked = [line for line in lines if not line.order.past.is_canceled]
    ids = insert_rows(session, PickEvent, [_event(line) for line in marked])
    by_item = dict(zip((line.item_id for line in marked), ids, strict=True))
    return [line._replace(event_id=by_item.get(line.item_id)) for line in lines]


def _event(line: Written) -> Values:
    return {
        "order_id": line.order.id,
        "order_item_id": line.item_id,
        "stock_location_id": line.order.past.place.id,
        "action": _MARKS[line.sums.line.fate][0],
        "quantity": line.sums.line.quantity,
        "weight_grams": line.sums.line.weight_grams,
        "actor_user_id": line.order.picker_id,
        "created_at": line.sums.line.marked_at,
    }


def _with_substitutions(session: Session, lines: Sequence[Written]) -> list[Written]:
    replaced = [line for line in lines if line.sums.line.substitute is not None]
    ids = insert_rows(session, Substitution, [_substitution(line, line.sums.line.substitute) for line in replaced])
    by_item = dict(zip((line.item_id for line in replaced), ids, strict=True))
    return [line._replace(substitution_id=by_item.get(line.item_id)) for line in lines]


def _substitution(written: Written, good: Good | None) -> Values:
    line = written.sums.line
    if good is None:
        raise ValueError("the line has no substitute")
    return {
        "order_id": written.order.id,
        "order_item_id": written.item_id,
        **_product(good),
        "quantity": line.quantity,
        "line_total": substitute_price(line, good),
        "held_quantity": 0,
        "status": SubstitutionStatus.ACCEPTED if line.fate is Fate.ACCEPTED else SubstitutionStatus.REFUSED,
        "proposed_by": written.order.picker_id,
        "created_at": line.marked_at,
        "decided_at": written.order.past.ready_at,
    }


def _movements(line: Written) -> Iterator[Values]:
    """How a line moved the stock, as checkout, picking and handing over write it down."""
    past, planned = line.order.past, line.sums.line
    move = _Mover(line)
    yield move(MovementKind.ALLOCATE, "order_item", line.item_id, planned.good, past.created_at)
    if past.is_canceled:
        yield move(MovementKind.RELEASE, "order_item", line.item_id, planned.good, past.ended_at)
    elif planned.fate is Fate.PICKED:
        yield move(MovementKind.SELL, "order_item", line.item_id, planned.good, past.ended_at)
    else:
        yield move(MovementKind.MISSING, "pick_event", line.event_id, planned.good, planned.marked_at)
    if planned.substitute is not None:
        end = MovementKind.SELL if planned.fate is Fate.ACCEPTED else MovementKind.RELEASE
        at = past.ended_at if planned.fate is Fate.ACCEPTED else past.ready_at
        yield move(MovementKind.ALLOCATE, "substitution", line.substitution_id, planned.substitute, planned.marked_at)
        yield move(end, "substitution", line.substitution_id, planned.substitute, at)


class _Mover(NamedTuple):
    """Writes the movements of one line: kind, source, product, moment."""

    line: Written

    def __call__(self, kind: MovementKind, source: str, source_id: int | None, good: Good, at: datetime) -> Values:
        quantity = self.line.sums.line.quantity
        by_customer = source == "order_item" and kind is not MovementKind.SELL
        return {
            "stock_location_id": self.line.order.past.place.id,
            "product_id": good.id,
            "kind": kind,
            "available_change": {MovementKind.ALLOCATE: -quantity, MovementKind.RELEASE: quantity}.get(kind, 0),
            "reserved_change": quantity if kind is MovementKind.ALLOCATE else -quantity,
            "source_type": source,
            "source_id": source_id,
            "actor_user_id": self.line.order.user_id if by_customer else self.line.order.picker_id,
            "created_at": at,
        }


def _take_off_shelves(session: Session, lines: Sequence[Written]) -> None:
    """What the movements of all the lines come to; nothing stays reserved. One statement."""
    gone: Counter[tuple[int, int]] = Counter()
    for line in lines:
        for movement in _movements(line):
            gone[movement["stock_location_id"], movement["product_id"]] -= movement["available_change"]
    places, products = zip(*sorted(gone), strict=True) if gone else ((), ())
    values: dict[str, Any] = {"places": list(places), "products": list(products)}
    session.execute(_TAKE_OFF_SHELVES, {**values, "pieces": [gone[key] for key in sorted(gone)]})
