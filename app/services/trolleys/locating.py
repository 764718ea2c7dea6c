"""Where a shopper's trolley is, for the shopper and for the staff of its branch (B.8)."""

from typing import Any

from sqlalchemy import BigInteger, Float, Select, bindparam, cast, func, select, true

from app.domain.caller import Caller
from app.domain.enums import LayoutStatus
from app.domain.roles import STAFF
from app.errors import NotFound
from app.models import CartSession, Device, StoreLayout, StoreSection
from app.models.base import AnyRow
from app.schemas.trolleys import TrolleyPlace
from app.services import staff
from app.services.trolleys.refusals import TrolleyCartNotFound
from app.transaction import reading

_USUAL_CELL_CM = 50


class PlaceUnknown(NotFound):
    code = "LOCATION_UNKNOWN"
    message = "The trolley has not told where it is."


_CELL = func.coalesce(
    select(StoreLayout.cell_cm)
    .where(StoreLayout.stock_location_id == CartSession.stock_location_id, StoreLayout.status == LayoutStatus.PUBLISHED)
    .correlate(CartSession)
    .scalar_subquery(),
    _USUAL_CELL_CM,
)
_CELLS = (
    select((cast(Device.x_cm, Float) / _CELL).label("x_coord"), (cast(Device.y_cm, Float) / _CELL).label("y_coord"))
    .correlate(Device, CartSession)
    .lateral("cells")
)
_SECTION = (
    select(StoreSection.id.label("section_id"), StoreSection.name.label("section_name"))
    .where(
        StoreSection.stock_location_id == CartSession.stock_location_id,
        StoreSection.floor == Device.floor,
        func.floor(_CELLS.c.x_coord).between(StoreSection.x1, StoreSection.x2),
        func.floor(_CELLS.c.y_coord).between(StoreSection.y1, StoreSection.y2),
    )
    .order_by(StoreSection.id)
    .limit(1)
    .correlate(CartSession, Device, _CELLS)
    .lateral("section")
)
_PLACE: Select[Any] = (
    select(
        CartSession.cart_id,
        CartSession.trolley_id.label("trolley"),
        CartSession.stock_location_id.label("branch_id"),
        Device.floor,
        Device.x_cm,
        Device.y_cm,
        _CELLS.c.x_coord,
        _CELLS.c.y_coord,
        _SECTION.c.section_id,
        _SECTION.c.section_name,
        Device.located_at.label("updated_at"),
    )
    .select_from(CartSession)
    .outerjoin(Device, Device.trolley_id == CartSession.trolley_id)
    .outerjoin(_CELLS, true())
    .outerjoin(_SECTION, true())
    .where(CartSession.cart_id == bindparam("cart_id", type_=BigInteger), CartSession.closed_at.is_(None))
)
_OWN = _PLACE.where(CartSession.user_id == bindparam("user_id", type_=BigInteger))
_OF_BRANCH = _PLACE.where(staff.works_at(CartSession.stock_location_id))


def place(caller: Caller, *, cart_id: int) -> TrolleyPlace:
    """Where the trolley of an open session is: of the caller's own, for the staff of any at their branches.

    One statement. Raises TrolleyCartNotFound, PlaceUnknown.
    """
    with reading() as connection:
        row = connection.execute(*_asked(caller, cart_id)).one_or_none()
    if row is None:
        raise TrolleyCartNotFound
    if row.updated_at is None or row.x_cm is None:
        raise PlaceUnknown
    return _shown(row)


def _asked(caller: Caller, cart_id: int) -> tuple[Select[Any], dict[str, Any]]:
    if caller.role in STAFF:
        return _OF_BRANCH, {"cart_id": cart_id, "employee_id": staff.employee_id(caller)}
    return _OWN, {"cart_id": cart_id, "user_id": caller.user_id}


def _shown(row: AnyRow) -> TrolleyPlace:
    return TrolleyPlace.model_validate(row)
