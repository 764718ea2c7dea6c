"""A trolley calls for the staff, and need not any more."""

from sqlalchemy import bindparam, exists, select, text
from sqlalchemy.orm import Session

from app.domain.enums import AssistOutcome, AssistReason
from app.models import CartSession, TrolleyAssist

# At most one is open for each session and reason.
_CALL = text("""
    INSERT INTO trolley_assists (session_id, trolley_id, stock_location_id, reason, floor, x_cm, y_cm, expected_grams,
                                 gross_grams)
    SELECT opened.id, opened.trolley_id, opened.stock_location_id, :reason, device.floor, device.x_cm, device.y_cm,
           opened.expected_grams, opened.gross_grams
    FROM cart_sessions AS opened LEFT JOIN devices AS device ON device.trolley_id = opened.trolley_id
    WHERE opened.id = :session_id
    ON CONFLICT DO NOTHING
""")


def call(session: Session, opened: CartSession, reason: AssistReason) -> None:
    """Ask for somebody of the staff to come, unless they are asked to already. A step."""
    session.flush()
    session.execute(_CALL, {"session_id": opened.id, "reason": reason.value})


_CALM = text("""
    UPDATE trolley_assists SET resolved_at = now(), outcome = 'corrected'
    WHERE session_id = :session_id AND reason = :reason AND resolved_at IS NULL
""")


def call_off(session: Session, opened: CartSession, reason: AssistReason) -> None:
    """Nobody need come for this any more: it came right by itself. A step."""
    session.execute(_CALM, {"session_id": opened.id, "reason": reason.value})


_ENDED = text("""
    UPDATE trolley_assists SET resolved_at = now(), outcome = 'corrected', note = 'The walk ended.'
    WHERE session_id = :session_id AND resolved_at IS NULL AND reason IN ('weight', 'help', 'age_check', 'spot_check')
""")


def end(session: Session, opened: CartSession) -> None:
    """Nobody need come for the goods of a walk that ends; what is about the trolley itself stays. A step."""
    session.execute(_ENDED, {"session_id": opened.id})


_OF_SESSION = (TrolleyAssist.session_id == bindparam("session_id"), TrolleyAssist.reason == bindparam("reason"))
_IS_OPEN = select(exists().where(*_OF_SESSION, TrolleyAssist.resolved_at.is_(None)))
_WAS_ACCEPTED = select(exists().where(*_OF_SESSION, TrolleyAssist.outcome == AssistOutcome.ACCEPTED))


def is_open(session: Session, opened: CartSession, reason: AssistReason) -> bool:
    """Whether somebody is to come for this reason. A step."""
    return bool(session.execute(_IS_OPEN, {"session_id": opened.id, "reason": reason}).scalar_one())


def was_accepted(session: Session, opened: CartSession, reason: AssistReason) -> bool:
    """Whether the staff have looked at this and found it right, on this walk. A step."""
    return bool(session.execute(_WAS_ACCEPTED, {"session_id": opened.id, "reason": reason}).scalar_one())
