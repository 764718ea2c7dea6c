"""Reviewing stock requests: approved ones change the stock in the same transaction.

A manager may review a request of their own: in a shop with one manager nobody else could, and the audit trail names
both who asked and who approved.
"""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import MovementKind, StockRequestStatus, StockRequestType
from app.errors import Conflict, DomainError
from app.models import StockRequest
from app.schemas.stock_requests import (
    BulkReview,
    BulkReviewAnswer,
    ReviewItem,
    ReviewOutcome,
    StockRequestRow,
    StockReviewForm,
)
from app.services import audit, locks
from app.services.stock import changing
from app.services.stock.editing import facts
from app.services.stock.places import StockNotFound
from app.services.stock.requests import StockRequestNotFound, row_of
from app.transaction import transaction


class AlreadyReviewed(Conflict):
    code = "INVALID_STATUS"
    message = "The request was reviewed already. Load it again to see how."


class ApprovalNeedsQuantity(DomainError):
    code = "INVALID_QUANTITY"
    message = "Name the approved_quantity."


class RejectionNeedsReason(DomainError):
    code = "INVALID_REJECTION"
    message = "Give a rejection_reason, so that whoever asked learns why."


def resolve(form: StockReviewForm, caller: Caller, *, request_id: int) -> StockRequestRow:
    """Approve or reject a request.

    Raises StockRequestNotFound, AlreadyReviewed, ApprovalNeedsQuantity, RejectionNeedsReason or StockNotFound.
    """
    with transaction() as session:
        request = locks.stock_request(session, request_id=request_id)
        if request is None:
            raise StockRequestNotFound
        if request.status is not StockRequestStatus.PENDING:
            raise AlreadyReviewed(details={"status": request.status})
        old = {"status": request.status, "quantity": request.quantity}
        _decide(request, form, caller)
        session.flush()
        if form.status is StockRequestStatus.APPROVED:
            _apply(session, request, caller)
        new = {"status": request.status, "quantity": request.quantity, "rejection_reason": request.rejection_reason}
        audit.record(
            session, entity_type="stock_request", action="REVIEW", entity_id=request_id, by=caller, old=old, new=new
        )
        return row_of(session, request_id=request_id)


def resolve_all(form: BulkReview, caller: Caller) -> BulkReviewAnswer:
    """Review many requests, each in a transaction of its own; a refusal stops none of the others."""
    return BulkReviewAnswer(results=[_outcome(item, caller) for item in form.items])


def _outcome(item: ReviewItem, caller: Caller) -> ReviewOutcome:
    try:
        row = resolve(item, caller, request_id=item.request_id)
    except DomainError as error:
        return ReviewOutcome(
            request_id=item.request_id, status=None, result="error", error_code=error.code, message=error.text
        )
    return ReviewOutcome(request_id=item.request_id, status=row.status, result="ok")


def _decide(request: StockRequest, form: StockReviewForm, caller: Caller) -> None:
    if form.status is StockRequestStatus.REJECTED:
        if form.rejection_reason is None:
            raise RejectionNeedsReason
        request.rejection_reason = form.rejection_reason
    else:
        if form.approved_quantity is None:
            raise ApprovalNeedsQuantity
        request.quantity = form.approved_quantity
    request.status, request.reviewed_by, request.reviewed_at = form.status, caller.user_id, datetime.now(UTC)


def _apply(session: Session, request: StockRequest, caller: Caller) -> None:
    """Change the stock by the approved quantity."""
    place = {"stock_location_id": request.stock_location_id, "product_id": request.product_id}
    shelf = locks.shelf(session, **place)
    if shelf is None:
        raise StockNotFound
    adds = request.request_type is StockRequestType.ADD_QUANTITY
    available = request.quantity + (shelf.available_quantity if adds else 0)
    change = changing.Change(
        shelf,
        MovementKind.RESTOCK if adds else MovementKind.ADJUST,
        available,
        shelf.reserved_quantity,
        stock_request_id=request.id,
    )
    changing.apply(session, [change], by=caller)
    audit.record(
        session,
        entity_type="inventory",
        action="STOCK_REQUEST_APPLY",
        entity_id=shelf.id,
        by=caller,
        old=facts(shelf),
        new={**facts(shelf), "available_quantity": available},
        context={"stock_request_id": request.id},
    )
