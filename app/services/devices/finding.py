"""A device as managers name it: by its public id of eight hexadecimal digits, or by the number of its row."""

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from app.domain.devices.keys import is_device_id
from app.errors import NotFound
from app.models import Device
from app.services import locks

_MOST_DIGITS = 18
_PUBLIC = select(Device.device_id).where(Device.id == bindparam("row_id"))


class DeviceNotFound(NotFound):
    code = "DEVICE_NOT_FOUND"
    message = "There is no such device."


def public_id(session: Session | Connection, name: str) -> str:
    """The public id of a device named either way. Raises DeviceNotFound for what is neither. A step."""
    if is_device_id(name):
        return name
    if not (name.isascii() and name.isdigit() and len(name) <= _MOST_DIGITS):
        raise DeviceNotFound
    found: str | None = session.execute(_PUBLIC, {"row_id": int(name)}).scalar_one_or_none()
    if found is None:
        raise DeviceNotFound
    return found


def locked(session: Session, name: str) -> Device:
    """The device, locked. Raises DeviceNotFound. A step."""
    device = locks.device(session, device_id=public_id(session, name))
    if device is None:
        raise DeviceNotFound
    return device
