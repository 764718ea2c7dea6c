"""Firmware as admins upload and roll it out (smart-cart.md, B.9)."""

import hashlib
from typing import Any

from sqlalchemy import Select, Text, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.caller import Caller
from app.errors import Conflict, NotFound
from app.models import Device, Firmware
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.firmware import FirmwareChange, FirmwareQuery, FirmwareUploadQuery, ManagedFirmware
from app.services import audit, changes, locks
from app.services.pages import paged, read_page
from app.transaction import reading, transaction

LARGEST_IMAGE = 8 * 1024 * 1024


class FirmwareNotFound(NotFound):
    code = "FIRMWARE_NOT_FOUND"
    message = "There is no such firmware."


class FirmwareExists(Conflict):
    code = "FIRMWARE_EXISTS"
    message = "There is a firmware of this version for this hardware already. Give the image a new version."


_ON_IT = (
    select(func.count().label("devices"), func.count(Device.last_error).label("failing"))
    .where(Device.hardware == Firmware.hardware, Device.firmware == Firmware.version)
    .correlate(Firmware)
    .lateral("on_it")
)
_PLAIN = (
    "id",
    "hardware",
    "version",
    "sha256",
    "signature",
    "rollout_percent",
    "is_minimum",
    "halted_at",
    "created_at",
)
_ROWS: Select[Any] = select(
    *(getattr(Firmware, name) for name in _PLAIN),
    func.octet_length(Firmware.content).label("size_bytes"),
    *_ON_IT.c,
)
_HARDWARE = bindparam("hardware", type_=Text)
_LISTED = paged(_ROWS.where(or_(_HARDWARE.is_(None), Firmware.hardware == _HARDWARE)))
_SHOWN = _ROWS.where(Firmware.id == bindparam("firmware_id"))


def list_firmware(query: FirmwareQuery) -> tuple[list[ManagedFirmware], PageMeta]:
    """A page of all firmware, oldest first, in one statement."""
    rows, meta = read_page(_LISTED, query, {"hardware": query.hardware})
    return [_shown(row) for row in rows], meta


def show(firmware_id: int) -> ManagedFirmware:
    """One firmware (one statement). Raises FirmwareNotFound."""
    with reading() as connection:
        row = connection.execute(_SHOWN, {"firmware_id": firmware_id}).one_or_none()
    if row is None:
        raise FirmwareNotFound
    return _shown(row)


def upload(image: bytes, about: FirmwareUploadQuery, caller: Caller) -> int:
    """Keep an image, offered to nobody as yet; answers its id. Raises FirmwareExists."""
    digest = hashlib.sha256(image).hexdigest()
    values = about.model_dump() | {"sha256": digest}
    with transaction() as session:
        made = insert(Firmware).values(**values, content=image).on_conflict_do_nothing().returning(Firmware.id)
        firmware_id: int | None = session.execute(made).scalar_one_or_none()
        if firmware_id is None:
            raise FirmwareExists
        audit.record(session, entity_type="firmware", action="CREATE", entity_id=firmware_id, by=caller, new=values)
        return firmware_id


def change(form: FirmwareChange, caller: Caller, *, firmware_id: int) -> None:
    """Change whom a firmware is offered to, from the next heartbeat on. Raises FirmwareNotFound."""
    values = form.model_dump(exclude_unset=True)
    with transaction() as session:
        firmware = locks.firmware(session, firmware_id=firmware_id)
        if firmware is None:
            raise FirmwareNotFound
        halt = values.pop("halted", None)
        if halt is not None and halt == (firmware.halted_at is None):
            values["halted_at"] = session.execute(select(func.now())).scalar_one() if halt else None
        changed = changes.apply(firmware, values)
        changes.record(session, changed, entity_type="firmware", entity_id=firmware.id, by=caller)


def _shown(row: AnyRow) -> ManagedFirmware:
    return ManagedFirmware.model_validate({name: getattr(row, name) for name in ManagedFirmware.model_fields})
