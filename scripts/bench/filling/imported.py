"""A catalog file instead of products made up, by the shop's own importer."""

from decimal import Decimal
from pathlib import Path

from app.services.catalog.importing import Outcome, import_catalog
from app.services.catalog.importing_files import CatalogFile, UnusableFile
from app.services.catalog.importing_writes import Rules
from scripts.drills.running import PromiseBroken, say

_PRICE = Decimal("9.90")


def take_in(path: Path) -> None:
    """Import a file, in an application context. Raises PromiseBroken when it cannot be used."""
    outcome = Outcome()
    try:
        file = CatalogFile(path)
    except UnusableFile as error:
        raise PromiseBroken(f"{path}: {error}") from None
    try:
        import_catalog(
            file,
            name=path.name,
            rules=Rules(default_price=_PRICE),
            dry_run=False,
            outcome=outcome,
            on_problem=lambda _problem: None,
            on_progress=lambda _position: None,
        )
    finally:
        file.close()
    if not outcome.created:
        raise PromiseBroken(f"{path}: there is no product in it")
    say(f"{outcome.created:,} products of {outcome.rows:,} rows")
