"""What it does to a walk when the staff settle a call."""

import time
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.devices import notices as wire
from app.domain.devices.weights import Verdict, after_resolution, check_basket, expected_g
from app.domain.enums import AssistOutcome, AssistReason, SoldBy, TrolleyState
from app.models import CartSession, Device, Trolley, TrolleyAssist
from app.services.devices import notices
from app.services.trolleys import basket, batch_goods, reviewing, weighing
from app.services.trolleys.basket import Change
from app.services.trolleys.batch_goods import Line

_CHECKS = (AssistReason.AGE_CHECK, AssistReason.SPOT_CHECK)
_OPEN_CHECK = select(
    exists().where(
        TrolleyAssist.session_id == bindparam("session_id"),
        TrolleyAssist.reason.in_(_CHECKS),
        TrolleyAssist.resolved_at.is_(None),
    )
)


def settle(
    session: Session,
    opened: CartSession,
    device: Device | None,
    reason: AssistReason,
    outcome: AssistOutcome,
    caller: Caller,
) -> dict[str, Any]:
    """Let a locked session go on; answers its weights for the audit. A step, the call itself closed before it.

    `accepted` makes the present weight the right one. Who may not have goods with an age limit leaves them here.
    """
    state = opened.state
    if reason in _CHECKS:
        if reason is AssistReason.AGE_CHECK and outcome is AssistOutcome.REMOVED:
            _take_out_guarded(session, opened, device, caller)
        opened.needs_check = bool(session.execute(_OPEN_CHECK, {"session_id": opened.id}).scalar_one())
    elif reason is not AssistReason.LOW_BATTERY:
        _settle_weight(session, opened, outcome)
    opened.version += 1
    session.flush()
    if device is not None and opened.state is not state:
        notices.put(device, wire.state_notice(opened.state))
    return {"expected_grams": opened.expected_grams, "gross_grams": opened.gross_grams, "session_id": opened.id}


_STEP = select(Trolley.scale_step_grams).where(Trolley.id == bindparam("trolley_id"))


def _settle_weight(session: Session, opened: CartSession, outcome: AssistOutcome) -> None:
    if outcome is AssistOutcome.ACCEPTED and opened.gross_grams is not None:
        step = session.execute(_STEP, {"trolley_id": opened.trolley_id}).scalar_one()
        lines = weighing.basket(_lines(session, opened).values(), step)
        if check_basket(opened.gross_grams, opened.baseline_grams, lines) is Verdict.FAILS:
            opened.baseline_grams = opened.gross_grams - expected_g(lines)
    before = weighing.watch_of(session, opened)
    settled = after_resolution(before, int(time.time()))
    weighing.follow(opened, before, settled)
    weighing.keep(session, opened, before, settled)


def _lines(session: Session, opened: CartSession) -> dict[int, Line]:
    return batch_goods.lines(session, cart_id=opened.cart_id, stock_location_id=opened.stock_location_id)


def _take_out_guarded(session: Session, opened: CartSession, device: Device | None, caller: Caller) -> None:
    """Take what has an age limit out of the basket; one that was under review is shopping again."""
    if opened.state not in (TrolleyState.SHOPPING, TrolleyState.REVIEW, TrolleyState.ASSIST):
        return
    guarded = [_out(line) for line in _lines(session, opened).values() if line.product.age_limit]
    if not guarded:
        return
    basket.move_all(session, opened, guarded, actor_user_id=caller.user_id)
    if opened.state is TrolleyState.REVIEW:
        reviewing.cancel(session, opened, device, by=caller)


def _out(line: Line) -> Change:
    """All of a line, taken out."""
    if line.product.sold_by is SoldBy.WEIGHT:
        return Change(line.product, -1, -(line.weight_grams or 0))
    return Change(line.product, -line.quantity)
