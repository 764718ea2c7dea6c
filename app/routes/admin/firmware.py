"""Firmware and its rollout."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import Upload, endpoint
from app.schemas.firmware import FirmwareChange, FirmwareList, FirmwareQuery, FirmwareUploadQuery, ManagedFirmware
from app.services.devices import releasing

firmware = Blueprint("admin_firmware", __name__)

IMAGE = Upload(field="file", description="The image, at most 8 MB.", max_bytes=releasing.LARGEST_IMAGE)


@firmware.get("")
@endpoint(query=FirmwareQuery, answers={200: FirmwareList})
def list_firmware(query: FirmwareQuery) -> Response:
    """List all firmware with the number of devices that run it."""
    return listed(*releasing.list_firmware(query))


@firmware.post("")
@endpoint(query=FirmwareUploadQuery, upload=IMAGE, answers={201: ManagedFirmware}, errors=(releasing.FirmwareExists,))
def upload_firmware(query: FirmwareUploadQuery, upload: bytes) -> Response:
    """Upload a firmware; nobody is offered it before its rollout is begun."""
    return answer(releasing.show(releasing.upload(upload, query, current_caller())), status=201)


@firmware.get("/<int:firmware_id>")
@endpoint(answers={200: ManagedFirmware}, errors=(releasing.FirmwareNotFound,))
def show_firmware(firmware_id: int) -> Response:
    """Show a firmware with the number of devices that run it."""
    return answer(releasing.show(firmware_id))


@firmware.patch("/<int:firmware_id>")
@endpoint(body=FirmwareChange, answers={200: ManagedFirmware}, errors=(releasing.FirmwareNotFound,))
def change_firmware(body: FirmwareChange, firmware_id: int) -> Response:
    """Roll a firmware out to a percentage of the fleet, make it the minimum, or halt it."""
    releasing.change(body, current_caller(), firmware_id=firmware_id)
    return answer(releasing.show(firmware_id))
