"""Requests for help: customers ask the staff of a branch, who resolve them once."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    func,
    literal_column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import AssistanceStatus, LocationKind
from app.errors import Conflict, NotFound
from app.models import AssistanceRequest, Order, StockLocation, User
from app.models.base import AnyRow
from app.schemas.assistance import AskForHelp, AssistanceAnswer, AssistanceQuery, ResolveHelp, StaffAssistance
from app.schemas.envelope import PageMeta
from app.schemas.pagination import COUNTED_UP_TO, Page, decode_cursor, encode_cursor
from app.services import audit, locks, outbox, staff
from app.services.branches import BranchNotFound
from app.services.orders.ours import BRANCHES, OURS
from app.services.pages import counted, meta_of
from app.services.urgent_first import Place
from app.transaction import reading, transaction

MOST_OPEN = 5


class HelpOrderNotFound(NotFound):
    message = "You have no such order."


class TooManyOpenRequests(Conflict):
    code = "TOO_MANY_OPEN_REQUESTS"
    message = f"You have {MOST_OPEN} open requests already; wait for the staff to answer one of them."


class AssistanceNotFound(NotFound):
    code = "ASSISTANCE_NOT_FOUND"
    message = "There is no such request for help."


class AlreadyResolved(Conflict):
    code = "ALREADY_RESOLVED"
    message = "Somebody has resolved this request already."


_SHOWN: Select[*tuple[Any, ...]] = (
    select(
        AssistanceRequest.id,
        AssistanceRequest.stock_location_id.label("branch_id"),
        StockLocation.name.label("branch_name"),
        AssistanceRequest.order_id,
        Order.order_number,
        AssistanceRequest.message,
        AssistanceRequest.status,
        AssistanceRequest.resolution,
        AssistanceRequest.created_at,
        AssistanceRequest.resolved_at,
    )
    .join(StockLocation, StockLocation.id == AssistanceRequest.stock_location_id)
    .outerjoin(Order, Order.id == AssistanceRequest.order_id)
)
_OWN = _SHOWN.where(AssistanceRequest.user_id == bindparam("user_id", type_=BigInteger))
_OF_STAFF = (
    _SHOWN.add_columns(
        User.id.label("customer_id"), User.full_name.label("customer_name"), User.phone.label("customer_phone")
    )
    .join(User, User.id == AssistanceRequest.user_id)
    .where(staff.works_at(AssistanceRequest.stock_location_id))
)
_ONE_OWN = _OWN.where(AssistanceRequest.id == bindparam("request_id"))
_ONE_OF_STAFF = _OF_STAFF.where(AssistanceRequest.id == bindparam("request_id"))


def ask(form: AskForHelp, caller: Caller) -> AssistanceAnswer:
    """Ask the staff of an active branch. Raises BranchNotFound, HelpOrderNotFound or TooManyOpenRequests."""
    with transaction() as session:
        _check(session, form, caller)
        made = AssistanceRequest(
            user_id=caller.user_id, stock_location_id=form.branch_id, order_id=form.order_id, message=form.message
        )
        session.add(made)
        session.flush()
        new = {"status": AssistanceStatus.OPEN, "branch_id": form.branch_id, "order_id": form.order_id}
        audit.record(session, entity_type="assistance", action="CREATE", entity_id=made.id, by=caller, new=new)
        row = session.execute(_ONE_OWN, {"request_id": made.id, "user_id": caller.user_id}).one()
        return AssistanceAnswer.model_validate(row)


_BRANCH = select(StockLocation.id).where(
    StockLocation.id == bindparam("branch_id"), StockLocation.is_active, StockLocation.kind != LocationKind.SHOP
)
_ORDER = select(Order.id).where(Order.id == bindparam("order_id"), Order.user_id == bindparam("user_id"), OURS)
_COUNT_OPEN = select(func.count()).where(
    AssistanceRequest.user_id == bindparam("user_id"), AssistanceRequest.status == AssistanceStatus.OPEN
)


def _check(session: Session, form: AskForHelp, caller: Caller) -> None:
    """The caller's row is locked, so that parallel requests are counted one after the other."""
    locks.user(session, user_id=caller.user_id)
    if session.execute(_BRANCH, {"branch_id": form.branch_id}).first() is None:
        raise BranchNotFound
    mine = {"order_id": form.order_id, "user_id": caller.user_id}
    if form.order_id is not None and session.execute(_ORDER, mine).first() is None:
        raise HelpOrderNotFound
    if session.execute(_COUNT_OPEN, {"user_id": caller.user_id}).scalar_one() >= MOST_OPEN:
        raise TooManyOpenRequests


def mine(query: Page, caller: Caller) -> tuple[list[AssistanceAnswer], PageMeta]:
    """A page of the caller's own requests, open ones first (one statement). Raises ValidationFailed."""
    values = {"user_id": caller.user_id}
    rows, meta = _page(query, frozenset(AssistanceStatus), values, of_staff=False, at_branch=False)
    return [AssistanceAnswer.model_validate(row) for row in rows], meta


def queue(query: AssistanceQuery, caller: Caller) -> tuple[list[StaffAssistance], PageMeta]:
    """A page of the requests at the caller's branches, open ones first (one statement). Raises ValidationFailed."""
    statuses = frozenset(AssistanceStatus if query.status is None else [query.status])
    values = {"branch_id": query.branch_id, "employee_id": staff.employee_id(caller)}
    rows, meta = _page(query, statuses, values, of_staff=True, at_branch=query.branch_id is not None)
    return [StaffAssistance.model_validate(row) for row in rows], meta


