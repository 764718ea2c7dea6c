"""Marking a line: picked, missing, replaced, or as it was."""

from app.domain.caller import Caller
from app.domain.enums import PickAction, PickedStatus, SoldBy
from app.domain.picking import is_plausible_weight
from app.errors import BadRequest
from app.models import OrderItem
from app.schemas.picking import DamageRequest, MarkRequest
from app.services import audit
from app.services.picking import holding, lines, substituting
from app.services.picking.holding import Source, Stock
from app.services.picking.lines import Line
from app.transaction import retried, transaction


class MoreThanOrdered(BadRequest):
    """`details.quantity` is what was ordered."""

    code = "MORE_THAN_ORDERED"
    message = "More pieces than the customer ordered cannot be picked."


class WeightNotPlausible(BadRequest):
    """`details.estimated_weight_grams` is the estimate for these pieces."""

    code = "WEIGHT_NOT_PLAUSIBLE"
    message = "The weight is more than three times the estimate, or the line is not sold by weight. Weigh again."


def mark(*, order_id: int, item_id: int, form: MarkRequest, caller: Caller) -> None:
    """Mark a line of an order the caller picks; the first mark of an order nobody picks claims it.

    Raises StaffOrderNotFound, OrderItemNotFound, NotPickable, OrderClaimed, MoreThanOrdered, WeightNotPlausible,
    OutOfStock, or the refusals of `substituting`.
    """
    retried(lambda: _mark(order_id, item_id, form, caller))


def _mark(order_id: int, item_id: int, form: MarkRequest, caller: Caller) -> None:
    with transaction() as session:
        line = lines.take(session, order_id=order_id, item_id=item_id, caller=caller)
        old = _shown(line.item) | _replacement(line.substitution.product_id if line.substitution else None)
        match form.picked_status:
            case PickedStatus.REPLACED:
                substituting.replace(line, form)
            case PickedStatus.PICKED:
                _pick(line, form)
            case PickedStatus.MISSING:
                _miss(line, form)
            case PickedStatus.PENDING:
                _undo(line, form)
        _record(line, old, form.replacement_product_id)


def report_damage(*, order_id: int, item_id: int, form: DamageRequest, caller: Caller) -> None:
    """Take broken pieces out of the stock: of the substitute where the line has one, else of what was ordered.

    A picked or replaced line that loses pieces has to be picked again. Never tried twice by itself: when a connection
    breaks in the commit the pieces may be written off already. Raises StaffOrderNotFound, OrderItemNotFound,
    NotPickable, OrderClaimed or OutOfStock.
    """
    with transaction() as session:
        line = lines.take(session, order_id=order_id, item_id=item_id, caller=caller)
        item, substitution = line.item, line.substitution
        broken = substitution or item
        old = _shown(item) | {"held_quantity": broken.held_quantity}
        stock = holding.lock_stock(session, line.order, broken.product_id)
        source = holding.note(line, PickAction.DAMAGE, quantity=form.quantity, reason=form.reason, notes=form.notes)
        holding.damage(session, broken, stock, source, pieces=form.quantity)
        if substitution is not None and substitution.held_quantity < substitution.quantity:
            substituting.withdraw(session, substitution, stock, by_user_id=caller.user_id)
            _set(item, PickedStatus.PENDING)
        if item.picked_quantity is not None and item.held_quantity < item.picked_quantity:
            _set(item, PickedStatus.PENDING)
        audit.record(
            session,
            entity_type="order_item",
            action="REPORT_DAMAGE",
            entity_id=item.id,
            by=caller,
            old=old,
            new=_shown(item)
            | {"held_quantity": broken.held_quantity}
            | {"quantity": form.quantity, "reason": form.reason, "notes": form.notes},
            context={"order_id": item.order_id, "product_id": broken.product_id},
        )


def _pick(line: Line, form: MarkRequest) -> None:
    """So many pieces are in the bag; what is short of the order is written off as missing."""
    item = line.item
    pieces = form.picked_quantity or item.quantity
    if pieces > item.quantity:
        raise MoreThanOrdered(details={"quantity": item.quantity})
    _check_weight(item, pieces, form.weight_grams)
    stock, source = _begin(line, PickAction.PICK, form, pieces)
    if pieces > item.held_quantity:
        holding.hold(line.session, item, stock, source, pieces=pieces - item.held_quantity)
    else:
        holding.write_off_missing(line.session, item, stock, source, pieces=item.held_quantity - pieces)
    _set(item, PickedStatus.PICKED, quantity=pieces, weight_grams=form.weight_grams)


def _miss(line: Line, form: MarkRequest) -> None:
    pieces = line.item.held_quantity
    stock, source = _begin(line, PickAction.MISS, form, pieces)
    holding.write_off_missing(line.session, line.item, stock, source, pieces=pieces)
    _set(line.item, PickedStatus.MISSING, reason=form.reason)


def _undo(line: Line, form: MarkRequest) -> None:
    """As it was before: pieces written off as missing are held again; broken ones stay broken."""
    pieces = line.item.missing_quantity
    stock, source = _begin(line, PickAction.UNDO, form, pieces)
    if pieces:
        holding.hold(line.session, line.item, stock, source, pieces=pieces)
    _set(line.item, PickedStatus.PENDING)


def _begin(line: Line, action: PickAction, form: MarkRequest, pieces: int) -> tuple[Stock, Source]:
    """Lock the stock, put a substitute of before back on the shelf, and write the act down."""
    touched = [line.item.product_id] + ([line.substitution.product_id] if line.substitution else [])
    stock = holding.lock_stock(line.session, line.order, *touched)
    if line.substitution is not None:
        substituting.withdraw(line.session, line.substitution, stock, by_user_id=line.picker.user_id)
    source = holding.note(line, action, quantity=pieces, weight_grams=form.weight_grams, reason=form.reason)
    return stock, source


def _check_weight(item: OrderItem, pieces: int, grams: int | None) -> None:
    if grams is None:
        return
    plausible = is_plausible_weight(grams, estimated_weight_grams=item.estimated_weight_grams, pieces=pieces)
    if item.sold_by is not SoldBy.WEIGHT or not plausible:
        raise WeightNotPlausible(details={"estimated_weight_grams": (item.estimated_weight_grams or 0) * pieces})


def _set(
    item: OrderItem,
    status: PickedStatus,
    *,
    quantity: int | None = None,
    weight_grams: int | None = None,
    reason: str | None = None,
) -> None:
    item.picked_status = status
    item.picked_quantity = quantity
    item.picked_weight_grams = weight_grams
    item.missing_reason = reason


def _shown(item: OrderItem) -> dict[str, object]:
    return {
        "picked_status": item.picked_status,
        "picked_quantity": item.picked_quantity,
        "picked_weight_grams": item.picked_weight_grams,
    }


def _replacement(product_id: int | None) -> dict[str, object]:
    return {"replacement_product_id": product_id} if product_id else {}


def _record(line: Line, old: dict[str, object], replacement_id: int | None) -> None:
    item = line.item
    reason = {"reason": item.missing_reason} if item.missing_reason else {}
    audit.record(
        line.session,
        entity_type="order_item",
        action="UPDATE_PICK_STATUS",
        entity_id=item.id,
        by=line.picker,
        old=old,
        new=_shown(item) | _replacement(replacement_id) | reason,
        context={"order_id": item.order_id, "product_id": item.product_id},
    )
