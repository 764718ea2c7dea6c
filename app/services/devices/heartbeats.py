"""How a device is: its heartbeat, kept on its row, and what it is told in return (smart-cart.md, B.8)."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.devices import notices as wire
from app.domain.devices.answers import standing_answer
from app.domain.devices.bodies import Heartbeat, parse_heartbeat
from app.domain.devices.lifecycle import BATTERY_TO_MOVE, should_move
from app.domain.devices.versions import should_halt
from app.domain.enums import AssistReason, TrolleyState
from app.models import Device
from app.models.base import AnyRow
from app.services import locks
from app.services.devices import locating, notices, standing, updates
from app.services.devices.entering import SignedRequest, entered
from app.services.trolleys import calls, straying

LOW_BATTERY = wire.message("Battery low: please change carts")

_COLUMNS = {
    "hardware": "hardware",
    "millivolts": "millivolts",
    "charging": "is_charging",
    "rssi": "rssi_dbm",
    "uptime_s": "uptime_seconds",
    "free_heap": "free_heap_bytes",
    "gross_g": "gross_grams",
    "last_error": "last_error",
}
"""Fields of a heartbeat that are kept as they are; what it leaves out stays as it was."""


def take(signed: SignedRequest) -> bytes:
    """Keep what the device tells of itself; the answer says how its trolley stands. Raises DeviceRefusal, BadBody."""
    with entered(signed) as (session, device):
        beat = parse_heartbeat(signed.body)
        battery_before = device.battery_percent
        _keep(session, device, beat)
        locating.note(session, device, beat, signed.moment)
        _find_again(session, device)
        straying.look(session, device, beat.beacons)
        state = standing.standing_of(session, device).state
        was_fine = battery_before is None or battery_before >= BATTERY_TO_MOVE
        if was_fine and should_move(beat.battery, state):
            _change_trolleys(session, device)
        ahead = updates.notice(session, device) if state is TrolleyState.IDLE else ()
        stands, told = standing.told(session, device, signed.moment, ahead=ahead)
    return standing_answer(signed.now, stands, told)


def _change_trolleys(session: Session, device: Device) -> None:
    """Tell the shopper that the battery will not last, and the staff, who bring another trolley."""
    notices.put(device, LOW_BATTERY)
    if device.trolley_id is None:
        return
    opened = locks.session_of_trolley(session, trolley_id=device.trolley_id)
    if opened is not None:
        calls.call(session, opened, AssistReason.LOW_BATTERY)


def _keep(session: Session, device: Device, beat: Heartbeat) -> None:
    if beat.firmware != device.firmware:
        device.firmware, device.last_error = beat.firmware, None
    device.battery_percent = beat.battery
    told: dict[str, Any] = {column: getattr(beat, field) for field, column in _COLUMNS.items()}
    for column, value in told.items():
        if value is not None:
            setattr(device, column, value)
    if beat.last_error is not None:
        session.flush()
        _halt_if_failing(session, device)


_FAILING = text("""
    SELECT count(*) AS devices, count(last_error) AS failing FROM devices
    WHERE hardware = :hardware AND firmware = :firmware AND status = 'active'
""")
_HALT = text("""
    UPDATE firmwares SET halted_at = now()
    WHERE hardware = :hardware AND version = :firmware AND halted_at IS NULL
""")


def _halt_if_failing(session: Session, device: Device) -> None:
    """Offer a firmware to nobody more once too many of the devices on it report errors."""
    values = {"hardware": device.hardware, "firmware": device.firmware}
    row: AnyRow = session.execute(_FAILING, values).one()
    if should_halt(row.devices, row.failing):
        session.execute(_HALT, values)


_FOUND = text("UPDATE trolleys SET state = 'maintenance', updated_at = now() WHERE id = :trolley_id AND state = 'lost'")


def _find_again(session: Session, device: Device) -> None:
    """A lost trolley that is heard of again waits for the staff to release it."""
    session.execute(_FOUND, {"trolley_id": device.trolley_id})
