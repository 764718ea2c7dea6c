"""What the scale says against what was scanned (smart-cart.md, B.6). Grams and seconds throughout.

`ok -> suspect -> mismatch -> assist`, and back to `ok` when the weight fits again or staff settle it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from app.domain.enums import WeightState

LEAST_TOLERANCE_G = 15
TOLERANCE_SHARE = 0.03
LEAST_BASKET_TOLERANCE_G = 30
SUSPECT_S = 10
SUSPECT_SAMPLES = 2
MISMATCH_S = 30
MISMATCHES_FOR_ASSIST = 3
SAMPLES_TO_LEARN = 30
LEARNED_DEVIATIONS = 3
"""A learned tolerance is three standard deviations: 997 of 1,000 honest units lie within."""


class Verdict(Enum):
    """UNWEIGHED: the product has no weight; UNKNOWN: the device could not measure."""

    FITS = "fits"
    FAILS = "fails"
    UNWEIGHED = "unweighed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UnitWeight:
    """One unit: what it should weigh and how far off it may be."""

    grams: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the basket; a line sold by weight is one unit of its net grams."""

    units: int
    unit: UnitWeight | None


@dataclass(frozen=True, slots=True)
class Learned:
    """Mean and spread of a product's accepted units so far, by Welford's method (`squares` is his M2)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def with_sample(self, grams: float) -> "Learned":
        """After one more accepted unit of that weight."""
        count = self.count + 1
        mean = self.mean + (grams - self.mean) / count
        return Learned(count, mean, self.squares + (grams - self.mean) * (grams - mean))

    @property
    def deviation(self) -> float:
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0


def tolerance(grams: float, scale_step: int) -> float:
    """How far one unit may be off: 15 g, 3 % of it or two steps of the scale, whichever is most."""
    return max(LEAST_TOLERANCE_G, TOLERANCE_SHARE * grams, 2 * scale_step)


def unit_weight(
    grams: int | None, scale_step: int, own_tolerance: int | None = None, learned: Learned | None = None
) -> UnitWeight | None:
    """What one unit should weigh; None for a product without weight. A product's own tolerance wins over every other.

    From 30 accepted samples on the learned mean and spread take the place of the label's weight and the general rule,
    never tighter than 15 g or two steps of the scale.
    """
    if grams is None:
        return None
    if learned is None or learned.count < SAMPLES_TO_LEARN:
        return UnitWeight(grams, own_tolerance if own_tolerance is not None else tolerance(grams, scale_step))
    spread = max(LEAST_TOLERANCE_G, LEARNED_DEVIATIONS * learned.deviation, 2 * scale_step)
    return UnitWeight(learned.mean, own_tolerance if own_tolerance is not None else spread)


def check_event(delta: int, units: int, unit: UnitWeight | None) -> Verdict:
    """Whether a scan's change of weight suits its units; both are negative for a removal; delta 0 is unknown."""
    if unit is None:
        return Verdict.UNWEIGHED
    if delta == 0:
        return Verdict.UNKNOWN
    off = abs(delta - units * unit.grams)
    return Verdict.FITS if off <= math.sqrt(abs(units)) * unit.tolerance else Verdict.FAILS


def expected_g(lines: Iterable[Line]) -> int:
    """What the weighed lines should weigh together."""
    return round(sum(line.units * line.unit.grams for line in lines if line.unit))


def check_basket(gross: int, tare: int, lines: Iterable[Line]) -> Verdict:
    """Whether the whole basket weighs what its lines say.

    With unweighed lines in it only too little can be told: UNWEIGHED means that it is at least not too light.
    """
    lines = list(lines)
    squares = sum(line.units * line.unit.tolerance**2 for line in lines if line.unit)
    allowed = max(LEAST_BASKET_TOLERANCE_G, math.sqrt(squares))
    off = gross - tare - sum(line.units * line.unit.grams for line in lines if line.unit)
    if any(line.unit is None for line in lines):
        return Verdict.UNWEIGHED if off >= -allowed else Verdict.FAILS
    return Verdict.FITS if abs(off) <= allowed else Verdict.FAILS


@dataclass(frozen=True, slots=True)
class Watch:
    """A session's weight state: since when (Unix seconds), failed samples in `suspect`, mismatches so far.

    `asked`: the shopper pressed help, so only staff end it.
    """

    state: WeightState = WeightState.OK
    since: int = 0
    failures: int = 0
    mismatches: int = 0
    asked: bool = False

    @property
    def blocks_checkout(self) -> bool:
        return self.state in {WeightState.MISMATCH, WeightState.ASSIST}


def after_sample(watch: Watch, verdict: Verdict, now: int) -> Watch:
    """The state after one check of the basket at `now`. UNWEIGHED says nothing against the shopper."""
    if verdict is Verdict.UNKNOWN:
        return after_time(watch, now)
    if verdict is not Verdict.FAILS:
        return watch if watch.asked or watch.state is WeightState.OK else _moved(watch, WeightState.OK, now)
    if watch.state is WeightState.OK:
        return _moved(watch, WeightState.SUSPECT, now)
    return after_time(replace(watch, failures=watch.failures + 1), now)


def after_time(watch: Watch, now: int) -> Watch:
    """The state when nothing new was measured by `now`: a failure that stands too long grows."""
    waited = now - watch.since
    if watch.state is WeightState.SUSPECT and (waited >= SUSPECT_S or watch.failures >= SUSPECT_SAMPLES):
        found = replace(watch, mismatches=watch.mismatches + 1)
        often = found.mismatches >= MISMATCHES_FOR_ASSIST
        return _moved(found, WeightState.ASSIST if often else WeightState.MISMATCH, now)
    if watch.state is WeightState.MISMATCH and waited >= MISMATCH_S:
        return _moved(watch, WeightState.ASSIST, now)
    return watch


def after_help(watch: Watch, now: int) -> Watch:
    """The state after the help button: assistance at once."""
    since = watch.since if watch.state is WeightState.ASSIST else now
    return replace(watch, state=WeightState.ASSIST, since=since, failures=0, asked=True)


def after_resolution(watch: Watch, now: int) -> Watch:
    """The state after staff settled it, whatever the outcome; the count of mismatches stays for the spot check."""
    return replace(_moved(watch, WeightState.OK, now), asked=False)


def _moved(watch: Watch, state: WeightState, now: int) -> Watch:
    return replace(watch, state=state, since=now, failures=0)
