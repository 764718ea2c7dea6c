"""One's own sign-ins."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Message
from app.schemas.sessions import EndedSessions, OpenSession
from app.services import sessions as own_sessions

sessions = Blueprint("sessions", __name__)


@sessions.get("/sessions")
@endpoint(answers={200: list[OpenSession]})
def list_own_sessions() -> Response:
    """List where one is signed in, newest first."""
    caller = current_caller()
    return answer(own_sessions.list_open(caller, user_id=caller.user_id))


@sessions.delete("/sessions/<int:session_id>")
@endpoint(answers={200: Message}, errors=(own_sessions.SessionNotFound,))
def end_own_session(session_id: int) -> Response:
    """End one session: its tokens stop working at once."""
    own_sessions.end_own(current_caller(), session_id=session_id)
    return answer(Message(message="The session is ended."))


@sessions.delete("/sessions")
@endpoint(answers={200: EndedSessions})
def end_other_sessions() -> Response:
    """End every session but this one."""
    return answer(EndedSessions(ended=own_sessions.end_others(current_caller())))
