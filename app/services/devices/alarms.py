"""Signs that a device's key is in two hands."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Clone:
    """A request of a boot that has gone on since, signed after the newest request of that boot."""

    device_id: int
    stock_location_id: int
    boot: int
    seen_n: int
    newest_n: int


# One open incident a device is enough: a clone goes on calling.
_RAISE = text("""
    INSERT INTO trolley_incidents (kind, stock_location_id, device_id, session_id, details)
    SELECT 'clone', :stock_location_id, devices.id,
           (SELECT id FROM cart_sessions WHERE trolley_id = devices.trolley_id AND closed_at IS NULL),
           jsonb_build_object('boot', CAST(:boot AS bigint), 'seen_n', CAST(:seen_n AS bigint),
                              'newest_n', CAST(:newest_n AS bigint))
    FROM devices WHERE devices.id = :device_id AND NOT EXISTS (
        SELECT FROM trolley_incidents WHERE device_id = :device_id AND kind = 'clone' AND resolved_at IS NULL
    )
""")


def raise_clone(session: Session, clone: Clone) -> None:
    """Tell the staff that two devices use one key, unless they know. A step."""
    values: dict[str, Any] = asdict(clone)
    session.execute(_RAISE, values)
