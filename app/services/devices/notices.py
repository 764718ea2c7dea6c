"""What a device is to be told with its next answers, in the order it was asked for."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.devices.notices import Notice, first_notices
from app.models import Device

MOST_WAITING = 16
"""A trolley that is silent for days is not told all of it; what it must know stands in every answer."""

_SEND = text("""
    UPDATE devices SET notices = notices || jsonb_build_array(:notice)
    WHERE trolley_id = :trolley_id AND jsonb_array_length(notices) < :most
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(notices) AS waiting(notice) WHERE waiting.notice = :notice)
""").bindparams(bindparam("notice", type_=JSONB))


def send(session: Session, *, trolley_id: int, notice: Notice) -> None:
    """Have the device on a trolley told, once. A step; it locks the device, so it comes before any lock of a cart."""
    session.execute(_SEND, {"trolley_id": trolley_id, "notice": list(notice), "most": MOST_WAITING})


def put(device: Device, notice: Notice) -> None:
    """Have a locked device told, once."""
    if list(notice) not in device.notices and len(device.notices) < MOST_WAITING:
        device.notices = [*device.notices, list(notice)]


def forget(device: Device, is_over: Callable[[Notice], bool]) -> None:
    """Drop what waits for a locked device and is not so any more."""
    kept = [notice for notice in device.notices if not is_over(tuple(notice))]
    if kept != device.notices:
        device.notices = kept


def take(device: Device, *, ahead: tuple[Notice, ...] = ()) -> tuple[Notice, ...]:
    """What a locked device is told now: first `ahead`, then what waits, as many as fit; the rest goes on waiting."""
    waiting: list[Notice] = [tuple(notice) for notice in device.notices]
    told, _ = first_notices((*ahead, *waiting))
    kept: list[Any] = [list(notice) for notice in waiting if notice not in told]
    if kept != device.notices:
        device.notices = kept
    return told
