"""Messages and issues of a vendor's orders."""

from flask import Blueprint, Response

from app.domain.enums import OrderSide
from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.shop_talk import (
    DecidedIssue,
    IssueAnswer,
    MessageQuery,
    OrderMessageAnswer,
    ResolveIssue,
    SendMessage,
    SentMessage,
    VendorIssueQuery,
)
from app.services.shop_orders import issue_reading, issues, messages
from app.services.shop_orders.finding import OrderNotFound
from app.services.shops.own import ShopNotFound

talk = Blueprint("vendor_talk", __name__)


@talk.post("/<int:order_id>/message")
@endpoint(body=SendMessage, answers={200: SentMessage}, errors=(OrderNotFound, messages.MessageRequired))
def send_message(order_id: int, body: SendMessage) -> Response:
    """Write to the consumer of an order of your shop."""
    return answer(messages.send(body, current_caller(), order_id=order_id, side=OrderSide.VENDOR))


@talk.get("/<int:order_id>/messages")
@endpoint(query=MessageQuery, answers={200: Listed[OrderMessageAnswer]}, errors=(OrderNotFound,))
def list_messages(order_id: int, query: MessageQuery) -> Response:
    """List the newest messages about an order of your shop, oldest first.

    `after` gives only those that follow a message, `cursor` older ones. Send the ETag of the last answer as
    If-None-Match to ask cheaply whether there is anything new.
    """
    return cacheable(listed(*messages.page(query, current_caller(), order_id=order_id, side=OrderSide.VENDOR)))


@talk.get("/issues")
@endpoint(query=VendorIssueQuery, answers={200: Listed[IssueAnswer]}, errors=(ShopNotFound, OrderNotFound))
def list_issues(query: VendorIssueQuery) -> Response:
    """List the issues of your shop, newest first."""
    return listed(*issue_reading.of_vendor(query, current_caller()))


@talk.post("/issues/<int:issue_id>/resolve")
@endpoint(body=ResolveIssue, answers={200: DecidedIssue}, errors=(issues.IssueNotFound, issues.IssueClosed))
def resolve_issue(issue_id: int, body: ResolveIssue) -> Response:
    """Resolve or reject an issue of your shop; the consumer is told."""
    return answer(issues.resolve_by_vendor(body, current_caller(), issue_id=issue_id))
