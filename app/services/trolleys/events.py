"""What a trolley scanned, weighed and was told by its buttons: each event exactly once (smart-cart.md, B.5).

One transaction with the device's row and its session locked: events that were answered before are answered again with
what is stored, new ones are decided in memory, stored with their results and then carried out.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.devices import events as rules
from app.domain.devices.answers import Result, events_answer
from app.domain.devices.events import Batch, Event
from app.domain.devices.wire import MAX_INT
from app.domain.devices.words import RefusalCode, ResultCode
from app.domain.enums import IncidentKind
from app.domain.minor_units import to_minor
from app.models import Device, DeviceEvent
from app.services import audit
from app.services.devices import standing
from app.services.devices.entering import SignedRequest, entered
from app.services.devices.refusals import DeviceRefusal
from app.services.trolleys import basket, consequences, incidents, maintenance, news
from app.services.trolleys.applying import apply
from app.services.trolleys.basket import Change
from app.services.trolleys.bench import Bench, Outcome, moment, prepare

Done = Sequence[tuple[Event, Outcome]]


def take(signed: SignedRequest) -> bytes:
    """Take a batch of events; the answer says what became of each and how the trolley stands.

    Raises DeviceRefusal: GAP where events are missing before it, CLASH where one differs from what was sent under its
    number before, which takes the trolley out of service; BadBody.
    """
    with entered(signed) as (session, device):
        batch = rules.parse_batch(signed.body)
        results = _again(session, device, [event for event in batch.events if event.s <= device.last_seq])
        _skip_lost(session, device, batch)
        bench = None
        if fresh := [event for event in batch.events if event.s > device.last_seq]:
            bench, new = _take(session, device, fresh, signed)
            results += new
        stands, told = standing.told(session, device, signed.moment, known=bench.standing() if bench else None)
        if bench and bench.opened is not None and bench.has_news():
            news.changed(session, bench.opened)
    return events_answer(signed.now, stands, results, told)


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


def _take(
    session: Session, device: Device, fresh: Sequence[Event], signed: SignedRequest
) -> tuple[Bench, list[Result]]:
    """Decide on new events, store them, carry them out. Answers how things are left, and the results."""
    bench = prepare(session, device, fresh, signed.now, _skew(device, signed))
    done = [(event, apply(bench, event)) for event in fresh]
    ids = _store(session, bench, done)
    device.last_seq = fresh[-1].s
    _move(session, bench, done, ids)
    consequences.carry_out(session, bench)
    return bench, [
        Result(event.s, outcome.code, outcome.quantity, _minor(outcome.unit_price)) for event, outcome in done
    ]


def _skew(device: Device, signed: SignedRequest) -> int:
    """Seconds to add to the device's clock: its signed request says what time it takes it to be."""
    is_signed = device.last_signed_at is not None and not (signed.authorization or "").startswith("Bearer")
    return signed.now - int(device.last_signed_at.timestamp()) if is_signed and device.last_signed_at else 0


_STORE = insert(DeviceEvent).returning(DeviceEvent.seq, DeviceEvent.id)


def _store(session: Session, bench: Bench, done: Done) -> dict[int, int]:
    """Write the events with their results, in one statement; answers their ids by number."""
    stored = session.connection().execute(_STORE, [_row(bench, event, outcome) for event, outcome in done])
    return {row.seq: row.id for row in stored}


def _row(bench: Bench, event: Event, outcome: Outcome) -> dict[str, Any]:
    return {
        "device_id": bench.device.id,
        "seq": event.s,
        "payload_hash": event.payload_hash,
        "kind": event.kind.value,
        "code": event.code,
        "grams": event.grams,
        "happened_at": moment(bench.at(event)) if event.time else None,
        "session_id": outcome.session_id,
        "product_id": outcome.product_id,
        "result": int(outcome.code),
        "quantity_now": outcome.quantity,
        "unit_price": outcome.unit_price,
    }


def _move(session: Session, bench: Bench, done: Done, ids: dict[int, int]) -> None:
    """Carry out what changes the basket."""
    opened = bench.opened
    if opened is None:
        return
    opened.last_event_at = func.now()
    moves = [(outcome.move, ids[event.s]) for event, outcome in done if outcome.move is not None]
    if moves:
        changes = [Change(move.product, move.pieces, move.grams, event_id) for move, event_id in moves]
        basket.move_all(session, opened, changes, lying=bench.lines_before)


def _minor(amount: Any) -> int:
    return min(to_minor(amount, settings().currency), MAX_INT)
