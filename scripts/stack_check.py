"""What `scripts/stack.py --check` does: journeys through the whole stack, then what they must have left behind."""

import math
import time

from app.services import invariants
from scripts.dashboard_queries import dashboard_queries
from scripts.demo_person import JourneyEnded
from scripts.drills.running import PromiseBroken, say
from scripts.parts.child import await_that
from scripts.stack_journeys import Journey, mistakes, shoppers, told, trolleys, vendor
from scripts.stack_parts import Stack

JOURNEYS: tuple[tuple[str, Journey], ...] = (
    ("shoppers", shoppers),
    ("a vendor", vendor),
    ("trolleys", trolleys),
    ("mistakes", mistakes),
)
PATIENCE = 60.0
RATE_INTERVAL = "1m"

Row = tuple[str, str]


def check(stack: Stack) -> None:
    """Print one table of what was found. Raises PromiseBroken with the first thing that is not as it must be."""
    began = time.time()
    await_that(lambda: stack.prometheus.targets_up() == len(stack.webs), "Prometheus reaches both web machines")
    rows = [_walked(stack, name, journey) for name, journey in JOURNEYS]
    rows += [_settled(stack), _books(stack)]
    _count(stack)
    rows += [_dashboard(stack, began), *_servers(stack)]
    say("")
    for what, found in (("what", "found"), ("-" * 12, "-" * 60), *rows):
        say(f"{what:<12}  {found}")


def _walked(stack: Stack, name: str, journey: Journey) -> Row:
    began = time.monotonic()
    say(f"{name} ...")
    try:
        ended = told(journey, stack.balancer.url, stack.folder)
    except JourneyEnded as error:
        raise PromiseBroken(f"the journey of {name} ended early: {error}") from error
    return name, f"{ended} ({time.monotonic() - began:.0f} s)"


def _settled(stack: Stack) -> Row:
    """Wait until Celery has acted on every event."""
    say("the outbox, which Celery empties ...")
    began, primary = time.monotonic(), stack.databases.primary
    pending = "SELECT count(*) FROM outbox WHERE done_at IS NULL"
    await_that(lambda: primary.ask(pending) == 0, "Celery empties the outbox", PATIENCE)
    events = primary.ask("SELECT count(*) FROM outbox")
    calls = stack.worker.done()
    handled = calls.get("aisle.handle", 0)
    if handled < events:
        raise PromiseBroken(f"of {events} events Celery was given {handled}")
    return "outbox", f"{events} events acted on by Celery, empty after {time.monotonic() - began:.1f} s"


def _books(stack: Stack) -> Row:
    say("the books ...")
    found = stack.inside(invariants.violations)
    broken = ", ".join(f"{name} {count}" for name, count in found.items() if count)
    if broken:
        raise PromiseBroken(f"the books do not agree: {broken}")
    return "invariants", f"{len(found)} rules, no row breaks one"


def _count(stack: Stack) -> None:
    """Have the figures counted now that are counted once a minute, and wait until both web machines tell them."""
    say("the figures ...")
    stack.databases.primary.ask("UPDATE counted_figures SET next_at = now() RETURNING 1")
    began = time.monotonic()
    stack.worker.call("aisle.figures", "aisle.chores")
    await_that(lambda: _oldest_figures(stack) < time.monotonic() - began, "the figures are counted", PATIENCE)


def _oldest_figures(stack: Stack) -> float:
    ages = stack.prometheus.ask("aisle_counted_age_seconds")
    return max(ages.values()) if len(ages) == len(stack.webs) else math.inf


def _dashboard(stack: Stack, began: float) -> Row:
    """Every expression of the dashboard, over the time of the check as Grafana asks: each must have said a number."""
    say("the dashboard ...")
    queries = [query.expression for query in dashboard_queries(RATE_INTERVAL)]
    silent = [query for query in queries if not _says_something(stack.prometheus.ask_since(query, began))]
    if silent:
        raise PromiseBroken("the dashboard shows nothing for: " + "; ".join(silent))
    loud = ", ".join(stack.prometheus.alerts()) or "none"
    return (
        "dashboard",
        f"{len(queries)} queries, data for each; {stack.prometheus.rules()} rules loaded, alerts: {loud}",
    )


def _says_something(series: dict[str, list[float]]) -> bool:
    return any(not math.isnan(value) for values in series.values() for value in values)


def _servers(stack: Stack) -> list[Row]:
    """What each server did. Raises PromiseBroken when one had nothing to do."""
    asked = stack.prometheus.ask("sum by (instance) (flask_http_request_total)")
    readers = stack.prometheus.ask("sum by (server) (aisle_reading_requests_total)")
    replica = readers.get("server=replica", 0)
    if len(asked) < len(stack.webs) or not replica:
        raise PromiseBroken(f"not everybody had work: requests {asked}, reads {readers}")
    behind = stack.databases.primary.ask("SELECT max(replay_lag) FROM pg_stat_replication")
    tasks = sum(stack.worker.done().values())
    return [
        (
            "web machines",
            f"{' + '.join(f'{count:.0f}' for count in asked.values())} requests, each to the next in turn",
        ),
        ("replica", f"{replica:.0f} of {sum(readers.values()):.0f} reading requests; {behind or 'nothing'} behind"),
        ("Celery", f"{tasks} tasks"),
    ]