def resolve(form: ResolveHelp, caller: Caller, *, request_id: int) -> StaffAssistance:
    """Close a request at one of the caller's branches and let the customer know.

    Raises AssistanceNotFound or AlreadyResolved.
    """
    values = {"request_id": request_id, "employee_id": staff.employee_id(caller)}
    closing = {"resolved_by": caller.user_id, "resolution": form.resolution}
    with transaction() as session:
        user_id = session.execute(_RESOLVE.values(**closing), values).scalar_one_or_none()
        row = session.execute(_ONE_OF_STAFF, values).one_or_none()
        if row is None:
            raise AssistanceNotFound
        if user_id is None:
            raise AlreadyResolved
        _tell(session, row, caller)
        return StaffAssistance.model_validate(row)


_RESOLVE = (
    update(AssistanceRequest)
    .where(
        AssistanceRequest.id == bindparam("request_id"),
        AssistanceRequest.status == AssistanceStatus.OPEN,
        staff.works_at(AssistanceRequest.stock_location_id),
    )
    .values(status=AssistanceStatus.RESOLVED, resolved_at=func.now())
    .returning(AssistanceRequest.user_id)
    .execution_options(synchronize_session=False)
)


def _tell(session: Session, row: AnyRow, caller: Caller) -> None:
    audit.record(
        session,
        entity_type="assistance",
        action="RESOLVE",
        entity_id=row.id,
        by=caller,
        old={"status": AssistanceStatus.OPEN},
        new={"status": AssistanceStatus.RESOLVED, "resolution": row.resolution},
    )
    payload = {"request_id": row.id, "user_id": row.customer_id}
    outbox.publish(session, topic="assistance.resolved", aggregate=f"assistance:{row.id}", payload=payload)


_STATUS = {status: AssistanceRequest.status == literal_column(f"'{status}'") for status in AssistanceStatus}
"""As written words, so that PostgreSQL plans for the few open requests and the many resolved ones."""

_BEFORE = {
    status: AssistanceRequest.id < bindparam(f"{status}_before", type_=BigInteger) for status in AssistanceStatus
}
_NONE, _ALL = 0, 2**63 - 1


def _page(
    query: Page, statuses: frozenset[AssistanceStatus], values: dict[str, Any], *, of_staff: bool, at_branch: bool
) -> tuple[Sequence[AnyRow], PageMeta]:
    offset = 0 if query.cursor else query.offset
    parameters = {**values, **_place(query.cursor), "offset": offset, "rows": query.limit + 1}
    reach = Place(offset=offset, limit=query.limit).reach
    with reading() as connection:
        statement = _statement(statuses, reach, of_staff=of_staff, at_branch=at_branch)
        found = connection.execute(statement, parameters).all()
    return found[: query.limit], meta_of(found, query, _cursor)


def _cursor(row: AnyRow) -> str:
    return encode_cursor(int(row.status is AssistanceStatus.OPEN), row.id)


def _place(cursor: str | None) -> dict[str, int]:
    """Below which ids each status goes on: once resolved ones are shown, no open one is left."""
    last_open, last_id = decode_cursor(cursor, int, int) if cursor else (1, _ALL)
    open_before, resolved_before = (last_id, _ALL) if last_open else (_NONE, last_id)
    return {"OPEN_before": open_before, "RESOLVED_before": resolved_before}


@cache
def _statement(
    statuses: frozenset[AssistanceStatus], reach: int, *, of_staff: bool, at_branch: bool
) -> Select[*tuple[Any, ...]]:
    """Open requests are few; of the resolved ones only the newest are looked at. The page alone is joined.

    By name of the status OPEN comes before RESOLVED.
    """
    ids = partial(_at_branches, at_branch=at_branch) if of_staff else _own
    groups = [ids(_STATUS[status], _BEFORE[status], limit=reach) for status in statuses]
    found = union_all(*groups).subquery("found")
    page = (
        select(found.c.id)
        .order_by(found.c.status, found.c.id.desc())
        .limit(bindparam("rows", type_=Integer))
        .offset(bindparam("offset", type_=Integer))
        .subquery("page")
    )
    every = union_all(*(ids(_STATUS[status], limit=COUNTED_UP_TO + 1) for status in statuses)).subquery("every_one")
    return (
        (_OF_STAFF if of_staff else _OWN)
        .add_columns(counted(select(every.c.id)).label("total"))
        .join(page, page.c.id == AssistanceRequest.id)
        .order_by(AssistanceRequest.status, AssistanceRequest.id.desc())
    )


def _own(*conditions: ColumnElement[bool], limit: int) -> Select[Any]:
    is_own = AssistanceRequest.user_id == bindparam("user_id", type_=BigInteger)
    return select(*_newest(is_own, *conditions, limit=limit).subquery().c)


def _at_branches(*conditions: ColumnElement[bool], limit: int, at_branch: bool) -> Select[Any]:
    """Each branch is read by itself, so that one where little is asked is as quick as one where much is."""
    places = BRANCHES.where(staff.works_at(StockLocation.id))
    if at_branch:
        places = places.where(StockLocation.id == bindparam("branch_id", type_=BigInteger))
    branches = places.subquery()
    here = AssistanceRequest.stock_location_id == branches.c.id
    of_branch = _newest(here, *conditions, limit=limit).lateral()
    return select(*of_branch.c).select_from(branches.join(of_branch, true()))


def _newest(*conditions: ColumnElement[bool], limit: int) -> Select[int, AssistanceStatus]:
    newest = select(AssistanceRequest.id, AssistanceRequest.status).where(*conditions)
    return newest.order_by(AssistanceRequest.id.desc()).limit(literal_column(str(limit)))
