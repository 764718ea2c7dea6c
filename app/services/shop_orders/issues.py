"""Issues that consumers raise after delivery, and how vendor and office settle them."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import IssueStatus, OrderActionType
from app.domain.shop_order_states import HANDED_OVER
from app.errors import Conflict, NotFound
from app.models import Order, OrderIssue
from app.schemas.shop_talk import (
    DecidedDispute,
    DecidedIssue,
    DisputeAnswer,
    IssueAnswer,
    RaisedIssue,
    RaiseIssue,
    ResolveIssue,
)
from app.services.shop_orders import finding, issue_reading, log
from app.transaction import transaction

BY_VENDOR = frozenset({IssueStatus.RAISED})
BY_OFFICE = frozenset({IssueStatus.RAISED, IssueStatus.REJECTED})
"""The office has the last word: it may still settle what a vendor rejected."""


class NotForIssues(Conflict):
    code = "ORDER_NOT_DELIVERED"
    message = "Issue can only be raised for delivered orders"


class IssueNotFound(NotFound):
    """The same answer for an issue that does not exist and for one of another shop."""

    code = "ISSUE_NOT_FOUND"
    message = "Issue not found"


class IssueClosed(Conflict):
    code = "ISSUE_CLOSED"
    message = "Issue already closed"


def raise_issue(form: RaiseIssue, caller: Caller, *, order_id: int) -> RaisedIssue:
    """Complain of one of the caller's delivered orders; the talk says so too. Raises OrderNotFound or NotForIssues."""
    with transaction() as session:
        order = finding.consumer_order(session, order_id=order_id, caller=caller)
        if order.status not in HANDED_OVER:
            raise NotForIssues
        issue = OrderIssue(
            order_id=order.id, user_id=caller.user_id, issue_type=form.issue_type, description=form.description
        )
        session.add(issue)
        log.say(session, order, f"Issue raised: {form.issue_type}\n{form.description}", by=caller)
        log.note(session, order, OrderActionType.ISSUE_RAISED, by=caller, details=form.issue_type)
        return RaisedIssue(message="Issue raised", issue_id=issue.id)


def resolve_by_vendor(form: ResolveIssue, caller: Caller, *, issue_id: int) -> DecidedIssue:
    """Settle an issue of the caller's shop. Raises IssueNotFound or IssueClosed."""
    with transaction() as session:
        try:
            order = finding.vendor_order(session, order_id=_order_of(session, issue_id), caller=caller)
        except finding.OrderNotFound:
            raise IssueNotFound from None
        _decide(session, order, issue_id, form, by=caller, may_decide=BY_VENDOR)
        decided = IssueAnswer.model_validate(issue_reading.one(session, issue_id=issue_id))
    return DecidedIssue(message=f"Issue {form.status}", issue=decided)


def resolve_by_office(form: ResolveIssue, caller: Caller, *, issue_id: int) -> DecidedDispute:
    """Settle an issue of any shop, or once more one its vendor rejected. Raises IssueNotFound or IssueClosed."""
    with transaction() as session:
        order = finding.any_order(session, order_id=_order_of(session, issue_id))
        _decide(session, order, issue_id, form, by=caller, may_decide=BY_OFFICE)
        decided = DisputeAnswer.model_validate(issue_reading.one_dispute(session, issue_id=issue_id))
    return DecidedDispute(message=f"Issue {form.status}", issue=decided)


_ORDER_OF = select(OrderIssue.order_id).where(OrderIssue.id == bindparam("issue_id", type_=BigInteger))


def _order_of(session: Session, issue_id: int) -> int:
    """The order of an issue, which never changes. A step. Raises IssueNotFound."""
    order_id = session.execute(_ORDER_OF, {"issue_id": issue_id}).scalar_one_or_none()
    if order_id is None:
        raise IssueNotFound
    return order_id


def _decide(
    session: Session, order: Order, issue_id: int, form: ResolveIssue, *, by: Caller, may_decide: frozenset[IssueStatus]
) -> None:
    """Settle an issue whose order is locked. A step. Raises IssueClosed."""
    issue = session.get_one(OrderIssue, issue_id, populate_existing=True)
    if issue.status not in may_decide or issue.status is form.status:
        raise IssueClosed
    old = {"issue_id": issue.id, "issue_status": issue.status}
    issue.status, issue.resolution = form.status, form.resolution
    issue.resolved_by, issue.resolved_at = by.user_id, datetime.now(UTC)
    log.say(session, order, f"Issue {form.status}: {issue.issue_type}\n{form.resolution}", by=by)
    new = {"issue_id": issue.id, "issue_status": form.status, "resolution": form.resolution}
    log.note(session, order, OrderActionType.ISSUE_RESOLVED, by=by, old=old, new=new, details=issue.issue_type)
