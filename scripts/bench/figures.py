"""What a case hands over: one figure, what it is held to, and the loads it comes from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Promise:
    """A target: at least or at most `value`."""

    value: float
    at_most: bool = False

    def is_kept(self, measured: float) -> bool:
        return measured <= self.value if self.at_most else measured >= self.value

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.value:g}"


def at_least(value: float) -> Promise:
    """A promise of no less."""
    return Promise(value)


def at_most(value: float) -> Promise:
    """A promise of no more."""
    return Promise(value, at_most=True)


@dataclass(frozen=True)
class Measured:
    """One side of a comparison under load: medians over the rounds. Times in milliseconds, CPU per request."""

    rate: float
    """Requests per second."""
    p50_ms: float
    p99_ms: float
    app_ms: float
    """CPU time of the web processes."""
    database_ms: float
    """CPU time of PostgreSQL's processes."""
    answers: int
    """Requests answered in all rounds."""


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    case: str
    """The name for `--only`."""
    title: str
    value: float
    unit: str
    """`x floor` for a share of the floor's rate, else what `value` counts: ms, s, MiB, x, share."""
    promise: Promise | None = None
    spread: tuple[float, float] | None = None
    """The least and the most of the rounds."""
    ours: Measured | None = None
    floor: Measured | None = None
    statements: float | None = None
    """SQL statements that one request of ours sends."""
    more: Mapping[str, float] = field(default_factory=dict)
    """Further numbers worth keeping, by name with unit."""

    @property
    def verdict(self) -> str:
        """`met`, `MISSED`, or nothing where nothing is promised."""
        if self.promise is None:
            return ""
        return "met" if self.promise.is_kept(self.value) else "MISSED"

    def as_json(self) -> dict[str, Any]:
        """Without what the case has none of."""
        values = {name: value for name, value in asdict(self).items() if value not in (None, {})}
        if self.promise:
            values["promise"] = str(self.promise)
            values["met"] = self.verdict == "met"
        return values
