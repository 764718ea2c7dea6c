"""From a basket to a paid order."""

from flask import Blueprint, Response, request

from app.errors import Busy
from app.middleware import limits
from app.middleware.answers import answer, decided
from app.middleware.guards import current_caller
from app.openapi import Header, endpoint
from app.schemas.checkout import ConfirmAnswer, ConfirmRequest, PendingAnswer, PreviewAnswer, PreviewRequest
from app.services.branches import BranchNotFound
from app.services.checkout import errors, trolley_placing
from app.services.checkout.confirm import confirm
from app.services.checkout.preview import preview
from app.services.payment_tokens import PaymentTokenNotFound

checkout = Blueprint("checkout", __name__)

_KEY_HEADER = Header(
    name="Idempotency-Key",
    description="New for each checkout; sending it again repeats the answer instead of the purchase.",
    required=True,
    example="4f6c1b1e-checkout-1",
    pattern=r"^[!-~]{1,128}$",
    refusal=errors.MissingIdempotencyKey,
)


@checkout.post("/preview")
@endpoint(
    body=PreviewRequest,
    answers={200: PreviewAnswer},
    errors=(
        errors.CartNotFound,
        BranchNotFound,
        errors.CouponNotFound,
        errors.CouponNotApplicable,
        errors.TotalTooLarge,
    ),
)
def show_preview(body: PreviewRequest) -> Response:
    """Price a cart as it would be sold now, and name what is not there."""
    return answer(preview(body, current_caller()))


@checkout.post("/confirm")
@limits.checkout_by_address
@limits.checkout_by_user
@endpoint(
    body=ConfirmRequest,
    headers=(_KEY_HEADER,),
    answers={201: ConfirmAnswer, 200: ConfirmAnswer, 202: PendingAnswer},
    errors=(
        errors.MissingIdempotencyKey,
        errors.CartEmpty,
        errors.InvalidSlot,
        errors.PaymentTokenInactive,
        errors.UnsupportedProvider,
        errors.PaymentDeclined,
        errors.CartNotFound,
        BranchNotFound,
        errors.SlotNotFound,
        errors.CouponNotFound,
        errors.PreferredProductNotFound,
        PaymentTokenNotFound,
        errors.InsufficientStock,
        errors.PriceChanged,
        errors.TotalTooLarge,
        errors.CouponNotApplicable,
        errors.SlotFull,
        errors.CartClosed,
        errors.KeyReused,
        errors.KeyInProgress,
        trolley_placing.TrolleyNotPayable,
        trolley_placing.WeightMismatch,
        trolley_placing.StaffCheckNeeded,
        Busy,
    ),
)
def confirm_cart(body: ConfirmRequest) -> Response:
    """Sell the cart and take the payment, once for each Idempotency-Key and each cart.

    201 is a paid order, 200 the same answer again, 202 an order whose payment the provider has yet to decide.
    """
    made = confirm(body, request.headers[_KEY_HEADER.name], current_caller())
    return decided(made.body, status=made.status, is_replay=made.is_replay)
