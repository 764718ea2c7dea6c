"""The vendor changes the quantities of an order, and the consumer agrees."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.orm import Session

from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.enums import JournalReason, OrderActionType, PaymentMethod
from app.domain.pricing import tax_included
from app.domain.shop_order_states import Move, after
from app.errors import BadRequest, Conflict
from app.models import Order, OrderItem, OrderModification, OrderModificationLine
from app.schemas.money import LARGEST, money_number
from app.schemas.shop_order_moves import ModifyRequest
from app.services import locks
from app.services.checkout.errors import InsufficientStock, TotalTooLarge
from app.services.shop_orders import log
from app.services.shop_orders.finding import consumer_order, vendor_order
from app.services.shop_orders.refusals import refused
from app.services.wallets import paying
from app.transaction import retried, transaction


class UnknownLines(BadRequest):
    """`details.item_ids` names them."""

    code = "UNKNOWN_ORDER_LINES"
    message = "Some of these items are not in the order; details.item_ids names them."


class NothingLeft(BadRequest):
    code = "ORDER_LEFT_EMPTY"
    message = "At least one item must remain. Cancel the order instead."


class AboveAuthorization(Conflict):
    """`details.authorized` is what the card holds."""

    code = "AMOUNT_ABOVE_AUTHORIZATION"
    message = "The new total is more than the consumer's card was asked for. Give no more than was ordered."


def modify(form: ModifyRequest, caller: Caller, *, order_id: int) -> Decimal:
    """Change quantities of an order of the caller's shop, 0 takes a line out; answers the new total.

    Stock moves at once; the consumer has yet to agree. Raises OrderNotFound, InvalidMove, UnknownLines, NothingLeft,
    InsufficientStock, AboveAuthorization or TotalTooLarge.
    """
    wanted = {line.item_id: line.quantity for line in form.modifications}
    return retried(lambda: _modify(wanted, caller, order_id))


def _modify(wanted: Mapping[int, int], caller: Caller, order_id: int) -> Decimal:
    with transaction() as session:
        locks.limit_waits(session)
        order = vendor_order(session, order_id=order_id, caller=caller)
        to = after(Move.MODIFY, order.status)
        if to is None:
            raise refused(order, "Cannot modify a closed order")
        payment = locks.payment_of(session, order_id=order.id)
        locks.stock_of_order(session, order_id=order.id, stock_location_id=order.stock_location_id)
        lines = _lines(session, order)
        changes = _changes(lines, wanted)
        old_total = _current_total(order)
        left = _new_quantities(lines, changes)
        total = _set_finals(order, left)
        if payment is not None and total > payment.authorized_amount:
            raise AboveAuthorization(details={"authorized": money_number(payment.authorized_amount)})
        _write(session, order, changes, old_total=old_total, by=caller)
        old, order.status = order.status, to
        log.say(session, order, f"Order modified by the shop. New total: {total}", by=caller)
        log.note(
            session,
            order,
            OrderActionType.VENDOR_MODIFIED,
            by=caller,
            old={"status": old, "total": str(old_total)},
            new={"total": str(total), "quantities": {str(line.product_id): new for line, new in changes}},
        )
        return total


def confirm_modified(caller: Caller, *, order_id: int) -> Decimal:
    """Agree to what the shop changed; answers what comes back to the caller, 0 where nothing does.

    A wallet gets the difference back or pays it; a card is charged the new total when the goods are handed over.
    Raises OrderNotFound, InvalidMove or InsufficientFunds.
    """
    return retried(lambda: _confirm_modified(caller, order_id))


def _confirm_modified(caller: Caller, order_id: int) -> Decimal:
    with transaction() as session:
        locks.limit_waits(session)
        order = consumer_order(session, order_id=order_id, caller=caller)
        to = after(Move.CONFIRM_MODIFIED, order.status)
        if to is None or order.final_total is None:
            raise refused(order, "Order not in modifiable state")
        old_total, old = order.total_amount, order.status
        _agree(order)
        order.status = to
        back = old_total - order.total_amount
        if order.payment_method is PaymentMethod.WALLET:
            _settle_difference(session, order, back)
        session.flush()
        log.say(session, order, "Modified order confirmed by the customer.", by=caller)
        log.note(
            session,
            order,
            OrderActionType.MODIFICATION_CONFIRMED,
            by=caller,
            old={"status": old, "total": str(old_total)},
            new={"total": str(order.total_amount)},
        )
        return max(back, NOTHING) if order.payment_method is not PaymentMethod.CASH else NOTHING


def _lines(session: Session, order: Order) -> Sequence[OrderItem]:
    return (
        session.execute(select(OrderItem).where(OrderItem.order_id == order.id).order_by(OrderItem.id)).scalars().all()
    )


Change = tuple[OrderItem, int]
"""A line and how many pieces it is to have."""


def _changes(lines: Sequence[OrderItem], wanted: Mapping[int, int]) -> list[Change]:
    """The lines whose quantity becomes another one. Raises UnknownLines."""
    if strays := wanted.keys() - {line.product_id for line in lines}:
        raise UnknownLines(details={"item_ids": sorted(strays)})
    return [
        (line, wanted[line.product_id])
        for line in lines
        if line.product_id in wanted and wanted[line.product_id] != line.quantity
    ]


def _new_quantities(lines: Sequence[OrderItem], changes: Sequence[Change]) -> list[Change]:
    """Every line that stays, with its quantity. Raises NothingLeft."""
    changed = {line.id: quantity for line, quantity in changes}
    left = [(line, changed.get(line.id, line.quantity)) for line in lines]
    left = [(line, quantity) for line, quantity in left if quantity > 0]
    if not left:
        raise NothingLeft
    return left


def _current_total(order: Order) -> Decimal:
    return order.total_amount if order.final_total is None else order.final_total


def _set_finals(order: Order, left: Sequence[Change]) -> Decimal:
    """What the order will come to once the consumer agrees; the delivery fee stays. Raises TotalTooLarge."""
    order.final_items_total = sum((line.unit_price * quantity for line, quantity in left), NOTHING)
    order.final_deposit_total = sum((line.unit_deposit * quantity for line, quantity in left), NOTHING)
    order.final_tax_total = sum((tax_included(line.unit_price * n, line.tax_rate) for line, n in left), NOTHING)
    order.final_discount_total = order.final_reduction = NOTHING
    order.final_total = order.final_items_total + order.final_deposit_total + order.delivery_fee
    if order.final_total > LARGEST:
        raise TotalTooLarge
    return order.final_total


_MOVE_STOCK = text("""
WITH lines AS MATERIALIZED (
    SELECT id, product_id, new_quantity - old_quantity AS more FROM order_modification_lines
    WHERE modification_id = :modification_id
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT :stock_location_id, product_id, 'modify', -more, more, 'order_modification_line', id, :actor_user_id
    FROM lines
)
UPDATE inventory
SET available_quantity = available_quantity - lines.more, reserved_quantity = reserved_quantity + lines.more,
    updated_at = now()
