"""A device gets its key: by a code that an admin was shown, once and within 15 minutes (smart-cart.md, B.2)."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.caller import Origin
from app.domain.devices.answers import claim_answer
from app.domain.devices.bodies import Claim, parse_claim
from app.domain.devices.codes import BITS_PER_CHARACTER, CLAIM_LENGTH, crockford
from app.domain.devices.signing import MAX_REQUEST_BYTES
from app.domain.devices.wire import BigBody
from app.domain.devices.words import RefusalCode
from app.domain.enums import DeviceStatus
from app.models import Device, DeviceClaim
from app.services import audit, locks
from app.services.devices import keys
from app.services.devices.refusals import DeviceRefusal
from app.services.secrets_at_rest import keyed_hash
from app.transaction import transaction

GOOD_FOR = timedelta(minutes=15)
_BARRED = {DeviceStatus.SUSPENDED, DeviceStatus.LOST}


def new_code(session: Session, device: Device) -> tuple[str, datetime]:
    """A claim code for a locked device and when it ends; the one before is void. A step."""
    code = crockford(secrets.randbits(CLAIM_LENGTH * BITS_PER_CHARACTER), CLAIM_LENGTH)
    values = {"code_hash": _hash(code), "expires_at": func.now() + GOOD_FOR, "used_at": None}
    made = insert(DeviceClaim).values(device_id=device.id, **values)
    made = made.on_conflict_do_update(index_elements=[DeviceClaim.device_id], set_=values)
    ends: datetime = session.execute(made.returning(DeviceClaim.expires_at)).scalar_one()
    return code, ends


def void_code(session: Session, device: Device) -> None:
    """Forget the claim code of a locked device. A step."""
    session.execute(delete(DeviceClaim).where(DeviceClaim.device_id == device.id))


def claim(body: bytes, origin: Origin, *, now: int) -> bytes:
    """Give the device that sends a good code a key of its own; everything signed with an earlier one is void.

    Raises BadBody; DeviceRefusal DEVICE for an unknown code, USED for one that is used or too old, OFF for a device
    that was suspended or lost. A revoked one is active again.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise BigBody("a claim is short")
    form = parse_claim(body)
    with transaction() as session:
        locks.limit_waits(session)
        device = _claimed(session, _hash(form.code))
        _renew(device, form)
        new = {"kid": device.kid, "serial_told": form.serial, "hardware": form.hardware, "firmware": form.firmware}
        audit.record(session, entity_type="device", action="CLAIM", entity_id=device.id, origin=origin, new=new)
        return claim_answer(now, device.device_id, device.kid, keys.key_of(device, device.kid))


_DEVICE_OF_CODE = (
    select(Device.device_id)
    .join(DeviceClaim, DeviceClaim.device_id == Device.id)
    .where(DeviceClaim.code_hash == bindparam("code_hash"))
)
_USE = (
    update(DeviceClaim)
    .where(
        DeviceClaim.code_hash == bindparam("given_hash"),
        DeviceClaim.used_at.is_(None),
        DeviceClaim.expires_at > func.now(),
    )
    .values(used_at=func.now())
    .returning(DeviceClaim.device_id)
    .execution_options(synchronize_session=False)
)


def _claimed(session: Session, code_hash: str) -> Device:
    """The device of a code, locked, the code used up."""
    device_id = session.execute(_DEVICE_OF_CODE, {"code_hash": code_hash}).scalar_one_or_none()
    device = locks.device(session, device_id=device_id) if device_id else None
    if device is None:
        raise DeviceRefusal(RefusalCode.DEVICE)
    if device.status in _BARRED:
        raise DeviceRefusal(RefusalCode.OFF)
    if session.execute(_USE, {"given_hash": code_hash}).scalar_one_or_none() is None:
        raise DeviceRefusal(RefusalCode.USED)
    return device


def _renew(device: Device, form: Claim) -> None:
    """A key number never used before, counters from the start. The numbers of events go on: a device keeps those."""
    device.base_kid = device.kid = keys.newest_kid(device) + 1
    device.rotations = []
    device.rotation_until = None
    device.master_index = keys.newest_master()
    device.last_boot = device.last_n = 0
    device.last_signed_at = None
    device.bearer_hash = None
    device.claimed_at = func.now()
    device.status = DeviceStatus.ACTIVE
    device.hardware, device.firmware = form.hardware, form.firmware
    device.last_error = None


def _hash(code: str) -> str:
    return keyed_hash("device-claim", code)
