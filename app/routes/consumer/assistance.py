"""Asking the staff for help."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.assistance import AskForHelp, AssistanceAnswer
from app.schemas.envelope import Listed
from app.schemas.pagination import Page
from app.services import assistance as service
from app.services.branches import BranchNotFound

assistance = Blueprint("assistance", __name__)


@assistance.post("/assistance")
@endpoint(
    body=AskForHelp,
    answers={201: AssistanceAnswer},
    errors=(BranchNotFound, service.HelpOrderNotFound, service.TooManyOpenRequests),
)
def ask_for_help(body: AskForHelp) -> Response:
    """Ask the staff of a branch for help; at most five requests may be open."""
    return answer(service.ask(body, current_caller()), status=201)


@assistance.get("/assistance")
@endpoint(query=Page, answers={200: Listed[AssistanceAnswer]})
def list_my_requests_for_help(query: Page) -> Response:
    """List one's own requests for help, open ones first, then newest first."""
    items, meta = service.mine(query, current_caller())
    return listed(items, meta)
