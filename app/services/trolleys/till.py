"""The way out: a code for a till instead of paying in the app, and the token that opens the exit (B.9)."""

import secrets

from app.domain.caller import Caller
from app.domain.devices.codes import BITS_PER_CHARACTER, crockford
from app.domain.enums import TrolleyState
from app.errors import Conflict
from app.schemas.trolleys import ExitToken, HandoffCodeAnswer
from app.services import locks
from app.services.checkout.trolley_placing import check_payable
from app.services.secrets_at_rest import keyed_hash
from app.services.trolleys import handoffs, news, reviewing, sessions
from app.transaction import transaction

TOKEN_LENGTH = 16


class NotPaid(Conflict):
    """`details.state` is where the trolley stands."""

    code = "NOT_PAID"
    message = "There is no way out before the cart is paid."


def handoff(caller: Caller, *, cart_id: int) -> HandoffCodeAnswer:
    """A code by which a till takes over the caller's basket, which is under review from then on.

    Raises TrolleyCartNotFound, CartEmpty, TrolleyNotPayable, WeightMismatch, StaffCheckNeeded.
    """
    with transaction() as session:
        locks.limit_waits(session)
        opened, devices = sessions.own_with_device(session, caller, cart_id=cart_id)
        check_payable(opened)
        began = reviewing.begin(session, opened, devices.get(opened.trolley_id), by=caller)
        code, ends = handoffs.make(session, opened)
        if began:
            news.changed(session, opened)
        return HandoffCodeAnswer(
            code=code, expires_at=ends, expires_in=handoffs.GOOD_SECONDS, cart_id=cart_id, version=opened.version
        )


def exit_token(caller: Caller, *, cart_id: int) -> ExitToken:
    """A fresh token for the exit, the one before is void. Raises TrolleyCartNotFound, NotPaid."""
    token = crockford(secrets.randbits(TOKEN_LENGTH * BITS_PER_CHARACTER), TOKEN_LENGTH)
    with transaction() as session:
        locks.limit_waits(session)
        opened = sessions.own(session, caller, cart_id=cart_id)
        if opened.state is not TrolleyState.PAID or opened.order_id is None:
            raise NotPaid(details={"state": opened.state})
        opened.exit_token_hash = exit_hash(token)
        return ExitToken(
            exit_token=token,
            cart_id=cart_id,
            session_id=opened.id,
            trolley=opened.trolley_id,
            order_id=opened.order_id,
        )


def exit_hash(token: str) -> str:
    """What is stored of a token for the exit."""
    return keyed_hash("exit-token", token)
