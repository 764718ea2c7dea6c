"""A shopper and a trolley: pairing, review, till, transfer and where it is."""

from flask import Blueprint, Response

from app.errors import Busy
from app.middleware import limits
from app.middleware.answers import answer, cacheable
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.trolleys import (
    ConnectedTrolley,
    ExitToken,
    HandoffCodeAnswer,
    KnownTrolley,
    PairForm,
    ShopperToken,
    TransferForm,
    TrolleyCart,
    TrolleyPlace,
    TrolleyStanding,
)
from app.services.checkout import trolley_placing
from app.services.checkout.errors import CartEmpty
from app.services.trolleys import knowing, locating, pairing, reading, refusals, reviewing, till, transferring

trolleys = Blueprint("shopper_trolleys", __name__)
places = Blueprint("trolley_places", __name__)


@trolleys.post("/pair")
@limits.pair_by_address
@limits.pair_by_user
@endpoint(
    body=PairForm,
    answers={200: ConnectedTrolley},
    errors=(
        refusals.PairCodeUnknown,
        refusals.PairCodeGone,
        refusals.TrolleyInUse,
        refusals.TrolleyUnavailable,
        refusals.SessionOpen,
        Busy,
    ),
)
def pair_trolley(body: PairForm) -> Response:
    """Take the trolley that shows a code.

    A code is good once and for two minutes. After five wrong ones in ten minutes you have to wait.
    """
    return answer(pairing.pair(body, current_caller()))


@trolleys.get("/my-qr")
@endpoint(answers={200: ShopperToken})
def show_shopper_qr() -> Response:
    """Get a token to show as a QR code to the scanner of a trolley, which is yours then."""
    return answer(pairing.my_qr(current_caller()))


@trolleys.get("/current")
@endpoint(answers={200: TrolleyCart}, errors=(refusals.NoTrolley,))
def show_current_trolley() -> Response:
    """Show your trolley and what is in it, at today's prices."""
    return cacheable(answer(reading.view(current_caller())))


@trolleys.get("/trolleys/<int:trolley>")
@endpoint(answers={200: KnownTrolley}, errors=(refusals.TrolleyNotFound,))
def show_trolley(trolley: int) -> Response:
    """Show whether the trolley with a number on its sticker is free, before walking to it."""
    return answer(knowing.show(current_caller(), trolley=trolley))


@trolleys.post("/<int:cart_id>/review")
@endpoint(
    answers={200: TrolleyStanding},
    errors=(refusals.TrolleyCartNotFound, refusals.CartLocked, CartEmpty, trolley_placing.WeightMismatch, Busy),
)
def begin_review(cart_id: int) -> Response:
    """Lock the basket before paying: nothing goes in or out any more."""
    return answer(reviewing.review(current_caller(), cart_id=cart_id))


@trolleys.delete("/<int:cart_id>/review")
@endpoint(answers={200: TrolleyStanding}, errors=(refusals.TrolleyCartNotFound, refusals.CartLocked, Busy))
def leave_review(cart_id: int) -> Response:
    """Leave the review and go on shopping; codes for a till are void."""
    return answer(reviewing.leave(current_caller(), cart_id=cart_id))


@trolleys.post("/<int:cart_id>/transfer")
@limits.pair_by_address
@limits.pair_by_user
@endpoint(
    body=TransferForm,
    answers={200: ConnectedTrolley},
    errors=(
        refusals.TrolleyCartNotFound,
        refusals.TrolleyNotFound,
        refusals.PairCodeUnknown,
        refusals.PairCodeGone,
        refusals.CartLocked,
        refusals.TrolleyInUse,
        refusals.TrolleyUnavailable,
        refusals.OtherBranch,
        Busy,
    ),
)
def transfer_trolley(cart_id: int, body: TransferForm) -> Response:
    """Change trolleys, as when a battery runs low: the basket comes along."""
    return answer(transferring.transfer(body, current_caller(), cart_id=cart_id))


@trolleys.get("/<int:cart_id>/handoff")
@endpoint(
    answers={200: HandoffCodeAnswer},
    errors=(
        refusals.TrolleyCartNotFound,
        CartEmpty,
        trolley_placing.TrolleyNotPayable,
        trolley_placing.WeightMismatch,
        trolley_placing.StaffCheckNeeded,
        Busy,
    ),
)
def show_handoff_code(cart_id: int) -> Response:
    """Get a code by which a till takes the basket over, which is locked from then on."""
    return answer(till.handoff(current_caller(), cart_id=cart_id))


@trolleys.get("/<int:cart_id>/exit-token")
@endpoint(answers={200: ExitToken}, errors=(refusals.TrolleyCartNotFound, till.NotPaid, Busy))
def show_exit_token(cart_id: int) -> Response:
    """Get what opens the exit, once the basket is paid."""
    return answer(till.exit_token(current_caller(), cart_id=cart_id))


@places.get("/<int:cart_id>/location")
@endpoint(answers={200: TrolleyPlace}, errors=(refusals.TrolleyCartNotFound, locating.PlaceUnknown))
def show_trolley_place(cart_id: int) -> Response:
    """Show where a trolley is: your own, or for the staff any at their branches."""
    return answer(locating.place(current_caller(), cart_id=cart_id))
