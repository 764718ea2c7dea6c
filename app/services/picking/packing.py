"""READY: what was picked is added up, and that sum is captured of what the card holds."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.amounts import NOTHING
from app.domain.discounts import Discount
from app.domain.enums import PickedStatus, SubstitutionStatus
from app.domain.picking import LIVE, SETTLED, FinalLine, FinalTotals, final_totals, picked_total
from app.errors import Conflict
from app.models import Order, OrderDiscount, OrderItem, Payment, Substitution
from app.models.base import AnyRow
from app.services import locks
from app.services.checkout import releasing
from app.services.payments import settlement


class NotAllPicked(Conflict):
    """`details` count the lines that are still to be picked, and those that are missing."""

    code = "INVALID_STATUS_TRANSITION"
    message = "Not every line is settled: pick, replace or mark the rest. An order without any goods is cancelled."


_LINES = (
    select(OrderItem, Substitution)
    .outerjoin(Substitution, (Substitution.order_item_id == OrderItem.id) & Substitution.status.in_(LIVE))
    .order_by(OrderItem.id)
    .execution_options(populate_existing=True)
)


def pack(session: Session, order: Order, *, without_missing: bool) -> int | None:
    """Settle a locked order: final amounts, and the capture of them asked for. A step; answers the operation to send.

    `without_missing`: missing lines are left out and not charged, which is decided by going through MISSING. The
    capture never exceeds the authorization, and the provider lets go of the rest with it; where nothing is left to
    pay the whole hold is let go of. Raises NotAllPicked.
    """
    lines = session.execute(_LINES.where(OrderItem.order_id == order.id)).all()
    _check_settled(lines, without_missing=without_missing)
    discount = session.execute(select(OrderDiscount).where(OrderDiscount.order_id == order.id)).scalar_one_or_none()
    payment = locks.payment_of(session, order_id=order.id)
    finals = [_final_line(line.OrderItem, line.Substitution) for line in lines]
    totals = final_totals(
        finals,
        delivery_fee=order.delivery_fee,
        delivery_tax_rate=order.delivery_tax_rate,
        discount=Discount(discount.kind, discount.value, discount.max_discount) if discount else None,
        ceiling=payment.authorized_amount if payment else NOTHING,
    )
    _write(order, lines, finals, totals, discount)
    releasing.publish(session, releasing.facts_of(order), "order.ready")
    return _settle_payment(session, payment, totals)


def has_missing_line(session: Session, order_id: int) -> bool:
    """Whether a line of an order is marked missing. A step."""
    missing = (OrderItem.order_id == order_id) & (OrderItem.picked_status == PickedStatus.MISSING)
    return session.execute(select(OrderItem.id).where(missing).limit(1)).first() is not None


def _check_settled(lines: Sequence[AnyRow], *, without_missing: bool) -> None:
    marks = [line.OrderItem.picked_status for line in lines]
    pending, missing = marks.count(PickedStatus.PENDING), marks.count(PickedStatus.MISSING)
    nothing_to_hand_over = not SETTLED.intersection(marks)
    if pending or nothing_to_hand_over or (missing and not without_missing):
        raise NotAllPicked(details={"pending": pending, "missing": missing})


def _final_line(item: OrderItem, substitution: Substitution | None) -> FinalLine:
    if item.picked_status is PickedStatus.REPLACED and substitution is not None:
        deposit = substitution.unit_deposit * substitution.quantity
        return FinalLine(substitution.line_total, deposit, substitution.tax_rate)
    if item.picked_status is not PickedStatus.PICKED or item.picked_quantity is None:
        return FinalLine(NOTHING, NOTHING, item.tax_rate)
    total = picked_total(
        sold_by=item.sold_by,
        unit_price=item.unit_price,
        price_per_kg=item.price_per_kg,
        picked_quantity=item.picked_quantity,
        picked_weight_grams=item.picked_weight_grams,
    )
    return FinalLine(total, item.unit_deposit * item.picked_quantity, item.tax_rate)


def _write(
    order: Order,
    lines: Sequence[AnyRow],
    finals: Sequence[FinalLine],
    totals: FinalTotals,
    discount: OrderDiscount | None,
) -> None:
    """The order's final amounts, those of its lines, and the customer's silence on a substitute taken for a yes."""
    now = datetime.now(UTC)
    order.ready_at = now
    order.final_items_total = totals.items
    order.final_deposit_total = totals.deposits
    order.final_discount_total = totals.discount
    order.final_reduction = totals.reduction
    order.final_tax_total = totals.tax
    order.final_total = totals.total
    if discount is not None:
        discount.final_amount = totals.discount
    for line, final, tax in zip(lines, finals, totals.line_taxes, strict=True):
        line.OrderItem.final_total, line.OrderItem.final_tax_amount = final.total, tax
        if line.Substitution is not None and line.Substitution.status is SubstitutionStatus.PROPOSED:
            line.Substitution.status, line.Substitution.decided_at = SubstitutionStatus.ACCEPTED, now


def _settle_payment(session: Session, payment: Payment | None, totals: FinalTotals) -> int | None:
    if payment is None:
        return None
    if totals.total > 0:
        return settlement.request_capture(session, payment, amount=totals.total)
    return settlement.request_void(session, payment_id=payment.id, amount=payment.authorized_amount)
