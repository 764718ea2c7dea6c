"""Messages, ratings and issues of an order from a vendor's shop."""

from flask import Blueprint, Response

from app.domain.enums import OrderSide
from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.pagination import Page
from app.schemas.shop_talk import (
    IssueAnswer,
    MessageQuery,
    OrderMessageAnswer,
    RaisedIssue,
    RaiseIssue,
    RatedOrder,
    RateOrder,
    SendMessage,
    SentMessage,
)
from app.services.shop_orders import issue_reading, issues, messages, ratings
from app.services.shop_orders.finding import OrderNotFound

talk = Blueprint("shop_talk", __name__)


@talk.post("/orders/<int:order_id>/message")
@endpoint(body=SendMessage, answers={200: SentMessage}, errors=(OrderNotFound, messages.MessageRequired))
def send_message(order_id: int, body: SendMessage) -> Response:
    """Write to the vendor of one of your orders."""
    return answer(messages.send(body, current_caller(), order_id=order_id, side=OrderSide.CONSUMER))


@talk.get("/orders/<int:order_id>/messages")
@endpoint(query=MessageQuery, answers={200: Listed[OrderMessageAnswer]}, errors=(OrderNotFound,))
def list_messages(order_id: int, query: MessageQuery) -> Response:
    """List the newest messages about one of your orders, oldest first.

    `after` gives only those that follow a message, `cursor` older ones. Send the ETag of the last answer as
    If-None-Match to ask cheaply whether there is anything new.
    """
    return cacheable(listed(*messages.page(query, current_caller(), order_id=order_id, side=OrderSide.CONSUMER)))


@talk.post("/orders/<int:order_id>/rate")
@endpoint(
    body=RateOrder,
    answers={200: RatedOrder},
    errors=(OrderNotFound, ratings.RatingOutOfRange, ratings.NotYetDelivered, ratings.AlreadyRated),
)
def rate(order_id: int, body: RateOrder) -> Response:
    """Rate one of your delivered orders, once."""
    return answer(ratings.rate(body, current_caller(), order_id=order_id))


@talk.post("/orders/<int:order_id>/issue")
@endpoint(body=RaiseIssue, answers={200: RaisedIssue}, errors=(OrderNotFound, issues.NotForIssues))
def raise_issue(order_id: int, body: RaiseIssue) -> Response:
    """Raise an issue of one of your delivered orders."""
    return answer(issues.raise_issue(body, current_caller(), order_id=order_id))


@talk.get("/orders/<int:order_id>/issues")
@endpoint(query=Page, answers={200: Listed[IssueAnswer]}, errors=(OrderNotFound,))
def list_issues(order_id: int, query: Page) -> Response:
    """List the issues of one of your orders, newest first."""
    return listed(*issue_reading.of_order(query, current_caller(), order_id=order_id))
