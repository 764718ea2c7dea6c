"""The trolleys of a branch as its staff watch them, live."""

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, Interval, Select, String, bindparam, cast, func, or_, select, true

from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.devices.lifecycle import STALE_S
from app.models import CartItem, CartSession, Device, Trolley, TrolleyAssist
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.trolley_staff import ShownTrolley, TrolleyQuery
from app.services import staff
from app.services.pages import paged_and_capped, read_page
from app.transaction import reading

_FRESH = timedelta(seconds=STALE_S)
_ONLINE = func.coalesce(Device.last_seen_at > func.now() - cast(_FRESH, Interval), False)
_STATE = func.coalesce(CartSession.state, Trolley.state)
_BASKET = (
    select(
        func.coalesce(func.sum(CartItem.quantity), 0).label("units"),
        func.coalesce(func.sum(CartItem.quantity * CartItem.unit_price), NOTHING).label("total"),
    )
    .where(CartItem.cart_id == CartSession.cart_id)
    .correlate(CartSession)
    .lateral("basket")
)
_WAITING = (
    select(func.count())
    .where(TrolleyAssist.trolley_id == Trolley.id, TrolleyAssist.resolved_at.is_(None))
    .correlate(Trolley)
    .scalar_subquery()
)
_SHOWN: Select[*tuple[Any, ...]] = (
    select(
        Trolley.id,
        Trolley.label,
        Trolley.stock_location_id.label("branch_id"),
        _STATE.label("state"),
        Device.device_id,
        _ONLINE.label("online"),
        Device.battery_percent,
        Device.floor,
        Device.x_cm,
        Device.y_cm,
        Device.last_seen_at,
        CartSession.id.label("session_id"),
        cast(func.extract("epoch", func.now() - CartSession.opened_at), Integer).label("session_seconds"),
        *_BASKET.c,
        CartSession.weight_state,
        func.coalesce(CartSession.needs_check, False).label("needs_check"),
        _WAITING.label("open_assists"),
    )
    .outerjoin(Device, Device.trolley_id == Trolley.id)
    .outerjoin(CartSession, (CartSession.trolley_id == Trolley.id) & CartSession.closed_at.is_(None))
    .join(_BASKET, true())
    .where(staff.works_at(Trolley.stock_location_id))
)
_BRANCH = bindparam("branch_id", type_=BigInteger)
_ASKED = bindparam("state", type_=String)
_LISTED = paged_and_capped(
    _SHOWN.where(
        or_(_BRANCH.is_(None), Trolley.stock_location_id == _BRANCH),
        or_(_ASKED.is_(None), cast(_STATE, String) == _ASKED),
    ),
    Trolley.id,
)
_ONE = _SHOWN.where(Trolley.id == bindparam("trolley_id"))


def page(query: TrolleyQuery, caller: Caller) -> tuple[list[ShownTrolley], PageMeta]:
    """A page of the trolleys at the caller's branches by number, in one statement. Raises ValidationFailed."""
    state = query.state.value if query.state else None
    values = {"branch_id": query.branch_id, "state": state, "employee_id": staff.employee_id(caller)}
    rows, meta = read_page(_LISTED, query, values)
    return [_shown(row) for row in rows], meta


def show(*, trolley_id: int, caller: Caller) -> ShownTrolley:
    """One trolley of the caller's branches, which is there."""
    values = {"trolley_id": trolley_id, "employee_id": staff.employee_id(caller)}
    with reading() as connection:
        return _shown(connection.execute(_ONE, values).one())


def _shown(row: AnyRow) -> ShownTrolley:
    return ShownTrolley.model_validate({name: getattr(row, name) for name in ShownTrolley.model_fields})
