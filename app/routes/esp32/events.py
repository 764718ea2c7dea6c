"""What a trolley scanned, weighed and was told by its buttons."""

from flask import Blueprint, Response

from app.middleware.device_answers import device_answer, signed_request
from app.openapi import endpoint
from app.schemas.device_wire import EventsTaken
from app.services.trolleys import events as service

events = Blueprint("device_events", __name__)


@events.post("/ev")
@endpoint(raw_body="`{ev: [[s, kind, code, grams, time], ...]}` and `lo`", bare=True, answers={200: EventsTaken})
def take_events() -> Response:
    """Report up to 16 events; each is taken once, and answered the same however often it is sent.

    409 with `e` "gap" asks for the events after `a`; "clash" says that an event differs from the one of its number.
    """
    return device_answer(service.take(signed_request()))
