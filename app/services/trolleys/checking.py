"""Whether the staff look into a trolley before it is paid (smart-cart.md, B.6: spot check)."""

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.devices.spot_checks import Basket, CheckPolicy, CheckReason, History, check_reasons
from app.domain.enums import AssistReason, TrolleyState
from app.domain.minor_units import to_minor
from app.models import CartSession
from app.services import locks
from app.services.trolleys import calls
from app.transaction import transaction

# Goods with an age limit that the staff have passed on this walk, or are called for, are no reason to call them again.
_FACTS = text("""
    SELECT coalesce(sum(line.quantity * line.unit_price), 0) AS total,
           coalesce(bool_or(products.age_limit IS NOT NULL), false) AND NOT EXISTS (
               SELECT FROM trolley_assists WHERE session_id = :session_id AND reason = 'age_check'
               AND (outcome IS NULL OR outcome = 'accepted')) AS guarded,
           EXISTS (
               SELECT FROM trolley_assists
               WHERE session_id = :session_id AND reason = 'spot_check' AND outcome = 'accepted' AND resolved_at >= (
                   SELECT max(created_at) FROM basket_moves WHERE session_id = :session_id)) AS is_passed
    FROM cart_items AS line JOIN products ON products.id = line.product_id
    WHERE line.cart_id = :cart_id
""").bindparams(bindparam("session_id"), bindparam("cart_id"))
_PAST = text("""
    WITH looked AS (
        SELECT assist.id, assist.outcome = 'accepted' AS is_clean
        FROM trolley_assists AS assist JOIN cart_sessions ON cart_sessions.id = assist.session_id
        WHERE user_id = :user_id AND reason = 'spot_check' AND assist.outcome IS NOT NULL
    )
    SELECT (SELECT count(*) FROM cart_sessions WHERE user_id = :user_id AND outcome = 'paid') AS sessions,
           count(*) FILTER (
               WHERE is_clean AND id > coalesce((SELECT max(id) FROM looked WHERE NOT is_clean), 0)) AS clean,
           coalesce((SELECT NOT is_clean FROM looked ORDER BY id DESC LIMIT 1), false) AS last_failed
    FROM looked
""").bindparams(bindparam("user_id"))


def look_into(session: Session, opened: CartSession) -> bool:
    """Call the staff to a locked session about to be paid, if the rules say so; answers whether. A step."""
    if not reasons(session, opened):
        return False
    opened.needs_check = True
    calls.call(session, opened, AssistReason.SPOT_CHECK)
    return True


def call_for(*, cart_id: int) -> None:
    """Call the staff to a trolley whose payment was refused because they have yet to look into it."""
    with transaction() as session:
        opened = locks.open_session(session, cart_id=cart_id)
        if opened is not None and opened.state is TrolleyState.SHOPPING and not opened.needs_check:
            look_into(session, opened)


def reasons(session: Session, opened: CartSession) -> tuple[CheckReason, ...]:
    """Why the trolley is to be looked into; empty when it may go, as after a look at this very basket.

    A step of at most two statements. The same basket of the same walk is drawn once: its version is part of the seed.
    """
    facts = session.execute(_FACTS, {"session_id": opened.id, "cart_id": opened.cart_id}).one()
    if facts.is_passed:
        return ()
    past = session.execute(_PAST, {"user_id": opened.user_id}).one()
    basket = Basket(to_minor(facts.total, settings().currency), facts.guarded, opened.mismatches)
    history = History(past.sessions, past.clean, past.last_failed)
    return check_reasons(basket, history, _policy(), f"{opened.id}:{opened.version}")


def _policy() -> CheckPolicy:
    current = settings()
    return CheckPolicy(
        high_value=to_minor(current.spot_check_value, current.currency),
        random_share=current.spot_check_share,
        new_shopper_share=current.spot_check_new_shopper_share,
        trusted_share=current.spot_check_share / 4,
    )
