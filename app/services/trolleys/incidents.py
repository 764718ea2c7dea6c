"""What should not happen with a trolley: noted for the staff of its branch, looked through and resolved by them."""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import IncidentKind
from app.errors import Conflict, NotFound
from app.models import CartSession, Device, TrolleyIncident, User
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.trolley_staff import OpenQuery, OpenStatus, ShownIncident
from app.services import audit, staff
from app.services.pages import newest_first
from app.transaction import transaction


class IncidentNotFound(NotFound):
    code = "INCIDENT_NOT_FOUND"
    message = "There is no such incident at your branches."


class IncidentResolved(Conflict):
    code = "INCIDENT_RESOLVED"
    message = "Somebody has resolved this incident already."


def note(session: Session, device: Device, kind: IncidentKind, *, session_id: int | None, **details: Any) -> None:
    """Note an incident of a device. A step."""
    place = {"stock_location_id": device.stock_location_id, "device_id": device.id, "session_id": session_id}
    session.execute(insert(TrolleyIncident).values(kind=kind, details=details, **place))


_TROLLEY = func.coalesce(CartSession.trolley_id, Device.trolley_id)
_SHOWN: Select[*tuple[Any, ...]] = (
    select(
        TrolleyIncident.id,
        TrolleyIncident.kind,
        TrolleyIncident.stock_location_id.label("branch_id"),
        _TROLLEY.label("trolley"),
        Device.device_id,
        TrolleyIncident.session_id,
        TrolleyIncident.details,
        TrolleyIncident.created_at,
        TrolleyIncident.resolved_at,
        User.full_name.label("resolved_by"),
    )
    .outerjoin(Device, Device.id == TrolleyIncident.device_id)
    .outerjoin(CartSession, CartSession.id == TrolleyIncident.session_id)
    .outerjoin(User, User.id == TrolleyIncident.resolved_by)
    .where(staff.works_at(TrolleyIncident.stock_location_id))
)
_BRANCH = bindparam("branch_id", type_=BigInteger)
_HERE = _SHOWN.where(_BRANCH.is_(None) | (TrolleyIncident.stock_location_id == _BRANCH))
_LISTED = {
    OpenStatus.OPEN: _HERE.where(TrolleyIncident.resolved_at.is_(None)),
    OpenStatus.RESOLVED: _HERE.where(TrolleyIncident.resolved_at.is_not(None)),
    OpenStatus.ALL: _HERE,
}
_ONE = _SHOWN.where(TrolleyIncident.id == bindparam("incident_id"))


def page(query: OpenQuery, caller: Caller) -> tuple[list[ShownIncident], PageMeta]:
    """A page of the incidents at the caller's branches, newest first, in one statement. Raises ValidationFailed."""
    values = {"branch_id": query.branch_id, "employee_id": staff.employee_id(caller)}
    rows, meta = newest_first(_LISTED[query.status], TrolleyIncident.id, query, values)
    return [_shown(row) for row in rows], meta


_RESOLVE = (
    update(TrolleyIncident)
    .where(
        TrolleyIncident.id == bindparam("incident_id"),
        TrolleyIncident.resolved_at.is_(None),
        staff.works_at(TrolleyIncident.stock_location_id),
    )
    .values(resolved_at=func.now(), resolved_by=bindparam("resolved_by_id"))
    .returning(TrolleyIncident.id)
    .execution_options(synchronize_session=False)
)


def resolve(*, incident_id: int, caller: Caller) -> ShownIncident:
    """Close an incident at one of the caller's branches. Raises IncidentNotFound or IncidentResolved."""
    values = {"incident_id": incident_id, "employee_id": staff.employee_id(caller)}
    with transaction() as session:
        closed = session.execute(_RESOLVE, {**values, "resolved_by_id": caller.user_id}).scalar_one_or_none()
        row = session.execute(_ONE, values).one_or_none()
        if row is None:
            raise IncidentNotFound
        if closed is None:
            raise IncidentResolved
        audit.record(session, entity_type="trolley_incident", action="RESOLVE", entity_id=incident_id, by=caller)
        return _shown(row)


def _shown(row: AnyRow) -> ShownIncident:
    return ShownIncident.model_validate({name: getattr(row, name) for name in ShownIncident.model_fields})
