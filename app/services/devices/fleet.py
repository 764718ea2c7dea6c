"""The fleet as managers watch it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Boolean, Interval, Select, String, Text, bindparam, cast, func, or_, select

from app.domain.devices.lifecycle import STALE_S
from app.models import CartSession, Device, Trolley
from app.models.base import AnyRow
from app.schemas.devices import DeviceQuery, ManagedDevice
from app.schemas.envelope import PageMeta
from app.services.containing import contains
from app.services.devices.finding import DeviceNotFound, public_id
from app.services.pages import paged_and_capped, read_page
from app.transaction import reading

_PLAIN = (
    "serial",
    "status",
    "device_id",
    "kid",
    "firmware",
    "hardware",
    "battery_percent",
    "is_charging",
    "millivolts",
    "rssi_dbm",
    "uptime_seconds",
    "free_heap_bytes",
    "gross_grams",
    "floor",
    "x_cm",
    "y_cm",
    "located_at",
    "last_seen_at",
    "last_boot",
    "last_seq",
    "last_error",
    "heartbeat_seconds",
    "created_at",
)
_FRESH = timedelta(seconds=STALE_S)
_ONLINE = func.coalesce(Device.last_seen_at > func.now() - cast(_FRESH, Interval), False)
_SESSION = (
    select(CartSession.id)
    .where(CartSession.trolley_id == Device.trolley_id, CartSession.closed_at.is_(None))
    .correlate(Device)
    .scalar_subquery()
)
_ROWS: Select[Any] = select(
    Device.id,
    *(getattr(Device, name) for name in _PLAIN),
    Device.stock_location_id.label("branch_id"),
    Device.trolley_id.label("trolley"),
    Trolley.label.label("cart_label"),
    Trolley.state.label("trolley_state"),
    _SESSION.label("session_id"),
    _ONLINE.label("online"),
    Device.claimed_at.is_not(None).label("is_claimed"),
    (Device.base_kid + func.cardinality(Device.rotations) > Device.kid).label("is_rotating"),
    Device.bearer_hash.is_not(None).label("has_bearer"),
).outerjoin(Trolley, Trolley.id == Device.trolley_id)
_ASKED_ONLINE = cast(bindparam("online"), Boolean)
_SOUGHT = bindparam("sought", type_=Text)
_LISTED = paged_and_capped(
    _ROWS.where(
        or_(bindparam("branch_id", type_=Device.id.type).is_(None), Device.stock_location_id == bindparam("branch_id")),
        or_(bindparam("status", type_=String).is_(None), cast(Device.status, String) == bindparam("status")),
        or_(_ASKED_ONLINE.is_(None), _ONLINE == _ASKED_ONLINE),
        or_(
            _SOUGHT.is_(None),
            contains(Device.serial, _SOUGHT),
            contains(Trolley.label, _SOUGHT),
            contains(Device.device_id, _SOUGHT),
        ),
    ),
    Device.id,
)
_SHOWN = _ROWS.where(Device.device_id == bindparam("device_id"))


def list_devices(query: DeviceQuery) -> tuple[list[ManagedDevice], PageMeta]:
    """A page of the fleet, oldest first, in one statement."""
    status = query.status.value if query.status else None
    values = {"branch_id": query.branch_id, "status": status, "online": query.online, "sought": query.q or None}
    rows, meta = read_page(_LISTED, query, values)
    return [_shown(row) for row in rows], meta


def show(name: str) -> ManagedDevice:
    """One device by its public id or number. Raises DeviceNotFound."""
    with reading() as connection:
        row = connection.execute(_SHOWN, {"device_id": public_id(connection, name)}).one_or_none()
    if row is None:
        raise DeviceNotFound
    return _shown(row)


def _shown(row: AnyRow) -> ManagedDevice:
    return ManagedDevice.model_validate({name: getattr(row, name) for name in ManagedDevice.model_fields})
