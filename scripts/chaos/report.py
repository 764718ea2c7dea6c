"""The figures of a run as one table."""

from typing import Any

from scripts.chaos.checks import KINDS, Findings
from scripts.chaos.kills import Killer
from scripts.chaos.record import Record
from scripts.drills.running import show


def tell(
    record: Record, killer: Killer, books: dict[str, Any], found: Findings, *, settled: float, seconds: float
) -> None:
    """Print what was done, what went wrong on the way, and what does not agree."""
    rows: list[tuple[str, object]] = [("checkouts", record.done), ("orders acknowledged", len(record.bought))]
    rows += sorted(record.counts.items())
    rows += [("requests repeated: " + why, times) for why, times in sorted(record.unanswered.items()) if times]
    rows += [("killed: " + kind, times) for kind, times in sorted(killer.done.items())]
    rows += [("provider: " + what, times) for what, times in sorted(books["mischief"].items()) if times]
    rows += [("payments at the provider", len(books["intents"]))]
    rows += [(kind, found.counts[kind]) for kind in KINDS]
    rows += [("longest recovery of the database s", max(killer.outages, default=0.0))]
    rows += [("settled within s", settled), ("seconds in all", seconds)]
    show(("what", "figure"), rows)
