"""What a trolley scanned, weighed and was told by its buttons: each event exactly once (smart-cart.md, B.5).

One transaction with the device's row and its session locked: events that were answered before are answered again with
what is stored, new ones are decided in memory and then stored with all that comes of them, in one statement. Where
staff are called, or a review or a session begins or ends, more follows.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.devices import events as rules
from app.domain.devices.answers import Result, Standing, events_answer
from app.domain.devices.events import Batch, Event
from app.domain.devices.notices import Notice
from app.domain.devices.wire import MAX_INT
from app.domain.devices.words import RefusalCode, ResultCode
from app.domain.enums import IncidentKind
from app.domain.minor_units import to_minor
from app.models import Device, DeviceEvent
from app.services import audit
from app.services.devices import standing
from app.services.devices.entering import SignedRequest, entered_apart
from app.services.devices.refusals import DeviceRefusal
from app.services.trolleys import basket, consequences, incidents, maintenance, news, recording
from app.services.trolleys.applying import apply
from app.services.trolleys.bench import Bench, Outcome, prepare
from app.services.trolleys.recording import Done


def take(signed: SignedRequest) -> bytes:
    """Take a batch of events; the answer says what became of each and how the trolley stands.

    Raises DeviceRefusal: GAP where events are missing before it, CLASH where one differs from what was sent under its
    number before, which takes the trolley out of service; BadBody.
    """
    with entered_apart(signed) as (session, device):
        batch = rules.parse_batch(signed.body)
        results = _again(session, device, [event for event in batch.events if event.s <= device.last_seq])
        _skip_lost(session, device, batch)
        fresh = [event for event in batch.events if event.s > device.last_seq]
        bench = prepare(session, device, fresh, signed.now, _skew(device, signed)) if fresh else None
        done = [(event, apply(bench, event)) for event in fresh] if bench else []
        device.last_seq = max(device.last_seq, batch.events[-1].s)
        _count(bench, done)
        if bench is not None and bench.is_plain():
            stands, told = standing.told(session, device, signed.moment, known=bench.standing())
            recording.record(session, bench, done, is_all=True)
        else:
            stands, told = _carry_out(session, device, bench, done, signed)
    return events_answer(signed.now, stands, [*results, *map(_shown, done)], told)


def _count(bench: Bench | None, done: Done) -> None:
    """Note on the session what the moves of its basket come to."""
    moves = [outcome.move for _, outcome in done if outcome.move is not None]
    if bench is not None and bench.opened is not None and moves:
        basket.count(bench.opened, sum(basket.weight(move.product, move.pieces, move.grams) for move in moves))


def _shown(done: tuple[Event, Outcome]) -> Result:
    event, outcome = done
    return Result(event.s, outcome.code, outcome.quantity, _minor(outcome.unit_price))


def _carry_out(
    session: Session, device: Device, bench: Bench | None, done: Done, signed: SignedRequest
) -> tuple[Standing, tuple[Notice, ...]]:
    """Write events that lead to more than another basket, or to nothing new; how the trolley stands then."""
    session.add(device)
    if bench is None:
        return standing.told(session, device, signed.moment)
    recording.record(session, bench, done, is_all=False)
    if bench.opened is not None:
        session.add(bench.opened)
    consequences.carry_out(session, bench)
    stands = standing.told(session, device, signed.moment, known=bench.standing())
    if bench.opened is not None and bench.has_news():
        news.changed(session, bench.opened)
    return stands


_STORED = select(
    DeviceEvent.seq, DeviceEvent.payload_hash, DeviceEvent.result, DeviceEvent.quantity_now, DeviceEvent.unit_price
).where(
    DeviceEvent.device_id == bindparam("device_row"),
    DeviceEvent.seq == bindparam("seqs", type_=ARRAY(BigInteger)).any_(),
)


def _again(session: Session, device: Device, known: Sequence[Event]) -> list[Result]:
    """The results of events that were taken before. Those given up as lost have none: they are already known."""
    if not known:
        return []
    values = {"device_row": device.id, "seqs": [event.s for event in known]}
    stored = {row.seq: row for row in session.execute(_STORED, values)}
    if any(event.s in stored and stored[event.s].payload_hash != event.payload_hash for event in known):
        raise DeviceRefusal(RefusalCode.CLASH, aftermath=maintenance.after_clash(device), a=device.last_seq)
    return [_result(event.s, stored.get(event.s)) for event in known]


def _result(s: int, row: Any) -> Result:
    if row is None:
        return Result(s, ResultCode.ALREADY_KNOWN)
    return Result(s, ResultCode(row.result), row.quantity_now, _minor(row.unit_price))


def _skip_lost(session: Session, device: Device, batch: Batch) -> None:
    """Go on behind events that the device admits to have lost, noted for the staff. Raises DeviceRefusal GAP."""
    missing = rules.hole(batch, device.last_seq)
    if missing is not None:
        first, last = missing
        audit.record(
            session,
            entity_type="device",
            action="LOST_EVENTS",
            entity_id=device.id,
            old={"last_seq": device.last_seq},
            new={"last_seq": last},
        )
        incidents.note(session, device, IncidentKind.LOST_EVENTS, session_id=None, first=first, last=last)
        device.last_seq = last
    if batch.events[0].s > device.last_seq + 1:
        raise DeviceRefusal(RefusalCode.GAP, a=device.last_seq)


def _skew(device: Device, signed: SignedRequest) -> int:
    """Seconds to add to the device's clock: its signed request says what time it takes it to be."""
    is_signed = device.last_signed_at is not None and not (signed.authorization or "").startswith("Bearer")
    return signed.now - int(device.last_signed_at.timestamp()) if is_signed and device.last_signed_at else 0


def _minor(amount: Any) -> int:
    return min(to_minor(amount, settings().currency), MAX_INT)
