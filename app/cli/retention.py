"""Deleting what is old, by hand or by cron."""

import click

from app.services.retention import running
from app.services.retention.rules import RULES

_TOLD_EVERY = 10
_NAMES = ", ".join(rule.name for rule in RULES)


@click.group("retention")
def retention() -> None:
    """Delete what nobody needs for ever."""


@retention.command("run")
@click.option("--dry-run", "is_dry", is_flag=True, help="Count what would go, and delete nothing.")
@click.option("--only", metavar="NAME", multiple=True, help=f"One rule; may be repeated. The rules: {_NAMES}.")
def run_command(is_dry: bool, only: tuple[str, ...]) -> None:
    """Delete what is older than its setting KEEP_..._DAYS, a thousand rows at a time.

    Safe at any hour and beside itself: no row is held longer than some milliseconds, and what others hold is skipped.
    """
    click.echo(f"{'name':<20} {'kept days':>9} {'to delete' if is_dry else 'deleted':>10}")
    outcomes = []
    for outcome in running.run(only=only, is_dry=is_dry, progress=_tell):
        click.echo(f"{outcome.name:<20} {outcome.days:>9} {outcome.rows:>10}")
        outcomes.append(outcome)
    click.echo(f"{'in all':<20} {'':>9} {sum(outcome.rows for outcome in outcomes):>10}")
    if failed := [outcome.name for outcome in outcomes if outcome.has_failed]:
        raise click.ClickException(f"not finished, the log says why: {', '.join(failed)}.")


def _tell(name: str, rows: int) -> None:
    """Now and then on standard error, so that the table stays clean."""
    if rows % (_TOLD_EVERY * running.BATCH) == 0:
        click.echo(f"{name}: {rows} so far", err=True)


commands: tuple[click.Command, ...] = (retention,)
