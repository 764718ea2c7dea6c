"""Payment operations that need a person."""

from flask import Blueprint, Response

from app.errors import Forbidden
from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.payment_desk import (
    CloseOperation,
    DeskOperation,
    OperationQuery,
    PaymentAnswer,
    RetryOperation,
)
from app.services.payments import desk, desk_reading

payments = Blueprint("managed_payments", __name__)


@payments.get("/payments/operations")
@endpoint(query=OperationQuery, answers={200: Listed[DeskOperation]})
def list_payment_operations(query: OperationQuery) -> Response:
    """List calls to the payment provider by state, newest first; without one those that wait for a person."""
    items, meta = desk_reading.operations(query)
    return listed(items, meta)


@payments.get("/payments/<int:order_id>")
@endpoint(answers={200: PaymentAnswer}, errors=(desk_reading.PaymentNotFound,))
def show_payment(order_id: int) -> Response:
    """Show the payment of an order with every call to the provider about it."""
    return answer(desk_reading.payment(order_id=order_id))


@payments.post("/payments/operations/<int:operation_id>/retry")
@endpoint(
    body=RetryOperation,
    body_optional=True,
    answers={200: DeskOperation},
    errors=(desk.OperationNotFound, desk.NotRetryable),
)
def retry_payment_operation(operation_id: int, body: RetryOperation) -> Response:
    """Let the provider be asked again, within seconds and for another three days.

    Sending an operation twice is harmless: its own key goes along.
    """
    return answer(desk.retry(body, current_caller(), operation_id=operation_id))


@payments.post("/payments/operations/<int:operation_id>/close")
@endpoint(
    body=CloseOperation,
    answers={200: DeskOperation},
    errors=(Forbidden, desk.OperationNotFound, desk.NotClosable),
)
def close_payment_operation(operation_id: int, body: CloseOperation) -> Response:
    """Settle an operation by what was seen and done at the provider's own screen (ADMIN only).

    A void, refund or capture that is `done` is booked as if the provider had answered it. An authorization that is
    `not_done` cancels its order, once the provider has confirmed that nothing is held.
    """
    return answer(desk.close(body, current_caller(), operation_id=operation_id))
