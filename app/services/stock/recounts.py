"""Counting a shelf: the stock becomes what was found, and the difference is a movement that says so."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import MovementKind
from app.domain.stock import Recount, recounted
from app.models.base import AnyRow
from app.schemas.stock import NewRecount, RecountAnswer
from app.services import audit, locks
from app.services.staff import employee_id
from app.services.stock import changing
from app.services.stock.editing import facts
from app.services.stock.holding import Held, held_by_orders
from app.services.stock.places import StockNotFound
from app.transaction import transaction


def recount(form: NewRecount, caller: Caller) -> RecountAnswer:
    """Set the stock of a shelf to what was counted; it needs no recount any more. Raises StockNotFound."""
    place = (form.branch_id, form.product_id)
    with transaction() as session:
        shelf = locks.shelf(
            session,
            stock_location_id=form.branch_id,
            product_id=form.product_id,
            employee_id=employee_id(caller),
        )
        if shelf is None:
            raise StockNotFound
        held = held_by_orders(session, [place]).get(place, Held())
        result = recounted(
            counted=form.counted_quantity,
            available=shelf.available_quantity,
            reserved=shelf.reserved_quantity,
            held=held.pieces,
            unpicked=held.unpicked,
        )
        written = _write(session, shelf, form, result, caller)
    return RecountAnswer(
        id=written.id,
        inventory_id=shelf.id,
        **form.model_dump(exclude={"reason"}),
        expected_quantity=result.expected,
        difference=form.counted_quantity - result.expected,
        unpicked_quantity=held.unpicked,
        available_quantity=result.available,
        reserved_quantity=result.reserved,
        shortage=result.shortage,
        created_at=written.created_at,
    )


def _write(session: Session, shelf: AnyRow, form: NewRecount, result: Recount, caller: Caller) -> AnyRow:
    change = changing.Change(
        shelf,
        MovementKind.RECOUNT,
        result.available,
        result.reserved,
        counted_quantity=form.counted_quantity,
        reason=form.reason,
    )
    (written,) = changing.apply(session, [change], by=caller)
    audit.record(
        session,
        entity_type="inventory",
        action="RECOUNT",
        entity_id=shelf.id,
        by=caller,
        old=facts(shelf),
        new={**facts(shelf), "available_quantity": result.available, "reserved_quantity": result.reserved},
        context={"counted": form.counted_quantity, "expected": result.expected, "shortage": result.shortage},
    )
    return written
