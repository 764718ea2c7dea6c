"""What a device learns of new firmware, and the image itself (smart-cart.md, B.9)."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from app.domain.devices import notices as wire
from app.domain.devices.answers import firmware_answer
from app.domain.devices.notices import Notice
from app.domain.devices.versions import Release, is_outdated, offered
from app.domain.devices.words import RefusalCode
from app.models import Device, Firmware
from app.models.base import AnyRow
from app.services.devices.entering import SignedRequest, entered
from app.services.devices.refusals import DeviceRefusal

_RELEASES = select(Firmware.version, Firmware.rollout_percent, Firmware.is_minimum).where(
    Firmware.hardware == bindparam("hardware"), Firmware.halted_at.is_(None)
)
_IS_IN_SESSION = text("SELECT EXISTS (SELECT FROM cart_sessions WHERE trolley_id = :trolley_id AND closed_at IS NULL)")


def notice(session: Session, device: Device) -> tuple[Notice, ...]:
    """The version a locked device is to fetch, if there is one for it. A step."""
    version = offered(device.device_id, device.firmware, _releases(session, device))
    return (wire.firmware(version),) if version else ()


def require_current(session: Session, device: Device) -> None:
    """Raises DeviceRefusal FIRMWARE for a device below the minimum of its hardware. A step.

    Not while a shopper has its trolley: what they scan must not get lost. What a device cannot deliver it keeps.
    """
    if not is_outdated(device.firmware, _releases(session, device)):
        return
    if not session.execute(_IS_IN_SESSION, {"trolley_id": device.trolley_id}).scalar_one():
        raise DeviceRefusal(RefusalCode.FIRMWARE)


def _releases(session: Session, device: Device) -> list[Release]:
    if device.hardware is None:
        return []
    return [Release(*row) for row in session.execute(_RELEASES, {"hardware": device.hardware})]


_OF_DEVICE = (Firmware.hardware == bindparam("hardware"), Firmware.version == bindparam("version"))
_SIZE = func.octet_length(Firmware.content)
_META = select(Firmware.sha256, Firmware.signature, _SIZE.label("size")).where(
    *_OF_DEVICE, Firmware.halted_at.is_(None)
)
_PIECE = select(func.substring(Firmware.content, bindparam("start"), bindparam("length"))).where(*_OF_DEVICE)


@dataclass(frozen=True, slots=True)
class Image:
    """The bytes from `start` on of an image of `size` bytes; `is_part` unless all of it was asked for."""

    content: bytes
    start: int
    size: int
    is_part: bool


def meta(signed: SignedRequest, *, version: str) -> bytes:
    """The answer that says what an image must be. Raises DeviceRefusal; BAD with 404 for no such version."""
    with entered(signed) as (session, device):
        row = _found(session, device, version)
        return firmware_answer(version, row.size, row.sha256, row.signature)


def image(signed: SignedRequest, *, version: str, span: tuple[int, int] | None) -> Image:
    """The image, or the bytes of the half-open `span` of it that there are.

    Raises DeviceRefusal as `meta`, BAD with 416 for a span beyond the end.
    """
    with entered(signed) as (session, device):
        size = _found(session, device, version).size
        start, end = span or (0, size)
        if start >= size:
            raise DeviceRefusal(RefusalCode.BAD, status=416)
        place = {"hardware": device.hardware, "version": version, "start": start + 1, "length": min(end, size) - start}
        return Image(session.execute(_PIECE, place).scalar_one(), start, size, span is not None)


def _found(session: Session, device: Device, version: str) -> AnyRow:
    row = session.execute(_META, {"hardware": device.hardware, "version": version}).one_or_none()
    if row is None:
        raise DeviceRefusal(RefusalCode.BAD, status=404)
    return row
