"""The second factor of one's own account."""

from flask import Blueprint, Response

from app.middleware.answers import answer, never_stored
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Message
from app.schemas.second_factor import (
    RecoveryCodes,
    SecondFactorCode,
    SecondFactorDisabling,
    SecondFactorSetup,
    SecondFactorStatus,
)
from app.services import credentials
from app.services import second_factor as factor

second_factor = Blueprint("second_factor", __name__)

second_factor.after_request(never_stored)  # secrets and recovery codes


@second_factor.get("")
@endpoint(answers={200: SecondFactorStatus})
def show_second_factor() -> Response:
    """Show whether a second factor is enabled, and whether the role must have one."""
    return answer(factor.status(current_caller()))


@second_factor.post("/setup")
@endpoint(answers={200: SecondFactorSetup}, errors=(factor.SecondFactorAlreadyEnabled,))
def set_up_second_factor() -> Response:
    """Make a secret for an authenticator app; it counts once `enable` got a code of it."""
    return answer(factor.set_up(current_caller()))


@second_factor.post("/enable")
@endpoint(
    body=SecondFactorCode,
    answers={200: RecoveryCodes},
    errors=(factor.SecondFactorNotSetUp, factor.SecondFactorAlreadyEnabled, factor.InvalidSecondFactor),
)
def enable_second_factor(body: SecondFactorCode) -> Response:
    """Ask for a code at every sign-in from now on; every other session ends."""
    return answer(factor.enable(body.code, current_caller()))


@second_factor.post("/disable")
@endpoint(
    body=SecondFactorDisabling,
    answers={200: Message},
    errors=(
        credentials.InvalidCredentials,
        factor.InvalidSecondFactor,
        factor.SecondFactorNotEnabled,
        factor.SecondFactorCompulsory,
    ),
)
def disable_second_factor(body: SecondFactorDisabling) -> Response:
    """Stop asking for a code, where the role does not need one."""
    factor.disable(body, current_caller())
    return answer(Message(message="The second factor is disabled."))


@second_factor.post("/recovery-codes")
@endpoint(
    body=SecondFactorCode,
    answers={200: RecoveryCodes},
    errors=(factor.InvalidSecondFactor, factor.SecondFactorNotEnabled),
)
def renew_recovery_codes(body: SecondFactorCode) -> Response:
    """Replace the recovery codes; the old ones stop working."""
    return answer(factor.renew_codes(body.code, current_caller()))
