"""The assistant."""

from flask import Blueprint, Response

from app.middleware import limits
from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.agent import AgentAnswer, AgentQuery
from app.services.assistant import asking

agent = Blueprint("agent", __name__)


@agent.post("/query")
@limits.assistant
@endpoint(body=AgentQuery, body_optional=True, answers={200: AgentAnswer}, errors=(asking.QueryRequired,))
def ask_assistant(body: AgentQuery) -> Response:
    """Ask the assistant.

    It knows items near you by word and price ("milk under 50"), offers, your cart, your orders and their messages, your
    wallet, and which shops are open. It only looks things up.
    """
    return answer(asking.ask(body, current_caller()))
