"""Sides in turn, round after round: what the machine does meanwhile falls on all of them alike."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scripts.bench.figures import Figure, Measured, Promise
from scripts.bench.processes import processor_seconds
from scripts.bench.stage import Stage
from scripts.bench.traffic import Load


@dataclass(frozen=True)
class Side:
    """One of the things compared: `run` does a round of it, on the web server of process `pid`, if on one.

    `prepare` comes before every round and is not measured.
    """

    run: Callable[[], Load]
    pid: int | None = None
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Round:
    """One round of one side, with the CPU seconds it took."""

    load: Load
    app_seconds: float
    database_seconds: float


def alternate(stage: Stage, sides: Mapping[str, Side]) -> dict[str, list[Round]]:
    """Warm every side up, then measure all of them in turn, `--rounds` times."""
    for side in sides.values():
        side.prepare()
        side.run()
    rounds: dict[str, list[Round]] = {name: [] for name in sides}
    for _ in range(stage.options.rounds):
        for name, side in sides.items():
            rounds[name].append(measured_round(stage, side))
    return rounds


def measured_round(stage: Stage, side: Side) -> Round:
    """One round with its CPU time."""
    side.prepare()
    pids = (side.pid, stage.database.pid)
    before = [processor_seconds(pid) if pid else 0.0 for pid in pids]
    load = side.run()
    after = [processor_seconds(pid) if pid else 0.0 for pid in pids]
    app, database = (now - then for now, then in zip(after, before, strict=True))
    return Round(load, app, database)


def summed_up(rounds: Sequence[Round]) -> Measured:
    """Medians over the rounds."""

    def median(value: Callable[[Round], float]) -> float:
        return statistics.median(value(one) for one in rounds)

    return Measured(
        rate=median(lambda one: one.load.rate),
        p50_ms=median(lambda one: one.load.percentile(50)),
        p99_ms=median(lambda one: one.load.percentile(99)),
        app_ms=median(lambda one: one.app_seconds / one.load.answered * 1000),
        database_ms=median(lambda one: one.database_seconds / one.load.answered * 1000),
        answers=sum(one.load.answered for one in rounds),
    )


def against_floor(
    case: str,
    title: str,
    rounds: Mapping[str, Sequence[Round]],
    promise: Promise | None = None,
    *,
    statements: float | None = None,
    ours: str = "ours",
    floor: str = "floor",
) -> Figure:
    """The rate of a side as a share of the floor's, round by round."""
    shares = [a.load.rate / b.load.rate for a, b in zip(rounds[ours], rounds[floor], strict=True)]
    return Figure(
        case=case,
        title=title,
        value=statistics.median(shares),
        unit="x floor",
        promise=promise,
        spread=(min(shares), max(shares)),
        ours=summed_up(rounds[ours]),
        floor=summed_up(rounds[floor]),
        statements=statements,
    )
