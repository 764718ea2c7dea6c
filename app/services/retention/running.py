"""Deleting what the rules let go: a thousand rows at a time, each in a transaction of a few milliseconds."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import DBAPIError

from app.config import settings
from app.errors import NotFound
from app.services import locks
from app.services.privacy.erasing import scrub_left_overs
from app.services.retention.rules import RULES, Rule
from app.transaction import transaction

log = logging.getLogger("aisle.retention")

BATCH = 1000
DAILY_SECONDS = 20.0
"""What the daily pass takes at most, as other work waits for it; what it leaves is done the next day, or by
`flask retention run`, which takes the time it needs."""

Progress = Callable[[str, int], None]


class UnknownRule(NotFound):
    message = "There is no such rule."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule did: days kept, rows deleted (or to be deleted), and whether a failure of the database ended it."""

    name: str
    days: int
    rows: int
    has_failed: bool = False


def run(*, only: Sequence[str] = (), is_dry: bool = False, progress: Progress | None = None) -> Iterator[Outcome]:
    """Apply all rules, or those named, one after the other, and say of each what it did; `is_dry` only counts.

    `progress` is told the rule and its rows so far after each batch. A rule the database refuses is logged and the
    next one goes on. Raises UnknownRule.
    """
    rules = _named(only)
    return (_count(rule) if is_dry else _apply(rule, None, progress) for rule in rules)


def daily() -> int:
    """One pass over all rules within DAILY_SECONDS; answers how many rows went. Then what came late for the erased."""
    until = time.monotonic() + DAILY_SECONDS
    rows = sum(_apply(rule, until, None).rows for rule in RULES)
    scrub_left_overs()
    return rows


def _named(only: Sequence[str]) -> Sequence[Rule]:
    known = {rule.name: rule for rule in RULES}
    if unknown := [name for name in only if name not in known]:
        raise UnknownRule(f"There is no rule {unknown[0]!r}. The rules are: {', '.join(known)}.")
    return [known[name] for name in only] or RULES


def _before(rule: Rule) -> datetime:
    return datetime.now(UTC) - timedelta(days=rule.days(settings()))


def _count(rule: Rule) -> Outcome:
    with transaction() as session:
        found = locks.count_old(session, rule.rows, before=_before(rule))
    return Outcome(rule.name, rule.days(settings()), found)


def _apply(rule: Rule, until: float | None, progress: Progress | None) -> Outcome:
    rows, before = 0, _before(rule)
    since: datetime | None = None
    has_failed = False
    try:
        while until is None or time.monotonic() < until:
            gone = _delete_batch(rule, before, since)
            rows, since = rows + gone.rows, gone.reached
            if gone.rows < BATCH:
                break
            if progress:
                progress(rule.name, rows)
    except DBAPIError:
        log.exception("old rows could not be deleted", extra={"rule": rule.name})
        has_failed = True
    return Outcome(rule.name, rule.days(settings()), rows, has_failed)


def _delete_batch(rule: Rule, before: datetime, since: datetime | None) -> locks.Deleted:
    with transaction() as session:
        locks.limit_waits(session)
        return locks.delete_old(session, rule.rows, before=before, since=since, batch=BATCH)
