"""Filling the shop: a catalog file, or the demo shop."""

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
from psycopg import Error as DriverError
from sqlalchemy.exc import SQLAlchemyError

from app.cli.failures import first_line
from app.services.catalog.importing import Outcome, Problem, import_catalog
from app.services.catalog.importing_files import CatalogFile, UnusableFile
from app.services.catalog.importing_writes import Rules
from app.services.seed.history.making import seed_history
from app.services.seed.people import DEMO_USERS
from app.services.seed.shop import seed

_INTERRUPTED = 130  # the shell's exit code for Ctrl-C
_REASONS_SHOWN = 20


class Amount(click.ParamType):  # type: ignore[type-arg]  # not generic at run time in older releases
    """A sum of money above zero with at most two decimals."""

    name = "amount"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value} is not an amount such as 9.90", param, ctx)
        if not amount.is_finite() or not 0 < amount < 10**10 or amount != round(amount, 2):
            self.fail(f"{value} is not an amount above 0 with at most two decimals", param, ctx)
        return amount


@click.command("import-catalog")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--default-price", type=Amount(), help="Price of products that have none; they go on sale.")
@click.option("--category", default="Imported", show_default=True, help="Category of new products that name none.")
@click.option("--stock", type=click.IntRange(0, 1_000_000), default=0, help="Opening stock of each new product.")
@click.option("--branch", "branch_id", type=click.IntRange(min=1), help="Branch (id) that gets the opening stock.")
@click.option("--report", type=click.Path(path_type=Path), help="Write every skipped row to this CSV file.")
@click.option("--dry-run", is_flag=True, help="Check and count, but change nothing.")
def import_catalog_command(
    file: Path,
    default_price: Decimal | None,
    category: str,
    stock: int,
    branch_id: int | None,
    report: Path | None,
    dry_run: bool,
) -> None:
    """Import products from FILE: CSV or the Open Food Facts export, gzipped or not (docs/import-catalog.md)."""
    if bool(stock) != (branch_id is not None):
        raise click.UsageError("--stock and --branch go together.")
    if not 1 <= len(category.strip()) <= 128 or not category.isprintable():
        raise click.UsageError("--category must have 1 to 128 printable characters.")
    rules = Rules(category.strip(), default_price, stock, branch_id)
    outcome = Outcome()
    try:
        with _opened(file) as source, _reporting(report) as on_problem, _progress(source) as on_progress:
            _warn_of_ignored(source)
            import_catalog(
                source,
                name=file.name,
                rules=rules,
                dry_run=dry_run,
                outcome=outcome,
                on_problem=on_problem,
                on_progress=on_progress,
            )
    except KeyboardInterrupt:
        click.echo(f"\nStopped. {outcome.rows} rows are done and stay; run the command again to go on.", err=True)
        sys.exit(_INTERRUPTED)
    except (SQLAlchemyError, DriverError) as error:
        raise click.ClickException(f"After {outcome.rows} rows the database refused: {_reason(error)}") from None
    _summarise(outcome, report, dry_run)


@contextmanager
def _opened(path: Path) -> Iterator[CatalogFile]:
    try:
        source = CatalogFile(path)
    except UnusableFile as error:
        raise click.ClickException(f"{path}: {error}") from None
    try:
        yield source
    finally:
        source.close()


@contextmanager
def _reporting(path: Path | None) -> Iterator[Callable[[Problem], None]]:
    """A function that writes a problem to the report file, or does nothing without one."""
    if path is None:
        yield lambda _problem: None
        return
    try:
        stream = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: the report cannot be written: {error.strerror}") from None
    with stream:
        rows = csv.writer(stream)
        rows.writerow(("line", "code", "effect", "reason"))
        yield lambda problem: rows.writerow(
            (problem.line, problem.code, "row skipped" if problem.skipped else "value left out", problem.reason)
        )


@contextmanager
def _progress(source: CatalogFile) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, by bytes read; elsewhere one plain line."""
    length = max(source.size, 1)
    with click.progressbar(length=length, label="Importing", file=sys.stderr) as bar:

        def move_to(position: int) -> None:
            bar.update(position - bar.pos)

        yield move_to


def _warn_of_ignored(source: CatalogFile) -> None:
    if source.shape.ignored:
        click.echo(f"Columns that mean nothing here: {', '.join(source.shape.ignored)}", err=True)


def _reason(error: Exception) -> str:
    """What the driver says, without SQLAlchemy's words around it."""
    return first_line(getattr(error, "orig", None) or error)


def _summarise(outcome: Outcome, report: Path | None, dry_run: bool) -> None:
    done = "would be " if dry_run else ""
    click.echo(
        f"{outcome.rows} rows: {outcome.created} {done}created, {outcome.updated} {done}updated, "
        f"{outcome.unchanged} unchanged, {outcome.skipped.total()} skipped."
    )
    if outcome.without_price:
        click.echo(f"{outcome.without_price} new products are not on sale: most lack a price (see --default-price).")
    _print_reasons("Skipped", outcome.skipped)
    _print_reasons("Left out", outcome.left_out)
    if report and (outcome.skipped or outcome.left_out):
        click.echo(f"Line by line: {report}", err=True)
    if outcome.damage:
        raise click.ClickException(f"{outcome.damage}; the rows before it are {'good' if dry_run else 'imported'}.")


def _print_reasons(title: str, reasons: Counter[str]) -> None:
    for reason, count in reasons.most_common(_REASONS_SHOWN):
        click.echo(f"{title}: {count} x {reason}", err=True)


@click.command("seed")
@click.option("--history", is_flag=True, help="Also write sixty days of past orders, so that reports show something.")
def seed_command(history: bool) -> None:
    """Set up the demo shop, or add what it lacks: range, stock, slots and one user for each role."""
    try:
        added = seed()
        past_orders = seed_history() if history else 0
    except SQLAlchemyError as error:
        raise click.ClickException(f"The database refused: {_reason(error)}") from None
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in asdict(added).items())
    click.echo(f"Added {counts}.")
    if history:
        click.echo(f"Added {past_orders} past orders.")
    for person in DEMO_USERS:
        click.echo(f"{person.role:<8}  {person.email:<22}  {person.password}")


commands: tuple[click.Command, ...] = (import_catalog_command, seed_command)
