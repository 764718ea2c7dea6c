"""Making and editing one stock row by hand."""

from typing import Any

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import MovementKind
from app.errors import Conflict
from app.models.base import AnyRow
from app.schemas.inventory import InventoryEdit, InventoryRow, NewInventory
from app.services import audit, locks
from app.services.branches import BranchNotFound
from app.services.stock import changing, inventory_screen
from app.services.stock.holding import Held, ReservedByOrders, held_by_orders
from app.services.stock.places import (
    StockNotFound,
    StockProductNotFound,
    known_branches,
    known_products,
)
from app.transaction import transaction


class DuplicateInventory(Conflict):
    code = "DUPLICATE_INVENTORY"
    message = "The branch keeps this product already. Edit its row instead."


def create(form: NewInventory, caller: Caller) -> InventoryRow:
    """Begin to keep a product at a branch. Raises BranchNotFound, StockProductNotFound or DuplicateInventory."""
    with transaction() as session:
        if not known_branches(session, [form.branch_id]):
            raise BranchNotFound
        if not known_products(session, [form.product_id]):
            raise StockProductNotFound
        values = form.model_dump(exclude={"branch_id"})
        made = changing.open_shelves(session, [changing.NewShelf(form.branch_id, **values)], by=caller)
        if not made:
            raise DuplicateInventory
        audit.record(
            session, entity_type="inventory", action="CREATE", entity_id=made[0].id, by=caller, new=facts(made[0])
        )
        return inventory_screen.one(session, inventory_id=made[0].id)


def edit(form: InventoryEdit, caller: Caller, *, inventory_id: int) -> InventoryRow:
    """Set the numbers of a stock row. Raises StockNotFound or ReservedByOrders."""
    with transaction() as session:
        shelf = locks.inventory_row(session, inventory_id=inventory_id)
        if shelf is None:
            raise StockNotFound
        wanted = wanted_numbers(shelf, form.model_dump(exclude={"reason"}))
        if wanted["reserved_quantity"] != shelf.reserved_quantity:
            place = (shelf.stock_location_id, shelf.product_id)
            held = held_by_orders(session, [place]).get(place, Held()).pieces
            if wanted["reserved_quantity"] < held:
                raise ReservedByOrders(details={"held": held})
        _write(session, shelf, wanted, form.reason, caller)
        return inventory_screen.one(session, inventory_id=inventory_id)


def facts(shelf: Any) -> dict[str, int]:
    """What the audit trail keeps of a stock row."""
    names = ("stock_location_id", "product_id", "available_quantity", "reserved_quantity", "reorder_point")
    return {name: getattr(shelf, name) for name in names}


def wanted_numbers(shelf: AnyRow, given: dict[str, int | None]) -> dict[str, int]:
    """The numbers of a stock row after an edit; None keeps what is there."""
    names = ("available_quantity", "reserved_quantity", "reorder_point")
    return {name: getattr(shelf, name) if (number := given[name]) is None else number for name in names}


def change_of(shelf: AnyRow, wanted: dict[str, int], reason: str | None = None) -> changing.Change | None:
    """The change of the quantities, None where they stay as they are."""
    available, reserved = wanted["available_quantity"], wanted["reserved_quantity"]
    if (available, reserved) == (shelf.available_quantity, shelf.reserved_quantity):
        return None
    return changing.Change(shelf, MovementKind.ADJUST, available, reserved, reason=reason)


def _write(session: Session, shelf: AnyRow, wanted: dict[str, int], reason: str | None, caller: Caller) -> None:
    if change := change_of(shelf, wanted, reason):
        changing.apply(session, [change], by=caller)
    if wanted["reorder_point"] != shelf.reorder_point:
        changing.set_reorder_points(session, {shelf.id: wanted["reorder_point"]})
    audit.record(
        session,
        entity_type="inventory",
        action="UPDATE",
        entity_id=shelf.id,
        by=caller,
        old=facts(shelf),
        new={**facts(shelf), **wanted},
        context={"reason": reason} if reason else None,
    )
