"""A consumer's profile."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.consumer_profile import ConsumerOnboarding, ConsumerProfileAnswer, ConsumerProfileChange
from app.schemas.envelope import Message
from app.services import consumer_profiles, onboarding

profile = Blueprint("consumer_profile", __name__)


@profile.post("/onboarding")
@endpoint(
    body=ConsumerOnboarding,
    body_optional=True,
    answers={200: Message},
    errors=(onboarding.BasicOnboardingIncomplete, consumer_profiles.RoleOnboardingDone),
)
def onboard_consumer(body: ConsumerOnboarding) -> Response:
    """Keep what a consumer tells about themselves, after the basic onboarding; once."""
    consumer_profiles.create(body, current_caller())
    return answer(Message(message="Consumer onboarding done"))


@profile.get("/profile/me")
@endpoint(answers={200: ConsumerProfileAnswer}, errors=(consumer_profiles.ConsumerProfileNotFound,))
def show_consumer_profile() -> Response:
    """Show one's own profile."""
    return answer(consumer_profiles.show(current_caller()))


@profile.post("/profile/edit")
@endpoint(body=ConsumerProfileChange, answers={200: Message}, errors=(consumer_profiles.ConsumerProfileNotFound,))
def change_consumer_profile(body: ConsumerProfileChange) -> Response:
    """Change one's profile; what is left out stays.

    Whole objects may be posted back: the phone number in them is ignored.
    """
    consumer_profiles.change(body, current_caller())
    return answer(Message(message="Profile updated"))
