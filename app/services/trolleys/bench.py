"""What is known while a batch of events is worked through, all of it read before the first event is looked at.

Events change it in memory; what came of them is then written in one go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, bindparam, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.carts import LARGEST_QUANTITY, MOST_LINES
from app.domain.devices.answers import Standing
from app.domain.devices.events import Event
from app.domain.devices.lifecycle import CART_OPEN
from app.domain.devices.weights import Verdict, Watch, after_sample, after_time
from app.domain.devices.wire import MAX_INT
from app.domain.devices.words import EventKind, ResultCode
from app.domain.enums import AssistReason, IncidentKind, SessionOutcome, TrolleyState
from app.domain.enums import WeightState as State
from app.domain.minor_units import to_minor
from app.models import CartSession, Device, Trolley
from app.models.base import AnyRow
from app.services import locks
from app.services.trolleys import basket, batch_goods, calls, pairing, weighing
from app.services.trolleys.basket import LineNow, TrolleyFull
from app.services.trolleys.batch_goods import Found, Line

SLACK = timedelta(seconds=5)
"""How far before its session's beginning an event still counts for it: clocks tell whole seconds, answers take time."""

MOST_GRAMS = 1_000_000
"""No trolley carries more. Only a broken scale, or a forged event, says so."""


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the basket that an event makes."""

    product: AnyRow
    pieces: int
    grams: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event; it belongs to the session of that id, if to any."""

    code: ResultCode
    session_id: int | None = None
    quantity: int = 0
    unit_price: Decimal = NOTHING
    product_id: int | None = None
    move: Move | None = None


@dataclass(slots=True)
class Bench:
    """`since` is the number of the event with which the session began, 0 if before. `past` are earlier sessions.

    Gathered on the way: the calls and incidents to make, the samples to learn from and with which outcome the session
    ends.
    """

    device: Device
    now: int
    skew: int
    opened: CartSession | None = None
    scale_step: int = 1
    tare: int = 0
    state_before: TrolleyState | None = None
    version_before: int | None = None
    since: int = 0
    past: Sequence[AnyRow] = ()
    by_code: dict[str, Found] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    lines_before: dict[int, Line] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)
    watch_before: Watch = field(default_factory=Watch)
    is_age_checked: bool = False
    calls: set[AssistReason] = field(default_factory=set)
    incidents: list[tuple[IncidentKind, int | None, Event]] = field(default_factory=list)
    samples: list[tuple[AnyRow, int]] = field(default_factory=list)
    ends: SessionOutcome | None = None

    def at(self, event: Event) -> int:
        """When an event happened by our clock, in Unix seconds; a device that cannot tell sent it at once."""
        return min(event.time + self.skew, self.now) if event.time else self.now

    def has_news(self) -> bool:
        """Whether the shopper's app would show anything else than before."""
        is_other = self.watch.state is not self.watch_before.state
        return self.opened is not None and (is_other or self.opened.version != self.version_before)

    def is_plain(self) -> bool:
        """Whether the events change the basket or its weight, and nothing follows from that."""
        follows = self.calls or self.incidents or self.since or self.watch != self.watch_before
        return not follows and self.standing() is not None

    def standing(self) -> Standing | None:
        """How the trolley stands once all is written; None where more than these events decides that."""
        opened = self.opened
        if opened is None or self.ends or opened.state is not self.state_before or opened.state not in CART_OPEN:
            return None
        total = sum((line.quantity * line.unit_price for line in self.lines.values()), NOTHING)
        return Standing(
            last_seq=self.device.last_seq,
            session_id=opened.id,
            state=opened.state,
            units=sum(line.quantity for line in self.lines.values()),
            expected_g=opened.expected_grams,
            total=min(to_minor(total, settings().currency), MAX_INT),
        )

    def sees(self, verdict: Verdict, event: Event) -> None:
        """Take the weight state further by what the scale said."""
        self.turn(after_sample(self.watch, verdict, max(self.at(event), self.watch.since)))

    def turn(self, watch: Watch) -> None:
        """Go over to a weight state, and the session with it: the next event of the batch finds it there."""
        if self.opened is not None:
            weighing.follow(self.opened, self.watch, watch)
        self.watch = watch

    def line_after(self, move: Move) -> LineNow:
        """The line a move leads to. Raises NotInCart, TrolleyFull."""
        line = self.lines.get(move.product.id)
        after = basket.line_after(line, move.product, move.pieces, move.grams)
        full = after.quantity > LARGEST_QUANTITY or (line is None and len(self.lines) >= MOST_LINES)
        if move.pieces > 0 and (full or (after.weight_grams or 0) > MOST_GRAMS):
            raise TrolleyFull
        return after

    def put(self, move: Move, after: LineNow) -> None:
        """Change the basket as it is remembered here."""
        if after.quantity == 0:
            del self.lines[move.product.id]
        else:
            self.lines[move.product.id] = Line(move.product, after.quantity, after.weight_grams, after.unit_price)