FROM lines
WHERE inventory.stock_location_id = :stock_location_id AND inventory.product_id = lines.product_id
  AND inventory.available_quantity >= lines.more
RETURNING inventory.product_id
""")
_TAKE_OUT = delete(OrderItem).where(OrderItem.id.in_(bindparam("ids", expanding=True)))


def _write(
    session: Session,
    order: Order,
    changes: Sequence[Change],
    *,
    old_total: Decimal,
    by: Caller,
) -> None:
    """Write the change, its stock and its lines. A step; the rows of the stock are locked. Raises InsufficientStock."""
    modification = OrderModification(
        order_id=order.id, old_total=old_total, new_total=_current_total(order), actor_user_id=by.user_id
    )
    session.add(modification)
    session.flush()
    session.add_all(
        OrderModificationLine(
            modification_id=modification.id,
            product_id=line.product_id,
            name=line.name,
            old_quantity=line.quantity,
            new_quantity=quantity,
        )
        for line, quantity in changes
    )
    session.flush()
    values = {"modification_id": modification.id, "stock_location_id": order.stock_location_id}
    moved = session.execute(_MOVE_STOCK, {**values, "actor_user_id": by.user_id}).scalars().all()
    if short := [line for line, _ in changes if line.product_id not in moved]:
        raise InsufficientStock(f"Not enough stock for item {short[0].name}")
    for line, quantity in changes:
        _set_quantity(line, quantity)
    session.execute(_TAKE_OUT, {"ids": [line.id for line, quantity in changes if quantity == 0]})
    session.flush()


def _set_quantity(line: OrderItem, quantity: int) -> None:
    """A line that is taken out keeps its figures until it is deleted, as a line of nothing cannot be written."""
    if quantity:
        line.quantity = line.held_quantity = quantity
        line.line_total = line.unit_price * quantity
        line.tax_amount = tax_included(line.line_total, line.tax_rate)


def _agree(order: Order) -> None:
    """What was proposed becomes what the order costs."""
    order.items_total, order.deposit_total = order.final_items_total or NOTHING, order.final_deposit_total or NOTHING
    order.tax_total, order.total_amount = order.final_tax_total or NOTHING, order.final_total or NOTHING
    order.final_items_total = order.final_deposit_total = order.final_discount_total = None
    order.final_reduction = order.final_tax_total = order.final_total = None


def _settle_difference(session: Session, order: Order, back: Decimal) -> None:
    order.wallet_paid = order.total_amount
    session.flush()
    newest = select(OrderModification.id).where(OrderModification.order_id == order.id)
    reference = f"modify:{session.execute(newest.order_by(OrderModification.id.desc()).limit(1)).scalar_one()}"
    if back > 0:
        paying.give_back(
            session,
            order,
            amount=back,
            reference=reference,
            description=f"Order #{order.id} modification refund",
            reason=JournalReason.ORDER_MODIFY,
        )
    elif back < 0:
        paying.pay(session, order, amount=-back, reference=reference, reason=JournalReason.ORDER_MODIFY)
