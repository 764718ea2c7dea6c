"""Telling a vendor, and integrators, how a payout goes on."""

from decimal import Decimal

from sqlalchemy.orm import Session

from app.domain.enums import PayoutState
from app.schemas.money import money_number
from app.services import outbox
from app.services.live.telling import tell


def tell_vendor(session: Session, owner_id: int, *, payout_id: int, state: PayoutState, amount: Decimal) -> None:
    """Put the state of a payout into the outbox and its vendor's feed. A step, the last of its transaction."""
    told = {"payout_id": payout_id, "status": state.value}
    outbox.publish(session, topic="payout.changed", aggregate=f"payout:{payout_id}", payload=told)
    news = {"payout_id": payout_id, "status": state.value, "amount": money_number(amount)}
    tell(session, user_ids=[owner_id], topic="payout.changed", payload=news)
