"""A device's keys: which master made them, and which key numbers are good at this moment."""

from datetime import datetime

from app.config import device_master_keys, settings
from app.domain.devices.keys import ROTATION_GRACE, accepted_kids, current_key
from app.models import Device


def newest_master() -> int:
    """The number of the master that devices claimed from now on get their keys from."""
    return len(device_master_keys(settings())) - 1


def key_of(device: Device, kid: int) -> bytes:
    """The device's key of a number from `base_kid` on. Raises LookupError when its master is not configured."""
    masters = device_master_keys(settings())
    nonces = device.rotations[: kid - device.base_kid]
    return current_key(masters[device.master_index], device.device_id, device.base_kid, nonces)


def accepted(device: Device, now: datetime) -> dict[int, bytes]:
    """The keys by number that a request may be signed with now; none before the device was claimed."""
    if device.kid == 0:
        return {}
    previous = device.kid if is_rotating(device) else None
    kids = accepted_kids(newest_kid(device), previous, device.rotation_until, now)
    return {kid: key_of(device, kid) for kid in kids}


def newest_kid(device: Device) -> int:
    """The number of the key that the last rotation asks for, or of the one in use."""
    return device.base_kid + len(device.rotations)


def is_rotating(device: Device) -> bool:
    """Whether the device was asked for a key it has not signed with yet."""
    return newest_kid(device) > device.kid


def note_use(device: Device, kid: int) -> None:
    """The first request signed with the new key ends the rotation."""
    if kid > device.kid:
        device.kid = kid
        device.rotation_until = None


def note_told(device: Device, now: datetime) -> None:
    """The old key's last hours begin when the device first hears of the new one."""
    if device.rotation_until is None:
        device.rotation_until = now + ROTATION_GRACE
