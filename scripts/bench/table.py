"""The figures on a terminal."""

from collections.abc import Sequence

from scripts.bench.figures import Figure, Measured
from scripts.drills.running import show

_HEADINGS = (
    *("", "measured", "", "target", "", "req/s", "floor", "p50 ms", "p99 ms"),
    *("app ms", "db ms", "floor ms", "SQL"),
)


def print_table(figures: Sequence[Figure]) -> None:
    """One line for each figure; what was not measured stays empty. The ms of app, database and floor are CPU time."""
    show(_HEADINGS, [_row(figure) for figure in figures])


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.title,
        _number(figure.value),
        figure.unit,
        str(figure.promise or ""),
        figure.verdict,
        *_load(figure.ours, figure.floor),
        "" if figure.statements is None else f"{figure.statements:g}",
    )


def _load(ours: Measured | None, floor: Measured | None) -> tuple[str, ...]:
    if ours is None:
        return ("",) * 7
    rate, beside = (f"{floor.rate:.0f}", _number(floor.app_ms + floor.database_ms)) if floor else ("", "")
    ours_ms = map(_number, (ours.p50_ms, ours.p99_ms, ours.app_ms, ours.database_ms))
    return (f"{ours.rate:.0f}", rate, *ours_ms, beside)


def _number(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
