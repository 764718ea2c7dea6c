"""Setting the stock of many products at once from a CSV file, with a report on every row.

Rows are written in parts of 500, each in a transaction of its own: a refused row loses nothing, and a file that broke
off half-way can simply be sent again, as it says what is to be there and not what is to be added.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.stock_rows import REQUIRED, RefusedRow, StockRow, UnreadableFile, read_rows
from app.errors import DomainError
from app.models.base import AnyRow
from app.schemas.inventory import BulkFault, BulkOutcome, BulkReport
from app.services import audit, locks
from app.services.stock import changing
from app.services.stock.editing import change_of, facts, wanted_numbers
from app.services.stock.holding import Held, Place, held_by_orders
from app.services.stock.places import known_branches, known_products
from app.transaction import retried, transaction

LARGEST_FILE = 5_000_000
_PART = 500

Action = Literal["created", "updated", "unchanged"]
Result = Action | RefusedRow


class InvalidCsv(DomainError):
    code = "INVALID_CSV"
    message = f"Send a CSV file in UTF-8 whose first row names the columns {', '.join(REQUIRED)}."


def upload(content: bytes, caller: Caller) -> BulkReport:
    """Set stock as the file says and report on every row. Raises InvalidCsv for a file nothing of which is written."""
    try:
        rows = read_rows(content)
    except UnreadableFile as error:
        raise InvalidCsv(str(error)) from None
    results: dict[int, Result] = {row.row_number: row for row in rows if isinstance(row, RefusedRow)}
    for row in _unknown(readable := [row for row in rows if isinstance(row, StockRow)]):
        results[row.row_number] = row
    writable = [row for row in readable if row.row_number not in results]
    for part in _in_lock_order(writable):
        results |= retried(partial(_write, part, caller))
    return _report(rows, results)


def _unknown(rows: Sequence[StockRow]) -> Iterator[RefusedRow]:
    """Rows whose branch or product the supermarket does not have."""
    with transaction() as session:
        branches = known_branches(session, {row.branch_id for row in rows})
        products = known_products(session, {row.product_id for row in rows})
    for row in rows:
        if row.branch_id not in branches:
            yield _refused(row, f"There is no branch {row.branch_id}.")
        elif row.product_id not in products:
            yield _refused(row, f"There is no product {row.product_id}.")


def _in_lock_order(rows: Sequence[StockRow]) -> Iterator[list[StockRow]]:
    ordered = sorted(rows, key=_place)
    return (ordered[start : start + _PART] for start in range(0, len(ordered), _PART))


def _place(row: StockRow) -> Place:
    return row.branch_id, row.product_id


def _write(rows: Sequence[StockRow], caller: Caller) -> dict[int, Result]:
    """Write one part of the file; what became of each row, by its number (seven statements at most)."""
    with transaction() as session:
        made = {_of(shelf): shelf for shelf in changing.open_shelves(session, [_new(row) for row in rows], by=caller)}
        kept = [row for row in rows if _place(row) not in made]
        results: dict[int, Result] = {row.row_number: "created" for row in rows if _place(row) in made}
        created = [audit.Entry("inventory", shelf.id, "CREATE", None, facts(shelf)) for shelf in made.values()]
        audit.record_all(session, created, by=caller, context={"source": "bulk"})
        return results | (_update(session, kept, caller) if kept else {})


def _update(session: Session, rows: Sequence[StockRow], caller: Caller) -> dict[int, Result]:
    shelves = {_of(shelf): shelf for shelf in locks.shelves(session, [_place(row) for row in rows])}
    held = held_by_orders(session, shelves)
    results: dict[int, Result] = {}
    edits: list[tuple[AnyRow, dict[str, int]]] = []
    for row in rows:
        shelf = shelves[_place(row)]
        wanted = wanted_numbers(shelf, _given(row))
        pieces = held.get(_place(row), Held()).pieces
        if wanted["reserved_quantity"] < pieces:
            results[row.row_number] = _refused(row, f"Open orders hold {pieces} pieces: reserved_quantity is too low.")
        elif all(getattr(shelf, name) == number for name, number in wanted.items()):
            results[row.row_number] = "unchanged"
        else:
            results[row.row_number] = "updated"
            edits.append((shelf, wanted))
    _write_edits(session, edits, caller)
    return results


def _write_edits(session: Session, edits: Sequence[tuple[AnyRow, dict[str, int]]], caller: Caller) -> None:
    if not edits:
        return
    changing.apply(session, [change for edit in edits if (change := change_of(*edit, reason="bulk file"))], by=caller)
    points = {shelf.id: wanted["reorder_point"] for shelf, wanted in edits}
    changing.set_reorder_points(session, points)
    updated = [
        audit.Entry("inventory", shelf.id, "UPDATE", facts(shelf), {**facts(shelf), **wanted})
        for shelf, wanted in edits
    ]
    audit.record_all(session, updated, by=caller, context={"source": "bulk"})


def _of(shelf: AnyRow) -> Place:
    return shelf.stock_location_id, shelf.product_id


def _given(row: StockRow) -> dict[str, int | None]:
    names = ("available_quantity", "reserved_quantity", "reorder_point")
    return {name: getattr(row, name) for name in names}


def _new(row: StockRow) -> changing.NewShelf:
    given = {name: number for name, number in _given(row).items() if number is not None}
    return changing.NewShelf(row.branch_id, row.product_id, **given)


def _refused(row: StockRow, error: str) -> RefusedRow:
    names = ("product_id", "branch_id", "available_quantity", "reserved_quantity", "reorder_point")
    cells = {name: str(number) for name in names if (number := getattr(row, name)) is not None}
    return RefusedRow(row.row_number, cells, error)


def _report(rows: Sequence[StockRow | RefusedRow], results: dict[int, Result]) -> BulkReport:
    outcomes = [_outcome(row, results[row.row_number]) for row in rows]
    faults = [
        BulkFault(row_number=refused.row_number, row=refused.cells, error=refused.error)
        for row in rows
        if isinstance(refused := results[row.row_number], RefusedRow)
    ]
    success = len(rows) - len(faults)
    return BulkReport(total=len(rows), success=success, errors=len(faults), error_details=faults, results=outcomes)


def _outcome(row: StockRow | RefusedRow, result: Result) -> BulkOutcome:
    action = None if isinstance(result, RefusedRow) else result
    return BulkOutcome(
        row_number=row.row_number,
        product_id=row.product_id if isinstance(row, StockRow) else row.readable_id("product_id"),
        branch_id=row.branch_id if isinstance(row, StockRow) else row.readable_id("branch_id"),
        status="success" if action else "error",
        action=action,
    )