_PLACE = select(Trolley.tare_grams, Trolley.scale_step_grams).where(Trolley.id == bindparam("trolley_id"))


def prepare(session: Session, device: Device, fresh: Sequence[Event], now: int, skew: int) -> Bench:
    """Lock the session of a locked device's trolley and read what the events are about. A step.

    Pressing the button of a trolley whose sticker number a shopper has typed begins a session, in the midst of a batch.
    """
    bench = Bench(device, now, skew)
    found = locks.session_with_scale(session, trolley_id=device.trolley_id) if device.trolley_id else None
    if found is not None:
        bench.opened, bench.tare, bench.scale_step = found
        bench.version_before = bench.opened.version
    else:
        _begin(session, bench, fresh)
    if bench.opened is not None:
        _read(session, bench, bench.opened, fresh)
    bench.past = _earlier(session, bench, fresh)
    return bench


def _begin(session: Session, bench: Bench, fresh: Sequence[Event]) -> None:
    pressed = next((event for event in fresh if event.kind is EventKind.HELP), None)
    if pressed is not None and bench.device.trolley_id is not None:
        session.add(bench.device)
        bench.opened = pairing.confirm_pending(session, bench.device)
        bench.since = pressed.s
        bench.tare, bench.scale_step = session.execute(_PLACE, {"trolley_id": bench.device.trolley_id}).one()


def _read(session: Session, bench: Bench, opened: CartSession, fresh: Sequence[Event]) -> None:
    bench.state_before = opened.state
    place = opened.stock_location_id
    codes = {event.code for event in fresh if event.code}
    bench.by_code, bench.lines = batch_goods.read(session, codes, cart_id=opened.cart_id, stock_location_id=place)
    bench.lines_before = dict(bench.lines)
    bench.watch = bench.watch_before = weighing.watch_of(session, opened)
    bench.turn(after_time(bench.watch, bench.at(fresh[0])))
    if any(found.product is not None and found.product.age_limit for found in bench.by_code.values()):
        bench.is_age_checked = calls.was_accepted(session, opened, AssistReason.AGE_CHECK)


_PAST = (
    select(CartSession.id, CartSession.opened_at, CartSession.closed_at)
    .where(
        CartSession.trolley_id == bindparam("trolley_id", type_=BigInteger),
        CartSession.closed_at >= bindparam("first", type_=DateTime(timezone=True)),
        CartSession.opened_at <= bindparam("last", type_=DateTime(timezone=True)) + SLACK,
    )
    .order_by(CartSession.id.desc())
)


def _earlier(session: Session, bench: Bench, fresh: Sequence[Event]) -> Sequence[AnyRow]:
    """The closed sessions that events from before the present one may belong to."""
    old = [moment(bench.at(event)) for event in fresh if event.time and not _is_of(bench, event)]
    if not old or bench.device.trolley_id is None:
        return ()
    values = {"trolley_id": bench.device.trolley_id, "first": min(old), "last": max(old)}
    return session.execute(_PAST, values).all()


def owner(bench: Bench, event: Event) -> tuple[CartSession | None, int | None]:
    """The open session an event belongs to, or the id of the closed one it comes too late for."""
    if _is_of(bench, event):
        return bench.opened, None
    when = moment(bench.at(event))
    late = (row.id for row in bench.past if row.opened_at - SLACK <= when <= row.closed_at)
    return None, next(late, None) if event.time else None


def _is_of(bench: Bench, event: Event) -> bool:
    opened = bench.opened
    if opened is None or event.s < bench.since:
        return False
    return bool(bench.since) or not event.time or moment(bench.at(event)) >= opened.opened_at - SLACK


def moment(seconds: int) -> datetime:
    """Unix seconds as a moment."""
    return datetime.fromtimestamp(seconds, UTC)


def is_blocked(bench: Bench) -> bool:
    """Whether the weight forbids to pay."""
    return bench.watch.state in {State.MISMATCH, State.ASSIST}
