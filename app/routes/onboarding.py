"""Choosing a role and a place."""

from flask import Blueprint, Response

from app.errors import Forbidden
from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Message
from app.schemas.onboarding import BasicOnboarding, OwnProfile
from app.services import onboarding as onboardings

onboarding = Blueprint("onboarding", __name__)


@onboarding.post("/onboarding/basic")
@endpoint(body=BasicOnboarding, answers={200: Message}, errors=(Forbidden, onboardings.StillACustomer))
def choose_role(body: BasicOnboarding) -> Response:
    """Choose to be a consumer or a vendor, and where; once.

    Repeating it changes nothing. Staff have their role already.
    """
    done = onboardings.complete(body, current_caller())
    return answer(Message(message=f"Basic onboarding {'complete' if done else 'already complete'}"))


@onboarding.get("/profile/me")
@endpoint(answers={200: OwnProfile})
def show_own_profile() -> Response:
    """Show one's own name, place and role, whatever the role."""
    return answer(onboardings.show(current_caller()))
