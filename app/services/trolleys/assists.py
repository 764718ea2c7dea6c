"""The staff help at trolleys: they see who waits, say that they are coming, and settle what they found (B.6)."""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, select, update
from sqlalchemy.orm import Session, aliased

from app.domain.caller import Caller
from app.errors import Conflict, NotFound
from app.models import Trolley, TrolleyAssist, User
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.trolley_staff import OpenQuery, OpenStatus, ResolveAssist, ShownAssist
from app.services import audit, locks, staff
from app.services.pages import paged_and_capped, read_page
from app.services.trolleys import news, settling
from app.transaction import transaction


class AssistNotFound(NotFound):
    code = "ASSIST_NOT_FOUND"
    message = "There is no such call for the staff at your branches."


class AssistResolved(Conflict):
    code = "ASSIST_RESOLVED"
    message = "Somebody has settled this already."


class AssistTaken(Conflict):
    code = "ASSIST_TAKEN"
    message = "Somebody else is on the way already."


_ACK, _RESOLVER = aliased(User), aliased(User)
_PLAIN = (
    "reason",
    "session_id",
    "floor",
    "x_cm",
    "y_cm",
    "expected_grams",
    "gross_grams",
    "opened_at",
    "ack_at",
    "resolved_at",
    "outcome",
    "note",
)
_SHOWN: Select[*tuple[Any, ...]] = (
    select(
        TrolleyAssist.id,
        *(getattr(TrolleyAssist, name) for name in _PLAIN),
        TrolleyAssist.stock_location_id.label("branch_id"),
        TrolleyAssist.trolley_id.label("trolley"),
        Trolley.label.label("cart_label"),
        _ACK.full_name.label("ack_by"),
        _RESOLVER.full_name.label("resolved_by"),
    )
    .join(Trolley, Trolley.id == TrolleyAssist.trolley_id)
    .outerjoin(_ACK, _ACK.id == TrolleyAssist.ack_by)
    .outerjoin(_RESOLVER, _RESOLVER.id == TrolleyAssist.resolved_by)
    .where(staff.works_at(TrolleyAssist.stock_location_id))
)
_BRANCH = bindparam("branch_id", type_=BigInteger)
_HERE = _SHOWN.where(_BRANCH.is_(None) | (TrolleyAssist.stock_location_id == _BRANCH))
_LISTED = {
    OpenStatus.OPEN: paged_and_capped(_HERE.where(TrolleyAssist.resolved_at.is_(None)), TrolleyAssist.id),
    OpenStatus.RESOLVED: paged_and_capped(_HERE.where(TrolleyAssist.resolved_at.is_not(None)), TrolleyAssist.id),
    OpenStatus.ALL: paged_and_capped(_HERE, TrolleyAssist.id),
}
_ONE = _SHOWN.where(TrolleyAssist.id == bindparam("assist_id"))


def page(query: OpenQuery, caller: Caller) -> tuple[list[ShownAssist], PageMeta]:
    """A page of the calls at the caller's branches, longest waiting first (one statement). Raises ValidationFailed."""
    values = {"branch_id": query.branch_id, "employee_id": staff.employee_id(caller)}
    rows, meta = read_page(_LISTED[query.status], query, values)
    return [_shown(row) for row in rows], meta


_OF_CALLER = (TrolleyAssist.id == bindparam("assist_id"), staff.works_at(TrolleyAssist.stock_location_id))
_OPEN = (*_OF_CALLER, TrolleyAssist.resolved_at.is_(None))
_TAKE = (
    update(TrolleyAssist)
    .where(*_OPEN, func.coalesce(TrolleyAssist.ack_by, bindparam("me")) == bindparam("me"))
    .values(ack_by=bindparam("me"), ack_at=func.coalesce(TrolleyAssist.ack_at, func.now()))
    .returning(TrolleyAssist.id)
    .execution_options(synchronize_session=False)
)


def acknowledge(*, assist_id: int, caller: Caller) -> ShownAssist:
    """Say that the caller is on the way; harmless to repeat. Raises AssistNotFound, AssistResolved, AssistTaken."""
    values = {"assist_id": assist_id, "employee_id": staff.employee_id(caller)}
    with transaction() as session:
        taken = session.execute(_TAKE, {**values, "me": caller.user_id}).scalar_one_or_none()
        row = _one(session, values)
        if taken is None:
            raise AssistResolved if row.resolved_at is not None else AssistTaken
        return _shown(row)


_CLOSE = (
    update(TrolleyAssist)
    .where(*_OPEN)
    .values(resolved_at=func.now(), resolved_by=bindparam("me"), outcome=bindparam("as_what"), note=bindparam("remark"))
    .returning(TrolleyAssist.id)
    .execution_options(synchronize_session=False)
)


def resolve(form: ResolveAssist, *, assist_id: int, caller: Caller) -> ShownAssist:
    """Settle a call at one of the caller's branches; where the shopper still has the trolley, it goes on.

    Raises AssistNotFound or AssistResolved.
    """
    values = {"assist_id": assist_id, "employee_id": staff.employee_id(caller)}
    with transaction() as session:
        locks.limit_waits(session)
        asked = _one(session, values)
        device = locks.devices_on(session, asked.trolley).get(asked.trolley)
        opened = locks.session_of_trolley(session, trolley_id=asked.trolley)
        closing = {**values, "me": caller.user_id, "as_what": form.outcome, "remark": form.note}
        if session.execute(_CLOSE, closing).scalar_one_or_none() is None:
            raise AssistResolved
        if opened is None or opened.id != asked.session_id:
            _record(session, asked, form, {}, caller)
            return _shown(_one(session, values))
        found = settling.settle(session, opened, device, asked.reason, form.outcome, caller)
        _record(session, asked, form, found, caller)
        news.changed(session, opened)
        return _shown(_one(session, values))


def _record(session: Session, asked: AnyRow, form: ResolveAssist, found: dict[str, Any], caller: Caller) -> None:
    """With both weights: what the goods should weigh and what the scale said."""
    called = {"reason": asked.reason, "expected_grams": asked.expected_grams, "gross_grams": asked.gross_grams}
    audit.record(
        session,
        entity_type="trolley_assist",
        action="RESOLVE",
        entity_id=asked.id,
        by=caller,
        old=called,
        new={"outcome": form.outcome, "note": form.note, **found},
    )


def _one(session: Session, values: dict[str, Any]) -> AnyRow:
    row = session.execute(_ONE, values).one_or_none()
    if row is None:
        raise AssistNotFound
    return row


def _shown(row: AnyRow) -> ShownAssist:
    return ShownAssist.model_validate({name: getattr(row, name) for name in ShownAssist.model_fields})
