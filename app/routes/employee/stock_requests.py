"""Asking for stock to be set or added."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.stock_requests import MyStockRequestQuery, NewStockRequest, StockRequestQuery, StockRequestRow
from app.services.stock import requests
from app.services.stock.places import StockNotFound

stock_requests = Blueprint("stock_requests", __name__)
ops = Blueprint("ops_stock_requests", __name__)


@stock_requests.post("")
@ops.post("/stock-requests")
@endpoint(body=NewStockRequest, answers={201: StockRequestRow}, errors=(StockNotFound,))
def ask_for_stock(body: NewStockRequest) -> Response:
    """Ask for stock to be set or added at a branch; a manager reviews it."""
    return answer(requests.ask(body, current_caller()), status=201)


@stock_requests.get("/my")
@endpoint(query=MyStockRequestQuery, answers={200: Listed[StockRequestRow]})
def own_stock_requests(query: MyStockRequestQuery) -> Response:
    """List what you asked for, newest first."""
    return listed(*requests.mine(query, current_caller()))


@ops.get("/stock-requests")
@endpoint(query=StockRequestQuery, answers={200: Listed[StockRequestRow]})
def stock_requests_of_branches(query: StockRequestQuery) -> Response:
    """List what was asked for at your branches, newest first."""
    return listed(*requests.of_branches(query, current_caller()))
