"""`python -m scripts.bench`: fill a shop, measure it, print what came of it."""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from typing import Any

import psutil

from scripts.bench.cases.case import Case
from scripts.bench.cases.registry import ALL
from scripts.bench.chart import drawn
from scripts.bench.figures import Figure
from scripts.bench.growth import grown
from scripts.bench.options import GROWTH, Options, parsed
from scripts.bench.stage import Stage, open_stage, processors
from scripts.bench.table import print_table
from scripts.drills.running import PromiseBroken, run, say

_QUIET = 0.15
"""Of all processors: what a machine does when it has nothing to do."""


def main(arguments: list[str]) -> int:
    """The exit code: 0 also when targets are missed, unless `--strict`, as they hold for two cores."""
    options = parsed(arguments)
    if options is None:
        for case in ALL:
            print(f"{case.name:18}{case.about}")
        print(f"{GROWTH:18}what requests cost in a larger shop (only when asked for: --growth)")
        return 0
    figures: list[Figure] = []
    code = run(lambda _: figures.extend(measure(options)), argparse.Namespace())
    if code:
        return code
    return int(options.strict and any(figure.verdict == "MISSED" for figure in figures))


def measure(options: Options) -> list[Figure]:
    """All figures of a run, printed and written as asked for."""
    chosen = chosen_cases(options)
    with open_stage(options) as stage:
        busy = busy_before(options)
        figures = [figure for case in chosen for figure in measured(case, stage)]
        if options.grows:
            figures += grown(stage)
        print_table(figures)
        missed = sum(figure.verdict == "MISSED" for figure in figures)
        promised = sum(figure.promise is not None for figure in figures)
        print(f"\n{promised - missed} of {promised} targets met.")
        document = as_json(stage, figures, busy)
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    if options.chart:
        options.chart.write_text(drawn(figures, _subtitle(document)))
    return figures


def _subtitle(document: dict[str, Any]) -> str:
    shop, machine = document["shop"], document["machine"]
    return (
        f"{shop['products']:,} products, {shop['orders']:,} past orders, {machine['processors']} processors for load, "
        "web and PostgreSQL; medians of rounds in turn"
    )


def chosen_cases(options: Options) -> Sequence[Case]:
    """The cases of `--only`, or all. Raises PromiseBroken for a name that is none."""
    if unknown := set(options.only) - {case.name for case in ALL} - {GROWTH}:
        raise PromiseBroken(f"no such case: {', '.join(sorted(unknown))}; --list names them")
    return [case for case in ALL if not options.only or case.name in options.only]


def measured(case: Case, stage: Stage) -> list[Figure]:
    """What a case comes to."""
    say(f"measuring {case.about} ...")
    return case.run(stage)


def busy_before(options: Options) -> float:
    """The share of all processors that somebody else takes, while our servers wait for work; said where it counts."""
    share = float(psutil.cpu_percent(0.1 if options.is_short else 2)) / 100
    if share > _QUIET:
        say(f"{share:.0%} of the processors are busy with something else: figures will be worse than they could be")
    return share


def as_json(stage: Stage, figures: Sequence[Figure], busy: float) -> dict[str, Any]:
    """Everything, for a machine."""
    return {
        "machine": {"processors": processors(), "busy_before": busy, "python": platform.python_version()},
        "shop": {"products": stage.world.count, "orders": stage.world.orders},
        "rounds": stage.options.rounds,
        "seconds": stage.options.seconds,
        "connections": stage.options.connections,
        "figures": [figure.as_json() for figure in figures],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
