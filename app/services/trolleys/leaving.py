"""A shopper lets go of the trolley."""

from app.domain.caller import Caller
from app.domain.enums import SessionOutcome, TrolleyState
from app.schemas.trolleys import LeftTrolley
from app.services import locks
from app.services.trolleys import news, sessions
from app.transaction import transaction

_MAY_LEAVE = (TrolleyState.SHOPPING, TrolleyState.REVIEW, TrolleyState.ASSIST, TrolleyState.PAID)


def disconnect(caller: Caller) -> LeftTrolley:
    """End the caller's session: what is not paid for is free for others again. Raises NoTrolley, CartLocked."""
    with transaction() as session:
        locks.limit_waits(session)
        opened, devices = sessions.own_with_device(session, caller)
        sessions.require(opened, *_MAY_LEAVE)
        outcome = SessionOutcome.PAID if opened.state is TrolleyState.PAID else SessionOutcome.LEFT
        sessions.end(session, opened, devices.get(opened.trolley_id), outcome=outcome, by=caller)
        news.changed(session, opened)
        return LeftTrolley(
            message="The trolley is free again.",
            cart_id=opened.cart_id,
            session_id=opened.id,
            trolley=opened.trolley_id,
        )
