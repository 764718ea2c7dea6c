"""Where a trolley is: as it says, or between the beacons it hears; the last place, and one a minute."""

from datetime import datetime

from sqlalchemy import Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.devices.beacons import Spot, centroid, snapped
from app.domain.devices.bodies import Heartbeat
from app.domain.enums import LayoutStatus
from app.models import Device, StoreLayout
from app.services.devices import beacons

_SAMPLE = text("""
    INSERT INTO location_samples (device_id, minute, session_id, floor, x_cm, y_cm)
    SELECT :device_id, date_trunc('minute', CAST(:moment AS timestamptz)),
           (SELECT id FROM cart_sessions WHERE trolley_id = :trolley_id AND closed_at IS NULL), :floor, :x_cm, :y_cm
    ON CONFLICT (device_id, minute)
    DO UPDATE SET session_id = excluded.session_id, floor = excluded.floor, x_cm = excluded.x_cm, y_cm = excluded.y_cm
""")


def note(session: Session, device: Device, beat: Heartbeat, now: datetime) -> None:
    """Keep where a locked device is, if its heartbeat tells. A step."""
    spot = _spot(session, device, beat)
    if spot is None:
        return
    device.floor, device.x_cm, device.y_cm, device.located_at = spot.floor, spot.x_cm, spot.y_cm, now
    place = {"floor": spot.floor, "x_cm": spot.x_cm, "y_cm": spot.y_cm}
    session.execute(_SAMPLE, {"device_id": device.id, "trolley_id": device.trolley_id, "moment": now, **place})


def _spot(session: Session, device: Device, beat: Heartbeat) -> Spot | None:
    if beat.x_cm is not None and beat.y_cm is not None:
        return Spot(beat.floor or 0, beat.x_cm, beat.y_cm)
    if not beat.beacons:
        return None
    heard = [beacon.beacon_id for beacon in beat.beacons]
    between = centroid(beat.beacons, beacons.places(session, branch_id=device.stock_location_id, heard=heard))
    return _on_the_map(session, device.stock_location_id, between) if between else None


_ROWS = func.jsonb_extract_path(StoreLayout.floors, bindparam("floor", type_=Text), type_=JSONB)
_FLOOR = select(StoreLayout.cell_cm, _ROWS.label("rows")).where(
    StoreLayout.stock_location_id == bindparam("branch_id"), StoreLayout.status == LayoutStatus.PUBLISHED
)


def _on_the_map(session: Session, branch_id: int, spot: Spot) -> Spot:
    """The nearest place one can stand on, where the branch has published its map."""
    row = session.execute(_FLOOR, {"branch_id": branch_id, "floor": str(spot.floor)}).one_or_none()
    return snapped(spot, row.rows, row.cell_cm) if row is not None and row.rows else spot
