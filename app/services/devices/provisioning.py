"""Devices as admins make them, and what lets them in: claim codes, rotation, bearer tokens, their status."""

import secrets

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.devices import notices as wire
from app.domain.devices.codes import bearer_token, token_digest
from app.domain.devices.keys import KEY_BYTES
from app.domain.enums import DeviceStatus, LocationKind
from app.errors import Conflict
from app.models import Device, StockLocation, Trolley
from app.schemas.devices import BearerToken, ClaimCode, DeviceChange, DeviceMade, NewDevice
from app.services import audit, changes
from app.services.branches import BranchNotFound
from app.services.devices import claiming, keys, notices
from app.services.devices.finding import locked
from app.services.refusals import refused_as
from app.transaction import transaction


class DeviceExists(Conflict):
    code = "DEVICE_EXISTS"
    message = "There is a device with this serial already. Make a new claim code for that one."


class TrolleyTaken(Conflict):
    code = "TROLLEY_TAKEN"
    message = "There is a device on the trolley with this label already. Take another label."


class DeviceRevoked(Conflict):
    code = "DEVICE_REVOKED"
    message = "The key of a revoked device stays void. Make a claim code and let the device claim a new key."


class DeviceNotClaimed(Conflict):
    code = "DEVICE_NOT_CLAIMED"
    message = "The device has no key to rotate: it must claim one first."


class RotationUnderWay(Conflict):
    code = "ROTATION_UNDER_WAY"
    message = "The device was asked for a new key already and has not used it yet."


_REFUSALS = {"uq_devices_serial": DeviceExists, "uq_devices_trolley_id": TrolleyTaken}
_BRANCH = select(StockLocation.id).where(
    StockLocation.id == bindparam("branch_id"), StockLocation.kind != LocationKind.SHOP, StockLocation.is_active
)
_TROLLEY = select(Trolley).where(
    Trolley.stock_location_id == bindparam("branch_id"), Trolley.label == bindparam("label")
)
_TAKEN_ID = select(Device.id).where(Device.device_id == bindparam("device_id"))


def create(form: NewDevice, caller: Caller) -> DeviceMade:
    """A device on the trolley with the label, the trolley too where there is none, and a claim code.

    Raises BranchNotFound, DeviceExists, TrolleyTaken.
    """
    with transaction() as session:
        if session.execute(_BRANCH, {"branch_id": form.branch_id}).scalar_one_or_none() is None:
            raise BranchNotFound
        with refused_as(_REFUSALS):
            trolley = _trolley(session, form)
            device = Device(
                device_id=_free_id(session),
                serial=form.serial,
                stock_location_id=form.branch_id,
                trolley_id=trolley.id,
                master_index=keys.newest_master(),
            )
            session.add(device)
            session.flush()
        code, expires_at = claiming.new_code(session, device)
        new = changes.in_json(form.model_dump()) | {"device_id": device.device_id}
        audit.record(session, entity_type="device", action="CREATE", entity_id=device.id, by=caller, new=new)
        return DeviceMade(
            id=device.id,
            device_id=device.device_id,
            branch_id=form.branch_id,
            trolley=trolley.id,
            cart_label=trolley.label,
            claim_code=code,
            expires_at=expires_at,
        )


def _trolley(session: Session, form: NewDevice) -> Trolley:
    """The branch's trolley with the label, made where there is none."""
    found = session.execute(_TROLLEY, {"branch_id": form.branch_id, "label": form.cart_label}).scalar_one_or_none()
    if found is not None:
        return found
    trolley = Trolley(stock_location_id=form.branch_id, label=form.cart_label, tare_grams=form.tare_g)
    session.add(trolley)
    session.flush()
    return trolley


def _free_id(session: Session) -> str:
    """Eight random hexadecimal digits that no device has."""
    while True:
        device_id = secrets.token_hex(4)
        if session.execute(_TAKEN_ID, {"device_id": device_id}).scalar_one_or_none() is None:
            return device_id


def renew_code(caller: Caller, *, name: str) -> ClaimCode:
    """A new claim code; the key in use stays good until the code is used. Raises DeviceNotFound."""
    with transaction() as session:
        device = locked(session, name)
        code, expires_at = claiming.new_code(session, device)
        audit.record(session, entity_type="device", action="CLAIM_CODE", entity_id=device.id, by=caller)
        return ClaimCode(device_id=device.device_id, claim_code=code, expires_at=expires_at)


def rotate(caller: Caller, *, name: str) -> str:
    """Ask a device for its next key; it hears of it with its next answer. The public id.

    Raises DeviceNotFound, DeviceRevoked, DeviceNotClaimed, RotationUnderWay.
    """
    with transaction() as session:
        device = locked(session, name)
        if device.status is DeviceStatus.REVOKED:
            raise DeviceRevoked
        if device.claimed_at is None:
            raise DeviceNotClaimed
        if keys.is_rotating(device):
            raise RotationUnderWay
        device.rotations = [*device.rotations, secrets.token_hex(16)]
        new = {"kid": keys.newest_kid(device)}
        audit.record(session, entity_type="device", action="ROTATE", entity_id=device.id, by=caller, new=new)
        return device.device_id


def change(form: DeviceChange, caller: Caller, *, name: str) -> str:
    """Change a device's status or how often it reports; both count from its next request on. The public id.

    Revoking voids its key, its bearer token and its claim code for good. Raises DeviceNotFound, DeviceRevoked.
    """
    with transaction() as session:
        device = locked(session, name)
        if device.status is DeviceStatus.REVOKED and form.status not in (None, DeviceStatus.REVOKED):
            raise DeviceRevoked
        changed = changes.apply(device, form.model_dump(exclude_unset=True))
        if "status" in changed.new and device.status is DeviceStatus.REVOKED:
            device.bearer_hash = None
            claiming.void_code(session, device)
        if "heartbeat_seconds" in changed.new:
            notices.put(device, wire.heartbeat_every(changed.new["heartbeat_seconds"]))
        changes.record(session, changed, entity_type="device", entity_id=device.id, by=caller)
        return device.device_id


def allow_bearer(caller: Caller, *, name: str) -> BearerToken:
    """Let a device in with a token instead of signatures; any earlier token is void.

    Raises DeviceNotFound, DeviceRevoked.
    """
    with transaction() as session:
        device = locked(session, name)
        if device.status is DeviceStatus.REVOKED:
            raise DeviceRevoked
        token = bearer_token(device.device_id, secrets.token_bytes(KEY_BYTES))
        device.bearer_hash = token_digest(token)
        audit.record(session, entity_type="device", action="BEARER_ON", entity_id=device.id, by=caller)
        return BearerToken(device_id=device.device_id, token=token)


def forbid_bearer(caller: Caller, *, name: str) -> str:
    """Void the device's token. The public id. Raises DeviceNotFound."""
    with transaction() as session:
        device = locked(session, name)
        if device.bearer_hash is not None:
            device.bearer_hash = None
            audit.record(session, entity_type="device", action="BEARER_OFF", entity_id=device.id, by=caller)
        return device.device_id
