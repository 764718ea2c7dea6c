"""How a device is and where."""

from flask import Blueprint, Response

from app.middleware.device_answers import device_answer, signed_request
from app.openapi import endpoint
from app.schemas.device_wire import DeviceStanding
from app.services.devices import heartbeats as service

heartbeats = Blueprint("device_heartbeats", __name__)


@heartbeats.post("/hb")
@endpoint(
    raw_body="`{fw, b}` and as wanted `{hw, mv, ch, rs, up, hp, g, x, y, fl, bc, er}`",
    bare=True,
    answers={200: DeviceStanding},
)
def take_heartbeat() -> Response:
    """Report battery, signal, weight and place; the answer says how the trolley stands."""
    return device_answer(service.take(signed_request()))
