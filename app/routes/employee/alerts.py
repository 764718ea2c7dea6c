"""What needs attention now, and who asks for help."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.alerts import Alert
from app.schemas.assistance import AssistanceQuery, ResolveHelp, StaffAssistance
from app.schemas.envelope import Listed
from app.services import alerts as watching
from app.services import assistance as helping

alerts = Blueprint("alerts", __name__)
assistance = Blueprint("assistance_queue", __name__)


@alerts.get("/alerts")
@endpoint(answers={200: list[Alert]})
def list_alerts() -> Response:
    """List what needs attention now, most severe first, at most 100.

    Staff see the state of their branches, managers also payments and messages that failed. Everybody else sees their
    own unread notifications in the same shape.
    """
    return answer(watching.show(current_caller()))


@assistance.get("/assistance")
@endpoint(query=AssistanceQuery, answers={200: Listed[StaffAssistance]})
def list_requests_for_help(query: AssistanceQuery) -> Response:
    """List the requests for help at one's branches, open ones first, then newest first."""
    items, meta = helping.queue(query, current_caller())
    return listed(items, meta)


@assistance.post("/assistance/<int:request_id>/resolve")
@endpoint(
    body=ResolveHelp,
    body_optional=True,
    answers={200: StaffAssistance},
    errors=(helping.AssistanceNotFound, helping.AlreadyResolved),
)
def resolve_request_for_help(request_id: int, body: ResolveHelp) -> Response:
    """Resolve a request for help; the customer is told."""
    return answer(helping.resolve(body, current_caller(), request_id=request_id))
