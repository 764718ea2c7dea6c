"""What each kind of event does to a trolley (smart-cart.md, B.5): decided in memory, on what `bench` has read."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from app.config import settings
from app.domain.devices.events import Event
from app.domain.devices.lifecycle import CART_OPEN, CartMove, after
from app.domain.devices.weights import Verdict, after_help, check_basket, check_event
from app.domain.devices.words import EventKind, ResultCode
from app.domain.enums import AssistReason, IncidentKind, SessionOutcome, SoldBy, TrolleyState
from app.domain.enums import WeightState as State
from app.domain.minor_units import from_minor
from app.models import CartSession
from app.models.base import AnyRow
from app.services.trolleys import weighing
from app.services.trolleys.basket import NotInCart, TrolleyFull
from app.services.trolleys.batch_goods import Found
from app.services.trolleys.bench import MOST_GRAMS, Bench, Move, Outcome, is_blocked, owner

_CHANGES = {EventKind.ADD, EventKind.REMOVE, EventKind.PRODUCE}
_WEIGHED_IN = {TrolleyState.SHOPPING, TrolleyState.REVIEW, TrolleyState.ASSIST}


def apply(bench: Bench, event: Event) -> Outcome:
    """What becomes of an event; the bench is as it leaves things."""
    opened, late_for = owner(bench, event)
    if opened is None or bench.ends is SessionOutcome.LEFT:
        return _outside(bench, event, late_for)
    outcome = _of_session(bench, opened, event)
    return replace(outcome, session_id=opened.id)


def _outside(bench: Bench, event: Event, late_for: int | None) -> Outcome:
    """An event of a closed session comes too late; one of no session is told so. A lid opened then is an incident."""
    if event.kind is EventKind.TAMPER and event.grams == 0:
        bench.incidents.append((IncidentKind.TAMPER, late_for, event))
    if late_for is None:
        return Outcome(ResultCode.NO_SESSION)
    if event.kind in _CHANGES:
        bench.incidents.append((IncidentKind.LATE_EVENT, late_for, event))
    return Outcome(ResultCode.LATE, late_for)


def _of_session(bench: Bench, opened: CartSession, event: Event) -> Outcome:
    if event.kind in _CHANGES:
        if opened.state is TrolleyState.PAID:
            bench.incidents.append((IncidentKind.LATE_EVENT, opened.id, event))
            return Outcome(ResultCode.LATE)
        if opened.state not in CART_OPEN:
            return Outcome(ResultCode.LOCKED)
    return _KINDS[event.kind](bench, opened, event)


def _scan(bench: Bench, opened: CartSession, event: Event) -> Outcome:
    found = bench.by_code.get(event.code)
    if found is None or found.product is None:
        return Outcome(ResultCode.UNKNOWN_PRODUCT)
    product = found.product
    if not product.is_sold:
        return Outcome(ResultCode.NOT_SOLD_HERE, product_id=product.id)
    grams = _net_grams(found, product, event.grams)
    if grams is not None and not 0 < grams <= MOST_GRAMS:
        return Outcome(ResultCode.NEEDS_GRAMS, product_id=product.id)
    return _changed(bench, opened, event, Move(product, 1, grams or 0), ResultCode.OK)


def _remove(bench: Bench, opened: CartSession, event: Event) -> Outcome:
    found = bench.by_code.get(event.code)
    if found is None or found.product is None:
        return Outcome(ResultCode.UNKNOWN_PRODUCT)
    product = found.product
    line = bench.lines.get(product.id)
    if line is None:
        return Outcome(ResultCode.NOT_IN_CART, product_id=product.id)
    grams = _net_grams(found, product, -event.grams)
    if grams is not None and not 0 < grams <= MOST_GRAMS:
        return Outcome(ResultCode.NEEDS_GRAMS, product_id=product.id)
    if grams is not None and line.weight_grams is not None:
        grams = _all_of_it(grams, line.weight_grams, bench.scale_step)
    return _changed(bench, opened, event, Move(product, -1, -(grams or 0)), ResultCode.REMOVED)


def _net_grams(found: Found, product: AnyRow, measured: int) -> int | None:
    """The grams of something sold by weight: as its label says, else as measured. None for what is sold by piece.

    A label that carries a price means as many whole grams as come nearest to it.
    """
    if product.sold_by is not SoldBy.WEIGHT:
        return None
    told = found.scanned
    if told.price is not None and product.price > 0:
        kilograms: Decimal = from_minor(told.price, settings().currency) / product.price
        return round(kilograms * 1000)
    return told.grams if told.grams is not None else measured


def _all_of_it(grams: int, lying: int, scale_step: int) -> int:
    """The grams to take out: the whole line where the scale is off by no more than it may be."""
    return lying if abs(grams - lying) <= weighing.weighed(lying, scale_step).tolerance else grams


def _changed(bench: Bench, opened: CartSession, event: Event, move: Move, code: ResultCode) -> Outcome:
    product = move.product
    try:
        line = bench.line_after(move)
    except NotInCart:
        return Outcome(ResultCode.NOT_IN_CART, product_id=product.id)
    except TrolleyFull:
        return Outcome(ResultCode.LOCKED, product_id=product.id)
    bench.put(move, line)
    if _weigh_scan(bench, event, move) is Verdict.FAILS:
        code = ResultCode.WEIGHT_MISMATCH
    if move.pieces > 0 and product.age_limit and not bench.is_age_checked:
        opened.needs_check = True
        bench.calls.add(AssistReason.AGE_CHECK)
        code = ResultCode.CHECK_NEEDED
    return Outcome(code, quantity=line.quantity, unit_price=line.unit_price, product_id=product.id, move=move)


def _weigh_scan(bench: Bench, event: Event, move: Move) -> Verdict:
    """Whether the scale agrees with a scan. A first failure raises suspicion; only the whole basket ends it."""
    by_weight = move.product.sold_by is SoldBy.WEIGHT
    step = bench.scale_step
    unit = weighing.weighed(abs(move.grams), step) if by_weight else weighing.unit_of(move.product, step)
    verdict = check_event(event.grams, move.pieces, unit)
    if verdict is Verdict.FAILS and bench.watch.state is State.OK:
        bench.sees(verdict, event)
    if verdict is Verdict.FITS and not by_weight:
        bench.samples.append((move.product, abs(event.grams)))
    return verdict


def _weigh(bench: Bench, opened: CartSession, event: Event) -> Outcome:
    opened.gross_grams = bench.device.gross_grams = event.grams
    if opened.state not in _WEIGHED_IN:
        return Outcome(ResultCode.OK)
    lines = weighing.basket(bench.lines.values(), bench.scale_step)
    verdict = check_basket(event.grams, opened.baseline_grams, lines)
    bench.sees(verdict, event)
    return Outcome(ResultCode.WEIGHT_MISMATCH if verdict is Verdict.FAILS else ResultCode.OK)


def _help(bench: Bench, opened: CartSession, event: Event) -> Outcome:
    """The press that began the session asks for nobody."""
    if event.s != bench.since:
        bench.calls.add(AssistReason.HELP)
        if opened.state in _WEIGHED_IN:
            bench.turn(after_help(bench.watch, bench.at(event)))
    return Outcome(ResultCode.OK)


def _finish(bench: Bench, opened: CartSession, _event: Event) -> Outcome:
    """To the review, unless the cart is empty or the weight does not fit; once there, again is as good as once."""
    if opened.state is TrolleyState.REVIEW:
        return Outcome(ResultCode.OK)
    if opened.state is TrolleyState.PAID:
        return Outcome(ResultCode.LATE)
    if after(CartMove.REVIEW, opened.state) is not TrolleyState.REVIEW:
        return Outcome(ResultCode.LOCKED)
    if is_blocked(bench):
        return Outcome(ResultCode.WEIGHT_MISMATCH)
    if not bench.lines:
        return Outcome(ResultCode.NOT_IN_CART)
    opened.state = TrolleyState.REVIEW
    return Outcome(ResultCode.OK)


def _tamper(bench: Bench, opened: CartSession, event: Event) -> Outcome:
    """A weight nobody scanned counts against the basket like a sample; without one the lid or the device was opened."""
    if event.grams == 0:
        bench.incidents.append((IncidentKind.TAMPER, opened.id, event))
        bench.calls.add(AssistReason.TAMPER)
        return Outcome(ResultCode.OK)
    if opened.state is TrolleyState.PAID and event.grams > 0:
        bench.incidents.append((IncidentKind.LATE_EVENT, opened.id, event))
        return Outcome(ResultCode.LATE)
    if opened.state not in _WEIGHED_IN:
        return Outcome(ResultCode.OK)
    bench.sees(Verdict.FAILS, event)
    return Outcome(ResultCode.WEIGHT_MISMATCH)


def _dock(bench: Bench, opened: CartSession, _event: Event) -> Outcome:
    """Put back: the end of a walk that is paid, or of one on which nothing was bought."""
    if opened.state is TrolleyState.PAID:
        bench.ends = SessionOutcome.PAID
        return Outcome(ResultCode.OK)
    if after(CartMove.RETURN, opened.state) is not TrolleyState.IDLE:
        return Outcome(ResultCode.LOCKED)
    if not bench.lines:
        bench.ends = SessionOutcome.LEFT
    return Outcome(ResultCode.OK)


_KINDS: dict[EventKind, Callable[[Bench, CartSession, Event], Outcome]] = {
    EventKind.ADD: _scan,
    EventKind.REMOVE: _remove,
    EventKind.WEIGHT: _weigh,
    EventKind.PRODUCE: _scan,
    EventKind.HELP: _help,
    EventKind.FINISH: _finish,
    EventKind.TAMPER: _tamper,
    EventKind.DOCKED: _dock,
}
