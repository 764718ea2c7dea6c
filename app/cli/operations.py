"""Running the shop: background work by hand, and proof that the books agree."""

import threading
from typing import Any

import click
from flask import Flask, current_app


@click.command("worker")
def worker_command() -> None:
    """Relay events and sweep payments until Ctrl-C, as the web processes do unless BACKGROUND_IN_PROCESS=false."""
    from app.tasks import background

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    click.echo("Relaying events and sweeping payments; Ctrl-C stops.")
    background.run(app, threading.Event())


@click.command("sweep")
def sweep_command() -> None:
    """Finish or undo payments that were left open: one pass."""
    from app.services.payments.sweeper import sweep

    _print_counts(sweep() or {})


@click.command("invariants")
def invariants_command() -> None:
    """Count what must never be: stock, orders and ledger that disagree. Exit code 1 when anything is found."""
    from app.services import invariants

    found = invariants.violations()
    _print_counts(found)
    if any(found.values()):
        raise click.ClickException("the books do not agree; the counts above say where.")
    click.echo("The books agree.")


def _print_counts(counts: dict[str, Any]) -> None:
    width = max((len(name) for name in counts), default=0)
    for name, count in counts.items():
        click.echo(f"{name:<{width}}  {count}")


commands: tuple[click.Command, ...] = (worker_command, sweep_command, invariants_command)
