"""The way to the customer: a driver, the door, and the goods handed over."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import DeliveryOutcome, FulfillmentType, OrderStatus
from app.domain.roles import MANAGERS, STAFF
from app.errors import Conflict, Forbidden, NotFound
from app.models import DeliveryAttempt, Order, User, UserBranch
from app.schemas.deliveries import FailedAttemptRequest, HandOverRequest
from app.services import audit, ledger, locks
from app.services.checkout import releasing
from app.services.orders.finding import staff_order
from app.services.orders.states import move
from app.services.stock import giving_out
from app.transaction import retried, transaction

S = OrderStatus


class DriverNotFound(NotFound):
    code = "DRIVER_NOT_FOUND"
    message = "Nobody of the staff with this id works at the order's branch."


class NotOnItsWay(Conflict):
    """`details.status` is where the order stands, `details.fulfillment_type` how it is to reach the customer."""

    code = "INVALID_STATUS"
    message = "This step does not fit where the order stands."


class PaymentNotCaptured(Conflict):
    code = "PAYMENT_NOT_CAPTURED"
    message = "The payment is not captured yet, so the goods stay here. Try again in a moment or ask a manager."


def assign_driver(*, order_id: int, driver_id: int, caller: Caller) -> None:
    """Say who drives; employees may name themselves only.

    Raises StaffOrderNotFound, DriverNotFound, NotOnItsWay, or Forbidden.
    """
    with transaction() as session:
        order = staff_order(session, order_id=order_id, caller=caller)
        if driver_id != caller.user_id and not caller.is_manager:
            raise Forbidden("Employees assign themselves; a manager assigns others.")
        if order.status not in (S.READY, S.OUT_FOR_DELIVERY, S.DELAYED):
            raise _refusal(order)
        _check_delivery(order)
        if session.execute(_driver(order, driver_id)).first() is None:
            raise DriverNotFound
        _record(session, order, "ASSIGN_DRIVER", {"driver_id": order.driver_id}, {"driver_id": driver_id}, caller)
        order.driver_id = driver_id


def leave(*, order_id: int, caller: Caller) -> None:
    """The driver sets out; without an assigned driver the caller is the one.

    Raises StaffOrderNotFound, NotOnItsWay, PaymentNotCaptured, or Forbidden to anybody but the driver and managers.
    """
    with transaction() as session:
        order = staff_order(session, order_id=order_id, caller=caller)
        _check_driver(order, caller)
        failed_before = order.status is S.DELAYED and order.delayed_from is S.OUT_FOR_DELIVERY
        if order.status is not S.READY and not failed_before:
            raise _refusal(order)
        set_out(session, order, caller=caller)


def set_out(session: Session, order: Order, *, caller: Caller) -> None:
    """A packed, paid delivery leaves the branch. A step on a locked order. Raises NotOnItsWay, PaymentNotCaptured."""
    _check_delivery(order)
    _check_captured(session, order)
    order.driver_id = order.driver_id or caller.user_id
    order.dispatched_at = datetime.now(UTC)
    move(session, order, S.OUT_FOR_DELIVERY, caller)
    releasing.publish(session, releasing.facts_of(order), "order.out_for_delivery")


def deliver(*, order_id: int, form: HandOverRequest, caller: Caller) -> None:
    """Hand over at the door or, for a pickup, at the counter, with proof.

    Raises StaffOrderNotFound, NotOnItsWay, PaymentNotCaptured, or Forbidden to anybody but the driver and managers.
    """
    retried(lambda: _deliver(order_id, form, caller))


def _deliver(order_id: int, form: HandOverRequest, caller: Caller) -> None:
    with transaction() as session:
        order = staff_order(session, order_id=order_id, caller=caller)
        pickup = order.fulfillment_type is FulfillmentType.PICKUP
        if order.status is not (S.READY if pickup else S.OUT_FOR_DELIVERY):
            raise _refusal(order)
        if not pickup:
            _check_driver(order, caller)
        hand_over(session, order, caller=caller, proof=form)


def fail(*, order_id: int, form: FailedAttemptRequest, caller: Caller) -> None:
    """Nobody took the goods: the order is DELAYED and may set out again.

    Raises StaffOrderNotFound, NotOnItsWay, or Forbidden to anybody but the driver and managers.
    """
    with transaction() as session:
        order = staff_order(session, order_id=order_id, caller=caller)
        if order.status is not S.OUT_FOR_DELIVERY:
            raise _refusal(order)
        _check_driver(order, caller)
        attempt = DeliveryAttempt(
            order_id=order.id, outcome=DeliveryOutcome.FAILED, reason=form.reason, actor_user_id=caller.user_id
        )
        session.add(attempt)
        move(session, order, S.DELAYED, caller)
        releasing.publish(session, releasing.facts_of(order), "order.delivery_failed", reason=form.reason)


def hand_over(session: Session, order: Order, *, caller: Caller, proof: HandOverRequest | None = None) -> None:
    """The goods are the customer's: stock leaves the books, and the money is earned. A step on a locked order.

    Raises PaymentNotCaptured.
    """
    _check_captured(session, order)
    giving_out.give_out(session, order, actor_user_id=caller.user_id)
    attempt = DeliveryAttempt(
        order_id=order.id,
        outcome=DeliveryOutcome.DELIVERED,
        received_by=proof.received_by if proof else None,
        photo_reference=proof.photo_reference if proof else None,
        actor_user_id=caller.user_id,
    )
    session.add(attempt)
    order.delivered_at = datetime.now(UTC)
    move(session, order, S.DELIVERED, caller)
    ledger.post_delivery(session, order)
    releasing.publish(session, releasing.facts_of(order), "order.delivered")


def _refusal(order: Order) -> NotOnItsWay:
    return NotOnItsWay(details={"status": order.status, "fulfillment_type": order.fulfillment_type})


def _check_delivery(order: Order) -> None:
    if order.fulfillment_type is not FulfillmentType.DELIVERY:
        raise _refusal(order)


def _check_driver(order: Order, caller: Caller) -> None:
    if order.driver_id not in (None, caller.user_id) and not caller.is_manager:
        raise Forbidden("Another driver has this order.")


def _check_captured(session: Session, order: Order) -> None:
    payment = locks.payment_of(session, order_id=order.id)
    if payment is not None and order.final_total and payment.captured_amount == 0:
        raise PaymentNotCaptured


def _driver(order: Order, driver_id: int) -> Select[Any]:
    works_there = select(UserBranch.user_id).where(UserBranch.stock_location_id == order.stock_location_id)
    return select(User.id).where(
        User.id == driver_id,
        User.is_active,
        User.role.in_(STAFF),
        or_(User.role.in_(MANAGERS), User.id.in_(works_there)),
    )


def _record(
    session: Session, order: Order, action: str, old: dict[str, object], new: dict[str, object], caller: Caller
) -> None:
    audit.record(session, entity_type="order", action=action, entity_id=order.id, by=caller, old=old, new=new)
