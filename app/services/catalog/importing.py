"""Importing a catalog file: read, check, write in batches, each a transaction of its own (docs/import-catalog.md)."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import select

from app.domain.enums import LocationKind
from app.domain.import_rows import ImportRow, RowFault
from app.errors import DomainError
from app.models import StockLocation
from app.services import audit, locks
from app.services.catalog import importing_writes, vocabulary
from app.services.catalog.importing_files import CatalogFile, DamagedFile, NumberedRow
from app.services.catalog.importing_writes import Known, Rules
from app.transaction import retried, transaction

BATCH = 2000
_SKU_TAKEN = "the SKU GTIN-<barcode> belongs to another product"
_TWICE = "the barcode came up earlier in this file"
_SAME_PRODUCT = "another barcode of the same product came up earlier in this file"


class UnknownBranch(DomainError):
    code = "UNKNOWN_BRANCH"
    message = "There is no branch with this id; choose a store or warehouse for the opening stock."


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was skipped, or (`skipped` false) a value that was left out of a row that stands."""

    line: int
    code: str
    reason: str
    skipped: bool


@dataclass(slots=True)
class Outcome:
    """What an import came to, in rows; `damage` says where the file broke off, if it did."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    without_price: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    damage: str | None = None


def import_catalog(
    file: CatalogFile,
    *,
    name: str,
    rules: Rules,
    dry_run: bool,
    outcome: Outcome,
    on_problem: Callable[[Problem], None],
    on_progress: Callable[[int], None],
) -> None:
    """Bring the supermarket's own range in line with a file; the same file again changes nothing.

    `outcome` is kept up to date after every batch, so that it is right even when the import is interrupted: finished
    batches stay. `on_progress` is told the bytes of the stored file read so far. Raises UnknownBranch.
    """
    _check_branch(rules)
    run = _Import(rules, dry_run, outcome, on_problem)
    for batch in _batches(file, outcome):
        run.take(batch)
        on_progress(file.bytes_read())
    if dry_run:
        return
    with transaction() as session:
        vocabulary.rebuild(session)
        audit.record(session, entity_type="catalog", action="IMPORT", new=_counts(outcome), context={"file": name})


def _check_branch(rules: Rules) -> None:
    if rules.branch_id is None:
        return
    wanted = select(StockLocation.id).where(
        StockLocation.id == rules.branch_id, StockLocation.kind != LocationKind.SHOP
    )
    with transaction() as session:
        if session.execute(wanted).scalar_one_or_none() is None:
            raise UnknownBranch


def _batches(file: CatalogFile, outcome: Outcome) -> Iterator[list[NumberedRow]]:
    """The rows in lists of at most BATCH; where the file is damaged, what came before it."""
    rows = _until_damage(file, outcome)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _until_damage(file: CatalogFile, outcome: Outcome) -> Iterator[NumberedRow]:
    try:
        yield from file.rows()
    except DamagedFile as damage:
        outcome.damage = str(damage)


def _counts(outcome: Outcome) -> dict[str, int]:
    return {
        "rows": outcome.rows,
        "created": outcome.created,
        "updated": outcome.updated,
        "skipped": outcome.skipped.total(),
    }


class _Import:
    """What an import remembers from batch to batch: the barcodes seen, about 70 bytes each."""

    def __init__(self, rules: Rules, dry_run: bool, outcome: Outcome, on_problem: Callable[[Problem], None]) -> None:
        self.rules, self.dry_run = rules, dry_run
        self.outcome, self.on_problem = outcome, on_problem
        self.seen_gtins: set[int] = set()
        self.seen_products: set[int] = set()  # only those with several barcodes

    def take(self, batch: list[NumberedRow]) -> None:
        """Write one batch in one transaction, then count and report it."""
        valid = self._valid(batch)
        known, again, written = retried(lambda: self._write(valid))
        self.seen_products |= {found.product_id for found in known.values() if found.has_more_gtins}
        refused = dict.fromkeys(again, _SAME_PRODUCT)
        refused |= dict.fromkeys(valid.keys() - known.keys() - written.made.keys(), _SKU_TAKEN)
        for gtin, reason in refused.items():
            self._skip(valid[gtin][0], reason)
        for gtin in valid.keys() - refused.keys():
            self._note_left_out(*valid[gtin])
        self.outcome.rows += len(batch)
        self.outcome.created += len(written.made)
        self.outcome.updated += written.updated
        self.outcome.unchanged += len(known) - len(again) - written.updated
        self.outcome.without_price += sum(not is_active for is_active in written.made.values())

    def _valid(self, batch: list[NumberedRow]) -> dict[str, tuple[NumberedRow, ImportRow]]:
        """The good rows by GTIN; of rows with one GTIN the first counts, here and in the whole file."""
        valid: dict[str, tuple[NumberedRow, ImportRow]] = {}
        for row in batch:
            if isinstance(row.content, RowFault):
                self._skip(row, str(row.content))
            elif int(row.content.gtin) in self.seen_gtins:
                self._skip(row, _TWICE)
            else:
                self.seen_gtins.add(int(row.content.gtin))
                valid[row.content.gtin] = row, row.content
        return valid

    def _write(
        self, valid: dict[str, tuple[NumberedRow, ImportRow]]
    ) -> tuple[dict[str, Known], set[str], importing_writes.Written]:
        """(products the shop had, GTINs of products that came up before, what was written)."""
        with transaction() as session:
            locks.catalog_import(session)
            known = importing_writes.known_products(session, list(valid))
            again = self._again([(gtin, known[gtin]) for gtin in valid if gtin in known])
            rows = [(row, known.get(gtin)) for gtin, (_, row) in valid.items() if gtin not in again]
            written = importing_writes.write(session, rows, self.rules)
            if self.dry_run:  # everything was written, so every count is right; nothing of it stays
                session.rollback()
        return known, again, written

    def _again(self, found: list[tuple[str, Known]]) -> set[str]:
        """The GTINs whose product came up earlier in the file under another of its barcodes."""
        seen, again = set(self.seen_products), set()
        for gtin, product in found:
            if product.has_more_gtins and product.product_id in seen:
                again.add(gtin)
            seen.add(product.product_id)
        return again

    def _skip(self, row: NumberedRow, reason: str) -> None:
        self.outcome.skipped[reason] += 1
        self.on_problem(Problem(row.line, row.code, reason, skipped=True))

    def _note_left_out(self, row: NumberedRow, content: ImportRow) -> None:
        for reason in content.left_out:
            self.outcome.left_out[reason] += 1
            self.on_problem(Problem(row.line, row.code, reason, skipped=False))
