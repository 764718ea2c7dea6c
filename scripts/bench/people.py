"""Shoppers who are signed in: what the cases send requests as."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.caller import Origin
from app.domain.enums import Role
from app.services import tokens
from app.transaction import transaction


@dataclass(frozen=True)
class Shopper:
    """A customer with past orders and an access token that outlives the run."""

    user_id: int
    token: str


def signed_in(user_ids: Sequence[int]) -> tuple[Shopper, ...]:
    """A session for each of these customers, in an application context."""
    origin = Origin(request_id="bench", address="127.0.0.1", user_agent="bench", language=None)
    with transaction() as session:
        return tuple(
            Shopper(
                user_id,
                tokens.open_session(
                    session, user_id=user_id, role=Role.CUSTOMER, origin=origin, minutes=24 * 60
                ).access_token,
            )
            for user_id in user_ids
        )
