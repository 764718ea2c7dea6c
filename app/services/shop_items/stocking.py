"""The pieces of a shop's items: set by the vendor, each change explained by a movement."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import MovementKind
from app.domain.stock import MOST_PIECES
from app.errors import Conflict
from app.models.base import AnyRow
from app.schemas.shop_items import StockForm, StockSet
from app.services import audit, locks
from app.services.changes import Values
from app.services.shop_items.finding import locked_item
from app.services.shops.own import own_shop
from app.services.stock import changing
from app.services.stock.editing import facts
from app.transaction import transaction


class TooFewPieces(Conflict):
    code = "INSUFFICIENT_STOCK"
    message = "The shop has fewer pieces than are to be taken away."


class TooManyPieces(Conflict):
    code = "TOO_MANY_PIECES"
    message = f"A shop keeps at most {MOST_PIECES} pieces of an item."


def set_stock(form: StockForm, caller: Caller, *, item_id: int) -> StockSet:
    """Set or change the pieces of an item that can be sold; what open orders hold is left alone.

    Raises ShopNotFound, ItemNotFound, TooFewPieces or TooManyPieces.
    """
    with transaction() as session:
        shop_id = own_shop(session, caller)
        locked_item(session, shop_id=shop_id, item_id=item_id)
        (shelf,) = locks.shelves(session, [(shop_id, item_id)])
        pieces = _wanted(form, shelf.available_quantity)
        _write(session, [(shelf, pieces)], by=caller)
        return StockSet(message="Stock updated", quantity_in_stock=pieces, reserved_quantity=shelf.reserved_quantity)


def write(
    session: Session, pieces: Mapping[int, int], *, shop_id: int, by: Caller, context: Values | None = None
) -> None:
    """Set the pieces of locked items, by their ids (three statements, none if nothing is given). A step."""
    if pieces:
        shelves = locks.shelves(session, [(shop_id, item_id) for item_id in pieces])
        _write(session, [(shelf, pieces[shelf.product_id]) for shelf in shelves], by=by, context=context)


def _write(session: Session, wanted: list[tuple[AnyRow, int]], *, by: Caller, context: Values | None = None) -> None:
    changed = [(shelf, pieces) for shelf, pieces in wanted if shelf.available_quantity != pieces]
    if not changed:
        return
    edits = [changing.Change(shelf, MovementKind.ADJUST, pieces, shelf.reserved_quantity) for shelf, pieces in changed]
    changing.apply(session, edits, by=by)
    entries = [
        audit.Entry("inventory", shelf.id, "UPDATE", facts(shelf), facts(shelf) | {"available_quantity": pieces})
        for shelf, pieces in changed
    ]
    audit.record_all(session, entries, by=by, context=context)


def _wanted(form: StockForm, available: int) -> int:
    """The pieces afterwards. Raises TooFewPieces or TooManyPieces."""
    if form.quantity is not None:
        return form.quantity
    pieces = available + (form.delta or 0)
    if pieces < 0:
        raise TooFewPieces(details={"available": available})
    if pieces > MOST_PIECES:
        raise TooManyPieces
    return pieces
