"""Firmware for devices."""

from flask import Blueprint, Response

from app.middleware.device_answers import device_answer, image_answer, range_asked, signed_request
from app.openapi import File, endpoint
from app.schemas.device_wire import FirmwareOnWire
from app.services.devices import updates

firmware = Blueprint("device_firmware", __name__)

IMAGE = File("application/octet-stream", "The image, or the bytes that the header Range asks for.")


@firmware.get("/<version>")
@endpoint(answers={200: IMAGE, 206: IMAGE})
def fetch_firmware(version: str) -> Response:
    """Fetch a firmware, whole or piece by piece with `Range: bytes=0-1023`."""
    return image_answer(updates.image(signed_request(), version=version, span=range_asked()))


@firmware.get("/<version>/meta")
@endpoint(bare=True, answers={200: FirmwareOnWire})
def show_firmware_meta(version: str) -> Response:
    """Show what the image must be: size, SHA-256 and signature."""
    return device_answer(updates.meta(signed_request(), version=version))
