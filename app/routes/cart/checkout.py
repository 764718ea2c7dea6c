"""Paying for what is in a trolley, and what was bought before."""

from flask import Blueprint, Response, request

from app.errors import Busy
from app.middleware import limits
from app.middleware.answers import answer, decided, listed
from app.middleware.guards import current_caller
from app.openapi import Header, endpoint
from app.schemas.checkout import PendingAnswer
from app.schemas.envelope import Listed
from app.schemas.pagination import Page
from app.schemas.trolleys import BoughtBasket, CheckedOut
from app.services.checkout import errors, trolley_placing
from app.services.payment_tokens import PaymentTokenNotFound
from app.services.trolleys import checking_out, history, refusals

orders = Blueprint("trolley_orders", __name__)

_KEY_HEADER = Header(
    name="Idempotency-Key",
    description="As for POST /api/v1/checkout/confirm. Without it each cart is sold once all the same.",
    example="4f6c1b1e-trolley-1",
    pattern=r"^([!-~]{1,128})?$",
    refusal=errors.MissingIdempotencyKey,
)


@orders.post("/checkout")
@limits.checkout_by_address
@limits.checkout_by_user
@endpoint(
    headers=(_KEY_HEADER,),
    answers={201: CheckedOut, 200: CheckedOut, 202: PendingAnswer},
    errors=(
        refusals.NoTrolley,
        checking_out.NoMeansOfPayment,
        errors.CartEmpty,
        errors.CartClosed,
        errors.CartNotFound,
        errors.PaymentDeclined,
        errors.PaymentTokenInactive,
        errors.UnsupportedProvider,
        errors.KeyReused,
        errors.KeyInProgress,
        PaymentTokenNotFound,
        trolley_placing.TrolleyNotPayable,
        trolley_placing.WeightMismatch,
        trolley_placing.StaffCheckNeeded,
        Busy,
    ),
)
def check_out_trolley() -> Response:
    """Pay for what is in your trolley with your default means of payment.

    201 is a paid order, 200 the same answer again, 202 an order whose payment the provider has yet to decide.
    """
    made = checking_out.checkout(current_caller(), idempotency_key=request.headers.get(_KEY_HEADER.name))
    if made.paid is None:
        return decided(made.decision.body, status=made.decision.status, is_replay=made.decision.is_replay)
    return answer(made.paid, status=made.decision.status)


@orders.get("/history")
@endpoint(query=Page, answers={200: Listed[BoughtBasket]})
def list_bought(query: Page) -> Response:
    """List what you have bought with trolleys, newest first."""
    return listed(*history.show(query, current_caller()))
