"""What a batch of events leads to beside the basket: calls for the staff, incidents, the review, the end."""

from collections import defaultdict

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from app.domain.devices import notices as wire
from app.domain.devices.lifecycle import EMPTY_MARGIN_G, is_emptied
from app.domain.enums import IncidentKind, SessionOutcome, TrolleyState
from app.models import CartSession
from app.services.devices import notices
from app.services.trolleys import calls, handoffs, incidents, reviewing, sessions, weighing
from app.services.trolleys.bench import Bench


def carry_out(session: Session, bench: Bench) -> None:
    """Write what was gathered while the events were looked at. A step, after the basket is changed."""
    _note_incidents(session, bench)
    opened = bench.opened
    if opened is None:
        return
    before, now = bench.watch_before, bench.watch
    weighing.keep(session, opened, before, now)
    for reason in sorted(bench.calls):
        calls.call(session, opened, reason)
    if now.state is not before.state and now.state in weighing.TOLD:
        notices.put(bench.device, weighing.TOLD[now.state])
    if opened.state is not bench.state_before:
        _follow_state(session, bench, opened)
    _end(session, bench, opened)
    weighing.learn(session, bench.samples)


def _follow_state(session: Session, bench: Bench, opened: CartSession) -> None:
    """What the beginning or the end of a review takes, and news of the state for the display."""
    if opened.state is TrolleyState.REVIEW:
        opened.state = TrolleyState.SHOPPING
        reviewing.begin(session, opened, bench.device)
        return
    if bench.state_before is TrolleyState.REVIEW:
        handoffs.forget(session, opened)
    opened.version += 1
    notices.put(bench.device, wire.state_notice(opened.state))


def _note_incidents(session: Session, bench: Bench) -> None:
    """One row for all events of a kind that belong to one session."""
    seqs: dict[tuple[IncidentKind, int | None], list[int]] = defaultdict(list)
    for kind, session_id, event in bench.incidents:
        seqs[kind, session_id].append(event.s)
    for (kind, session_id), numbers in seqs.items():
        incidents.note(session, bench.device, kind, session_id=session_id, events=numbers)


def _end(session: Session, bench: Bench, opened: CartSession) -> None:
    outcome = bench.ends
    if outcome is None and opened.state is TrolleyState.PAID and is_unloaded(session, opened, bench.tare):
        outcome = SessionOutcome.PAID
    if outcome is not None:
        sessions.end(session, opened, bench.device, outcome=outcome)


_LIGHT_FOR = text("""
    WITH weighed AS (SELECT id, grams, created_at FROM device_events WHERE session_id = :session_id AND kind = 'w')
    SELECT EXTRACT(epoch FROM now() - min(created_at)) FROM weighed
    WHERE id > coalesce((SELECT max(id) FROM weighed WHERE grams > :limit), 0)
""").bindparams(bindparam("session_id"), bindparam("limit"))


def is_unloaded(session: Session, opened: CartSession, tare: int) -> bool:
    """Whether the scale of a trolley has been as good as empty for long enough. A step."""
    if opened.gross_grams is None or opened.gross_grams > tare + EMPTY_MARGIN_G:
        return False
    values = {"session_id": opened.id, "limit": tare + EMPTY_MARGIN_G}
    light_for = session.execute(_LIGHT_FOR, values).scalar_one()
    return light_for is not None and is_emptied(opened.gross_grams, tare, int(light_for))
