"""How a trolley stands, for the answers to its device: one statement over the open session and its basket."""

from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.devices import notices as wire
from app.domain.devices.answers import Standing
from app.domain.devices.notices import Notice
from app.domain.devices.wire import MAX_INT
from app.domain.enums import TrolleyState
from app.domain.minor_units import to_minor
from app.models import Device
from app.services.devices import keys, notices

_STANDING = text("""
    SELECT coalesce(opened.id, 0) AS session_id, coalesce(opened.state, trolleys.state) AS state,
           coalesce(opened.expected_grams, 0) AS expected_g, basket.units, basket.total
    FROM trolleys
    LEFT JOIN cart_sessions AS opened ON opened.trolley_id = trolleys.id AND opened.closed_at IS NULL
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(quantity), 0) AS units, coalesce(sum(quantity * unit_price), 0) AS total
        FROM cart_items WHERE cart_id = opened.cart_id
    ) AS basket
    WHERE trolleys.id = :trolley_id
""").bindparams(bindparam("trolley_id"))


def standing_of(session: Session, device: Device) -> Standing:
    """The device's last event, its session and the totals of the basket, deposits apart. A step; flush before it.

    A device that is on no trolley is under maintenance.
    """
    if device.trolley_id is None:
        return Standing(device.last_seq, state=TrolleyState.MAINTENANCE)
    row = session.execute(_STANDING, {"trolley_id": device.trolley_id}).one()
    return Standing(
        last_seq=device.last_seq,
        session_id=row.session_id,
        state=TrolleyState(row.state),
        units=int(row.units),
        expected_g=row.expected_g,
        total=min(to_minor(row.total, settings().currency), MAX_INT),
    )


def told(
    session: Session,
    device: Device,
    now: datetime,
    *,
    ahead: tuple[Notice, ...] = (),
    known: Standing | None = None,
) -> tuple[Standing, tuple[Notice, ...]]:
    """What the answer to a locked device says: how it stands, and up to two notices. A step; the last one of a request.

    `known` is how it stands, from who has it at hand. A rotation under way goes before everything, in every answer
    until the device has signed with the new key.
    """
    session.flush()
    standing = known or standing_of(session, device)
    if keys.is_rotating(device):
        keys.note_told(device, now)
        ahead = (wire.rotation(keys.newest_kid(device), device.rotations[-1]), *ahead)
    notices.forget(device, lambda notice: wire.is_over(notice, standing.session_id, standing.state))
    return standing, notices.take(device, ahead=ahead)
