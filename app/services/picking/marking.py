"""Marking a line: picked, missing, replaced, or as it was."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import PickAction, PickedStatus, SoldBy
from app.domain.picking import LIVE, is_plausible_weight
from app.errors import BadRequest, NotFound
from app.models import Order, OrderItem, Substitution
from app.schemas.picking import DamageRequest, MarkRequest
from app.services import audit
from app.services.picking import claiming, holding, substituting
from app.services.picking.holding import Source, Stock
from app.transaction import retried, transaction


class OrderItemNotFound(NotFound):
    message = "The order has no such line."


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
        order = claiming.pickable(session, order_id=order_id, caller=caller)
        item, substitution = line_of(session, order_id=order.id, item_id=item_id)
        claiming.own(session, order, caller)
        old = _shown(item) | _replacement(substitution.product_id if substitution else None)
        match form.picked_status:
            case PickedStatus.REPLACED:
                substituting.replace(session, order, item, substitution, form=form, caller=caller)
            case PickedStatus.PICKED:
                _pick(session, order, item, substitution, form, caller)
            case PickedStatus.MISSING:
                _miss(session, order, item, substitution, form, caller)
            case PickedStatus.PENDING:
                _undo(session, order, item, substitution, form, caller)
        _record(session, item, old, form.replacement_product_id, caller)


def report_damage(*, order_id: int, item_id: int, form: DamageRequest, caller: Caller) -> None:
    """Take broken pieces out of the stock: of the substitute where the line has one, else of what was ordered.

    A picked or replaced line that loses pieces has to be picked again. Never tried twice by itself: when a connection
    breaks in the commit the pieces may be written off already. Raises StaffOrderNotFound, OrderItemNotFound,
    NotPickable, OrderClaimed or OutOfStock.
    """
    with transaction() as session:
        order = claiming.pickable(session, order_id=order_id, caller=caller)
        item, substitution = line_of(session, order_id=order.id, item_id=item_id)
        claiming.own(session, order, caller)
        broken = substitution or item
        old = _shown(item) | {"held_quantity": broken.held_quantity}
        stock = holding.lock_stock(session, order, broken.product_id)
        source = holding.note(
            session,
            item,
            order,
            PickAction.DAMAGE,
            quantity=form.quantity,
            reason=form.reason,
            notes=form.notes,
            by_user_id=caller.user_id,
        )
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
            context={"order_id": order.id, "product_id": broken.product_id},
        )


_LINE = select(OrderItem, Substitution).outerjoin(
    Substitution,
    (Substitution.order_item_id == OrderItem.id) & Substitution.status.in_(LIVE),
)


def line_of(session: Session, *, order_id: int, item_id: int) -> tuple[OrderItem, Substitution | None]:
    """A line of a locked order with its live substitute. A step. Raises OrderItemNotFound."""
    statement = _LINE.where(OrderItem.order_id == order_id, OrderItem.id == item_id)
    row = session.execute(statement.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise OrderItemNotFound
    return row.OrderItem, row.Substitution


def _pick(
    session: Session,
    order: Order,
    item: OrderItem,
    substitution: Substitution | None,
    form: MarkRequest,
    caller: Caller,
) -> None:
    """So many pieces are in the bag; what is short of the order is written off as missing."""
    pieces = form.picked_quantity or item.quantity
    if pieces > item.quantity:
        raise MoreThanOrdered(details={"quantity": item.quantity})
    _check_weight(item, pieces, form.weight_grams)
    stock, source = _begin(session, order, item, substitution, PickAction.PICK, form, caller, pieces)
    if pieces > item.held_quantity:
        holding.hold(session, item, stock, source, pieces=pieces - item.held_quantity)
    else:
        holding.write_off_missing(session, item, stock, source, pieces=item.held_quantity - pieces)
    _set(item, PickedStatus.PICKED, quantity=pieces, weight_grams=form.weight_grams)


def _miss(
    session: Session,
    order: Order,
    item: OrderItem,
    substitution: Substitution | None,
    form: MarkRequest,
    caller: Caller,
) -> None:
    pieces = item.held_quantity
    stock, source = _begin(session, order, item, substitution, PickAction.MISS, form, caller, pieces)
    holding.write_off_missing(session, item, stock, source, pieces=pieces)
    _set(item, PickedStatus.MISSING, reason=form.reason)


def _undo(
    session: Session,
    order: Order,
    item: OrderItem,
    substitution: Substitution | None,
    form: MarkRequest,
    caller: Caller,
) -> None:
    """As it was before: pieces written off as missing are held again; broken ones stay broken."""
    pieces = item.missing_quantity
    stock, source = _begin(session, order, item, substitution, PickAction.UNDO, form, caller, pieces)
    if pieces:
        holding.hold(session, item, stock, source, pieces=pieces)
    _set(item, PickedStatus.PENDING)


def _begin(
    session: Session,
    order: Order,
    item: OrderItem,
    substitution: Substitution | None,
    action: PickAction,
    form: MarkRequest,
    caller: Caller,
    pieces: int,
) -> tuple[Stock, Source]:
    """Lock the stock, put a substitute of before back on the shelf, and write the act down."""
    touched = [item.product_id] + ([substitution.product_id] if substitution else [])
    stock = holding.lock_stock(session, order, *touched)
    if substitution is not None:
        substituting.withdraw(session, substitution, stock, by_user_id=caller.user_id)
    source = holding.note(
        session,
        item,
        order,
        action,
        quantity=pieces,
        weight_grams=form.weight_grams,
        reason=form.reason,
        by_user_id=caller.user_id,
    )
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


def _record(
    session: Session, item: OrderItem, old: dict[str, object], replacement_id: int | None, caller: Caller
) -> None:
    reason = {"reason": item.missing_reason} if item.missing_reason else {}
    audit.record(
        session,
        entity_type="order_item",
        action="UPDATE_PICK_STATUS",
        entity_id=item.id,
        by=caller,
        old=old,
        new=_shown(item) | _replacement(replacement_id) | reason,
        context={"order_id": item.order_id, "product_id": item.product_id},
    )
