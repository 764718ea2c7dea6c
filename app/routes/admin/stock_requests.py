"""Reviewing what employees ask for."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.stock_requests import BulkReview, BulkReviewAnswer, StockRequestQuery, StockRequestRow, StockReviewForm
from app.services.stock import requests, reviewing
from app.services.stock.places import StockNotFound

reviews = Blueprint("stock_reviews", __name__)


@reviews.get("")
@endpoint(query=StockRequestQuery, answers={200: Listed[StockRequestRow]})
def list_stock_requests(query: StockRequestQuery) -> Response:
    """List the stock requests of all branches, newest first."""
    return listed(*requests.of_branches(query, current_caller()))


@reviews.get("/<int:request_id>")
@endpoint(answers={200: StockRequestRow}, errors=(requests.StockRequestNotFound,))
def stock_request(request_id: int) -> Response:
    """Show one stock request."""
    return answer(requests.detail(request_id=request_id))


@reviews.patch("/<int:request_id>/resolve")
@endpoint(
    body=StockReviewForm,
    answers={200: StockRequestRow},
    errors=(
        requests.StockRequestNotFound,
        reviewing.AlreadyReviewed,
        reviewing.ApprovalNeedsQuantity,
        reviewing.RejectionNeedsReason,
        StockNotFound,
    ),
)
def resolve_stock_request(body: StockReviewForm, request_id: int) -> Response:
    """Approve a stock request, which changes the stock, or reject it with a reason."""
    return answer(reviewing.resolve(body, current_caller(), request_id=request_id))


@reviews.patch("/bulk-review")
@endpoint(body=BulkReview, answers={200: BulkReviewAnswer})
def review_stock_requests(body: BulkReview) -> Response:
    """Review up to 200 stock requests, each by itself.

    Answers 200 also when some are refused: `results` says what became of each.
    """
    return answer(reviewing.resolve_all(body, current_caller()))
