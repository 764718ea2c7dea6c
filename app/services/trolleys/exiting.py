"""The gate: a trolley goes out once, and only with what is paid for (B.9)."""

from datetime import UTC, datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.devices.codes import typed_code
from app.domain.enums import Role, TrolleyState
from app.errors import Conflict, NotFound
from app.models import CartSession, Device, Order, OrderItem
from app.models.base import AnyRow
from app.schemas.trolley_staff import ExitForm, ExitPass
from app.services import audit, locks, staff
from app.services.checkout.errors import PaymentDeclined
from app.services.trolleys import checking_out
from app.services.trolleys.till import TOKEN_LENGTH, NotPaid, exit_hash
from app.transaction import reading, transaction


class ExitUnknown(NotFound):
    code = "EXIT_UNKNOWN"
    message = "No trolley of your branches has this token, or no shopper has the trolley of this device."


class ExitClosed(Conflict):
    """`details.exited_at` is when the trolley went out; null where its walk was over before."""

    code = "EXIT_CLOSED"
    message = "This trolley has gone out already, or its walk is over."


_FOUND = select(
    CartSession.id,
    CartSession.trolley_id,
    CartSession.user_id,
    CartSession.state,
    CartSession.version,
    CartSession.exited_at,
).where(staff.works_at(CartSession.stock_location_id))
_BY_TOKEN = _FOUND.where(CartSession.exit_token_hash == bindparam("token_hash"))
_BY_DEVICE = _FOUND.join(Device, Device.trolley_id == CartSession.trolley_id).where(
    Device.device_id == bindparam("device_id"), CartSession.closed_at.is_(None)
)


def leave(form: ExitForm, caller: Caller) -> ExitPass:
    """Let a trolley out that is paid for, once, by the shopper's token or by what the gate's reader saw.

    Who walks through the gate's reader with the basket under review pays with the default means of payment, as by
    POST /orders/checkout. Raises ExitUnknown, ExitClosed, NotPaid and, of that payment, the refusals of
    `checking_out.checkout`.
    """
    found = _found(form, caller)
    if form.device_id is not None and found.state is TrolleyState.REVIEW:
        _pay(found, caller)
    with transaction() as session:
        locks.limit_waits(session)
        locks.devices_on(session, found.trolley_id)
        opened = locks.session_of_trolley(session, trolley_id=found.trolley_id)
        if opened is None or opened.id != found.id:
            raise _closed(found.exited_at)
        if opened.exited_at is not None:
            raise _closed(opened.exited_at)
        if opened.state is not TrolleyState.PAID or opened.order_id is None:
            raise NotPaid(details={"state": opened.state})
        opened.exited_at = datetime.now(UTC)
        session.flush()
        audit.record(session, entity_type="cart_session", action="EXIT", entity_id=opened.id, by=caller)
        return _pass(session, opened)


def _closed(exited_at: datetime | None) -> ExitClosed:
    return ExitClosed(details={"exited_at": exited_at.isoformat() if exited_at else None})


def _found(form: ExitForm, caller: Caller) -> AnyRow:
    """The session meant, not locked: an open one for a device, any for a token. Raises ExitUnknown."""
    token = typed_code(form.token, TOKEN_LENGTH) if form.token is not None else None
    asked = {"device_id": form.device_id} if form.token is None else {"token_hash": exit_hash(token or "")}
    statement = _BY_DEVICE if form.token is None else _BY_TOKEN
    with reading() as connection:
        row = connection.execute(statement, {**asked, "employee_id": staff.employee_id(caller)}).one_or_none()
    if row is None:
        raise ExitUnknown
    return row


def _pay(found: AnyRow, caller: Caller) -> None:
    """The shopper pays at the gate. Raises PaymentDeclined, or NotPaid while the provider has yet to decide."""
    shopper = Caller(user_id=found.user_id, role=Role.CUSTOMER, session_id=0, origin=caller.origin)
    made = checking_out.checkout(shopper, idempotency_key=f"exit-{found.id}-{found.version}")
    if made.decision.status == PaymentDeclined.status:
        raise PaymentDeclined
    if made.paid is None:
        raise NotPaid(details={"state": TrolleyState.PAYING})


_ORDER = (
    select(
        Order.order_number,
        Order.delivered_at.label("paid_at"),
        func.count(OrderItem.id).label("items_count"),
        func.sum(OrderItem.quantity).label("total_products"),
    )
    .join(OrderItem, OrderItem.order_id == Order.id)
    .where(Order.id == bindparam("order_id"))
    .group_by(Order.id)
)


def _pass(session: Session, opened: CartSession) -> ExitPass:
    order = session.execute(_ORDER, {"order_id": opened.order_id}).one()
    return ExitPass(
        trolley=opened.trolley_id,
        session_id=opened.id,
        order_id=opened.order_id or 0,
        state=opened.state,
        **order._asdict(),
    )
