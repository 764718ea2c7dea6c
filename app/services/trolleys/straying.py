"""A trolley with unpaid goods at the way out (smart-cart.md, B.9: exit beacon)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from app.domain.devices.bodies import Beacon
from app.domain.devices.lifecycle import EMPTY_MARGIN_G
from app.domain.enums import IncidentKind, TrolleyState
from app.models import BeaconPlace, CartItem, CartSession, Device, Trolley
from app.services import locks
from app.services.trolleys import incidents, maintenance, news, sessions

_UNPAID = (TrolleyState.SHOPPING, TrolleyState.REVIEW, TrolleyState.ASSIST)
_IS_EXIT = select(
    exists().where(
        BeaconPlace.stock_location_id == bindparam("branch_id"),
        BeaconPlace.beacon_id == bindparam("beacon_id"),
        BeaconPlace.is_exit,
    )
)
_HAS_LINES = select(exists().where(CartItem.cart_id == bindparam("cart_id")))


def look(session: Session, device: Device, heard: Sequence[Beacon]) -> None:
    """Where the loudest beacon is one of the way out and the goods are not paid for, the trolley is lost. A step.

    `device` is locked, its weight as of now. The staff of the branch find an incident; an empty trolley may go.
    """
    if not heard or device.trolley_id is None:
        return
    loudest = max(heard, key=lambda beacon: beacon.dbm).beacon_id
    place = {"branch_id": device.stock_location_id, "beacon_id": loudest}
    if not session.execute(_IS_EXIT, place).scalar_one():
        return
    opened = locks.session_of_trolley(session, trolley_id=device.trolley_id)
    if opened is None or opened.state not in _UNPAID or not _has_goods(session, opened, device):
        return
    incidents.note(session, device, IncidentKind.LOST_TROLLEY, session_id=opened.id, exit_beacon=loudest)
    sessions.park(session, device.trolley_id, TrolleyState.LOST)
    maintenance.stop(session, opened, TrolleyState.LOST)
    news.changed(session, opened)


def _has_goods(session: Session, opened: CartSession, device: Device) -> bool:
    """By what was scanned, or by the scale."""
    if session.execute(_HAS_LINES, {"cart_id": opened.cart_id}).scalar_one():
        return True
    tare = session.get_one(Trolley, opened.trolley_id).tare_grams
    return device.gross_grams is not None and device.gross_grams > tare + EMPTY_MARGIN_G
