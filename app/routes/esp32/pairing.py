"""A trolley asks for a shopper."""

from flask import Blueprint, Response

from app.middleware import limits
from app.middleware.device_answers import device_answer, signed_request
from app.openapi import endpoint
from app.schemas.device_wire import PairingAnswer
from app.services.trolleys import device_pairing

pairing = Blueprint("device_pairing", __name__)


@pairing.post("/pair")
@endpoint(
    raw_body="Nothing or `{}` for a code; `{tok}` of a shopper's QR code; `{ph}` to have a code sent, then `{ph, otp}`",
    body_optional=True,
    bare=True,
    answers={200: PairingAnswer},
)
def pair_device() -> Response:
    """Ask for a code to show, or pair with a shopper's token or phone.

    A trolley that cannot be taken now is answered `busy`, a token or code that is not right 404 `bad`, a shopper who
    has another trolley 409 `bad`.
    """
    return device_answer(device_pairing.pair(signed_request(), count_text=limits.count_text_message))
