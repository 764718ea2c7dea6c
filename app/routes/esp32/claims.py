"""A device gets its key."""

from flask import Blueprint, Response

from app.middleware import limits
from app.middleware.device_answers import device_answer, signed_request
from app.middleware.guards import current_origin
from app.openapi import endpoint
from app.schemas.device_wire import DeviceKey
from app.services.devices import claiming

claims = Blueprint("device_claims", __name__)


@claims.post("/claim")
@limits.device_claim
@endpoint(raw_body="`{code, sn, hw, fw}`", bare=True, unsigned=True, answers={201: DeviceKey})
def claim() -> Response:
    """Get a key for a claim code, which is good once and for 15 minutes; unsigned, and over TLS only.

    A second use is answered 410 with `e` "used", an unknown code 404 with "dev".
    """
    sent = signed_request()
    return device_answer(claiming.claim(sent.body, current_origin(), now=sent.now), status=201)
