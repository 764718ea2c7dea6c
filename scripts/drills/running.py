"""How every drill runs: its promise in one line when it is broken, its figures in one table when it is kept."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence

from scripts.parts.child import PartFailed


class PromiseBroken(Exception):
    """What a drill is there to prove is not true; the message says what was found in one line."""


def run(drill: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    """The exit code of a drill: 0 when its promise was kept, 1 when it was not, 130 after Ctrl-C or SIGTERM."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        drill(options)
    except (PromiseBroken, PartFailed) as error:
        print(f"aisle: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\naisle: stopped before its end; what it started has ended too", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def say(line: str) -> None:
    """Progress, for somebody who waits."""
    print(line, flush=True)


def show(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """One table: the first column to the left, the figures to the right."""
    cells = [list(headings), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    cells.insert(1, ["-" * width for width in widths])
    print()
    for first, *rest in cells:
        print("  ".join((first.ljust(widths[0]), *map(str.rjust, rest, widths[1:]))))
    sys.stdout.flush()


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
