"""The money of past orders: held at checkout, then captured and booked, or let go of. Every function is a step."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import OperationKind, OperationState, PaymentProvider
from app.models import Order, Payment, PaymentOperation, SandboxPayment
from app.services import ledger
from app.services.seed.history.rows import Values, add_rows, insert_rows
from app.services.seed.history.sums import Reckoned


def write_payments(session: Session, orders: Sequence[Reckoned]) -> None:
    """Payments with every call to the provider, the provider's own memory of them, and the journals."""
    payment_ids = insert_rows(session, Payment, [_payment(each) for each in orders])
    add_rows(session, SandboxPayment, [_at_the_provider(each) for each in orders])
    held = [
        _operation(payment_id, OperationKind.AUTHORIZE, each.totals.authorization)
        for each, payment_id in zip(orders, payment_ids, strict=True)
    ]
    insert_rows(session, PaymentOperation, held)
    ends = [_end(each, payment_id) for each, payment_id in zip(orders, payment_ids, strict=True)]
    for each, operation_id in zip(orders, insert_rows(session, PaymentOperation, ends), strict=True):
        if not each.past.is_canceled:
            _book(session, each, operation_id)


def _reference(each: Reckoned) -> str:
    return f"{PaymentProvider.MOCKPAY.upper()}-PAST-{each.id:08x}"


def _payment(each: Reckoned) -> Values:
    return {
        "order_id": each.id,
        "provider": PaymentProvider.MOCKPAY,
        "provider_reference": f"past-{each.id:08x}",
        "reference": _reference(each),
        "currency": settings().currency,
        "requested_amount": each.totals.authorization,
        "authorized_amount": each.totals.authorization,
        "captured_amount": Decimal(0) if each.past.is_canceled else each.final.total,
        "created_at": each.past.created_at,
    }


def _at_the_provider(each: Reckoned) -> Values:
    """What the sandbox remembers, so that an order of the past can be refunded like any other."""
    return {
        "reference": _reference(each),
        "provider_reference": f"past-{each.id:08x}",
        "status": "voided" if each.past.is_canceled else "captured",
        "authorized_amount": each.totals.authorization,
        "captured_amount": Decimal(0) if each.past.is_canceled else each.final.total,
        "created_at": each.past.created_at,
    }


def _end(each: Reckoned, payment_id: int) -> Values:
    if each.past.is_canceled:
        return _operation(payment_id, OperationKind.VOID, each.totals.authorization)
    return _operation(payment_id, OperationKind.CAPTURE, each.final.total)


def _operation(payment_id: int, kind: OperationKind, amount: Decimal) -> Values:
    return {
        "payment_id": payment_id,
        "kind": kind,
        "idempotency_key": uuid.uuid4(),
        "amount": amount,
        "state": OperationState.OK,
        "attempts": 1,
        "next_at": datetime.now(UTC),
    }


def _book(session: Session, each: Reckoned, operation_id: int) -> None:
    """The journals of a capture and of a delivery, as they are always booked."""
    ledger.post_capture(session, operation_id=operation_id, order_id=each.id, amount=each.final.total)
    final = {
        "final_total": each.final.total,
        "final_tax_total": each.final.tax,
        "final_deposit_total": each.final.deposits,
    }
    ledger.post_delivery(session, Order(id=each.id, **final))
