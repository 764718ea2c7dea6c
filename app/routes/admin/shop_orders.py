"""Orders from vendors' shops as the office sees them: list, disputes and refunds."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.middleware.idempotency import REQUIRED_KEY, IdempotencyKeyRequired, given_key, told_apart
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.shop_order_moves import OfficeRefundRequest, RefundAnswer
from app.schemas.shop_orders import AdminShopOrder, AdminShopOrderDetail, AdminShopOrderQuery
from app.schemas.shop_talk import DecidedDispute, DisputeAnswer, DisputeQuery, ResolveIssue
from app.services.checkout.errors import KeyReused
from app.services.ledger import InsufficientFunds
from app.services.payments.settlement import AmountNotAvailable
from app.services.shop_orders import finding, history, issue_reading, issues, refunding
from app.services.shop_orders.refusals import InvalidMove

orders = Blueprint("admin_shop_orders", __name__)


@orders.get("/orders")
@endpoint(query=AdminShopOrderQuery, answers={200: Listed[AdminShopOrder]})
def list_shop_orders(query: AdminShopOrderQuery) -> Response:
    """List the orders of all vendors' shops, newest first."""
    return listed(*history.of_all(query))


@orders.get("/orders/<int:order_id>")
@endpoint(answers={200: AdminShopOrderDetail}, errors=(finding.OrderNotFound,))
def show_shop_order(order_id: int) -> Response:
    """Show one order of any vendor's shop with all that was done to it."""
    return cacheable(answer(history.any_order(order_id=order_id)))


@orders.post("/orders/<int:order_id>/refund")
@endpoint(
    body=OfficeRefundRequest,
    headers=(REQUIRED_KEY,),
    answers={200: RefundAnswer},
    errors=(
        IdempotencyKeyRequired,
        InsufficientFunds,
        finding.OrderNotFound,
        InvalidMove,
        refunding.RefundTooMuch,
        KeyReused,
        AmountNotAvailable,
    ),
)
def refund_shop_order(order_id: int, body: OfficeRefundRequest) -> Response:
    """Give a consumer part of a delivered order back, at the vendor's cost or the house's; once for each key."""
    is_replay = refunding.refund(body, given_key() or "", current_caller(), order_id=order_id)
    return told_apart(answer(RefundAnswer(message="Refunded", refund=body.amount)), is_replay=is_replay)


@orders.get("/disputes")
@endpoint(query=DisputeQuery, answers={200: Listed[DisputeAnswer]})
def list_disputes(query: DisputeQuery) -> Response:
    """List the issues of all vendors' shops, newest first."""
    return listed(*issue_reading.of_all(query))


@orders.post("/disputes/<int:issue_id>/resolve")
@endpoint(body=ResolveIssue, answers={200: DecidedDispute}, errors=(issues.IssueNotFound, issues.IssueClosed))
def resolve_dispute(issue_id: int, body: ResolveIssue) -> Response:
    """Resolve or reject an issue of any shop, also one that its vendor rejected; the consumer is told."""
    return answer(issues.resolve_by_office(body, current_caller(), issue_id=issue_id))
