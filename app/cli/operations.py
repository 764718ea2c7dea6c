"""Running the shop: background work by hand, and proof that the books agree."""

import signal
import threading

import click
from flask import current_app

from app.services import invariants
from app.services.catalog.price_sweep import sweep_prices
from app.services.payments.sweeper import sweep
from app.services.shop_orders.canceling import cancel_unanswered
from app.services.trolleys import sweeping
from app.services.wallets.maturing import mature_due
from app.tasks import background


@click.command("worker")
def worker_command() -> None:
    """Relay events and sweep payments until Ctrl-C, as the web processes do unless BACKGROUND=off."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    click.echo("Relaying events and sweeping payments; Ctrl-C stops.")
    background.run(current_app._get_current_object(), stop)  # type: ignore[attr-defined]


@click.command("sweep")
def sweep_command() -> None:
    """Finish or undo open payments, orders and trolleys, let prices follow their sales, earnings mature: one pass."""
    more = {"prices": sweep_prices(), "matured_orders": mature_due(), "unanswered_orders": cancel_unanswered()}
    _print_counts(sweep() | more | sweeping.sweep())


@click.command("invariants")
def invariants_command() -> None:
    """Count what must never be: stock, orders and ledger that disagree. Exit code 1 when anything is found."""
    found = invariants.violations()
    _print_counts(found)
    if any(found.values()):
        raise click.ClickException("the books do not agree; the counts above say where.")
    click.echo("The books agree.")


def _print_counts(counts: dict[str, int]) -> None:
    width = max((len(name) for name in counts), default=0)
    for name, count in counts.items():
        click.echo(f"{name:<{width}}  {count}")


commands: tuple[click.Command, ...] = (worker_command, sweep_command, invariants_command)
