"""Requests for help: customers ask the staff of a branch, who resolve them once."""

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Integer, Select, bindparam, case, func, literal_column, select, tuple_, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import AssistanceStatus, LocationKind
from app.errors import Conflict, NotFound
from app.models import AssistanceRequest, Order, StockLocation, User
from app.models.base import AnyRow
from app.schemas.assistance import AskForHelp, AssistanceAnswer, AssistanceQuery, ResolveHelp, StaffAssistance
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page, decode_cursor, encode_cursor, page_meta
from app.services import audit, locks, outbox, staff
from app.transaction import reading, transaction

MOST_OPEN = 5

Shown = TypeVar("Shown", bound=AssistanceAnswer)


class HelpBranchNotFound(NotFound):
    message = "There is no such branch."


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


_IS_OPEN = case((AssistanceRequest.status == AssistanceStatus.OPEN, 1), else_=0)
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
    """Ask the staff of an active branch. Raises HelpBranchNotFound, HelpOrderNotFound or TooManyOpenRequests."""
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
_ORDER = select(Order.id).where(Order.id == bindparam("order_id"), Order.user_id == bindparam("user_id"))
_COUNT_OPEN = select(func.count()).where(
    AssistanceRequest.user_id == bindparam("user_id"), AssistanceRequest.status == AssistanceStatus.OPEN
)


def _check(session: Session, form: AskForHelp, caller: Caller) -> None:
    """The caller's row is locked, so that parallel requests are counted one after the other."""
    locks.user(session, user_id=caller.user_id)
    if session.execute(_BRANCH, {"branch_id": form.branch_id}).first() is None:
        raise HelpBranchNotFound
    mine = {"order_id": form.order_id, "user_id": caller.user_id}
    if form.order_id is not None and session.execute(_ORDER, mine).first() is None:
        raise HelpOrderNotFound
    if session.execute(_COUNT_OPEN, {"user_id": caller.user_id}).scalar_one() >= MOST_OPEN:
        raise TooManyOpenRequests


def mine(query: Page, caller: Caller) -> tuple[list[AssistanceAnswer], PageMeta]:
    """A page of the caller's own requests, open ones first (one statement). Raises ValidationFailed."""
    return _page(query, AssistanceAnswer, {"user_id": caller.user_id}, names=frozenset(), of_staff=False)


def queue(query: AssistanceQuery, caller: Caller) -> tuple[list[StaffAssistance], PageMeta]:
    """A page of the requests at the caller's branches, open ones first (one statement). Raises ValidationFailed."""
    given = {"status": query.status, "branch_id": query.branch_id}
    values = {name: value for name, value in given.items() if value is not None}
    parameters = {**values, "employee_id": staff.employee_id(caller)}
    return _page(query, StaffAssistance, parameters, names=frozenset(values), of_staff=True)


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


_CONDITIONS = {
    "status": AssistanceRequest.status == bindparam("status"),
    "branch_id": AssistanceRequest.stock_location_id == bindparam("branch_id", type_=BigInteger),
    "last_id": tuple_(_IS_OPEN, AssistanceRequest.id)
    < tuple_(bindparam("last_open", type_=Integer), bindparam("last_id", type_=BigInteger)),
}


@cache
def _statement(names: frozenset[str], limit: int, *, of_staff: bool) -> Select[*tuple[Any, ...]]:
    every = _OF_STAFF if of_staff else _OWN
    return (
        every.where(*(_CONDITIONS[name] for name in names))
        .order_by(_IS_OPEN.desc(), AssistanceRequest.id.desc())
        .limit(literal_column(str(limit)))
        .offset(bindparam("offset"))
    )


def _page(
    query: Page, model: type[Shown], values: dict[str, Any], *, names: frozenset[str], of_staff: bool
) -> tuple[list[Shown], PageMeta]:
    parameters = {**values, "offset": query.offset}
    if query.cursor is not None:
        last_open, last_id = decode_cursor(query.cursor, int, int)
        parameters |= {"last_open": last_open, "last_id": last_id, "offset": 0}
        names |= {"last_id"}
    with reading() as connection:
        rows = connection.execute(_statement(names, query.limit + 1, of_staff=of_staff), parameters).all()
    shown, has_next = rows[: query.limit], len(rows) > query.limit
    last = encode_cursor(int(shown[-1].status is AssistanceStatus.OPEN), shown[-1].id) if shown else None
    meta = page_meta(limit=query.limit, offset=query.offset, has_next=has_next, next_cursor=last)
    return [model.model_validate(row) for row in shown], meta
