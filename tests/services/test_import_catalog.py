"""Importing a catalog file into the shop."""

import csv
import gzip
import io
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind, MovementKind, SoldBy
from app.domain.gtin import check_digit
from app.models import AuditEvent, Category, Inventory, Product, ProductGtin, SearchWord, StockMovement
from app.services.catalog import importing
from app.services.catalog.importing import Outcome, Problem, UnknownBranch, import_catalog
from app.services.catalog.importing_files import CatalogFile
from app.services.catalog.importing_writes import Rules
from tests.conftest import Live, Statements
from tests.factories import make_category, make_location, make_product

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
GTINS = [f"200{number:09d}{check_digit(f'200{number:09d}')}" for number in range(900_000, 900_020)]


@dataclass
class Imported:
    outcome: Outcome
    problems: list[Problem]


@pytest.fixture
def imported(tmp_path: Path, session: Session) -> Callable[..., Imported]:
    """Imports a text (or bytes) as a file, and says what came of it."""

    def run(content: str | bytes, *, dry_run: bool = False, **rules: Any) -> Imported:
        path = tmp_path / "catalog"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        result = Imported(Outcome(), [])
        with closing(CatalogFile(path)) as file:
            import_catalog(
                file,
                name="catalog",
                rules=Rules(**rules),
                dry_run=dry_run,
                outcome=result.outcome,
                on_problem=result.problems.append,
                on_progress=lambda _position: None,
            )
        session.expire_all()
        return result

    return run


def csv_of(*rows: dict[str, Any]) -> str:
    """A CSV with every column that any row has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def by_gtin(session: Session, gtin: str) -> Product:
    found = (
        select(Product).join(ProductGtin, ProductGtin.product_id == Product.id).where(ProductGtin.gtin == "0" + gtin)
    )
    return session.execute(found).scalar_one()


def age(session: Session) -> None:
    """Make every product look long unchanged: inside one transaction the clock of the database stands still."""
    session.execute(update(Product).values(updated_at=LONG_AGO))
    session.commit()


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.created, outcome.updated, outcome.unchanged, outcome.skipped.total()


def test_a_csv_row_becomes_a_product_with_everything_it_says(imported: Any, session: Session) -> None:
    drinks = make_category(session, name="Drinks")

    result = imported(
        csv_of(
            {
                "gtin": GTINS[0],
                "name": "Crème Brûlée",
                "price": "12.90",
                "compare_at_price": "15.00",
                "deposit": "0.30",
                "tax_rate": "18",
                "category": "Drinks",
                "brand": "Old Mill",
                "description": 'Say "oui",\nplease',
                "sold_by": "WEIGHT",
                "unit": "kg",
                "estimated_weight_grams": "150",
                "is_organic": "yes",
                "age_limit": "18",
                "ingredients": "cream",
                "allergens": "milk,eggs",
                "image_url": "https://a.example/1.png",
                "bin_location": "A1",
                "fat_100g": "21.5",
            }
        )
    )

    product = by_gtin(session, GTINS[0])
    assert counts(result.outcome) == (1, 0, 0, 0)
    assert (product.name, product.sku, product.brand) == ("Crème Brûlée", f"GTIN-0{GTINS[0]}", "Old Mill")
    assert (product.price, product.compare_at_price) == (Decimal("12.90"), Decimal("15.00"))
    assert (product.deposit, product.tax_rate) == (Decimal("0.30"), Decimal("18.00"))
    assert (product.category_id, product.description) == (drinks.id, 'Say "oui", please')
    assert (product.sold_by, product.unit, product.estimated_weight_grams) == (SoldBy.WEIGHT, "kg", 150)
    assert (product.is_organic, product.age_limit, product.ingredients) == (True, 18, "cream")
    assert (product.allergens, product.nutrition) == (["milk", "eggs"], {"fat_100g": 21.5})
    assert (product.image_urls, product.bin_location) == (["https://a.example/1.png"], "A1")
    assert (product.search_name, product.search_text) == ("creme brulee", "old mill say oui please")
    assert product.is_active


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_delimiter_packing_and_line_ends_are_told_by_themselves(
    imported: Any, session: Session, delimiter: str, packed: bool, line_end: str
) -> None:
    oat = (GTINS[0], '"Oat, dark; ""thick"""', "3.50")
    records = [("\ufeffGTIN", "Name", "Price"), oat, (), (GTINS[1], "Rye", "4")]
    content = line_end.join(delimiter.join(cells) for cells in records).encode()

    result = imported(gzip.compress(content) if packed else content)

    assert counts(result.outcome) == (2, 0, 0, 0)
    assert by_gtin(session, GTINS[0]).name == 'Oat, dark; "thick"'
    assert by_gtin(session, GTINS[1]).price == Decimal("4.00")


@pytest.mark.parametrize("packed", [False, True])
def test_the_open_food_facts_export_is_told_by_its_header(imported: Any, session: Session, packed: bool) -> None:
    lines = [
        "code\tproduct_name\tingredients_text\timage_url\tfat_100g\tsaturated-fat_100g",
        f'{GTINS[0]}\t"Noodles ""Phad"""\t\thttps://static.example/1.jpg\t14.29\t5.36',
        f'{GTINS[1]}\t"Half a quote\tSalt\t\t\t',
        f"{GTINS[2]}\tPlain\tWater\t\t300\t",
    ]
    content = "\n".join(lines).encode()

    result = imported(gzip.compress(content) if packed else content)

    noodles = by_gtin(session, GTINS[0])
    assert counts(result.outcome) == (3, 0, 0, 0)
    assert (noodles.name, noodles.nutrition) == ('Noodles "Phad"', {"fat_100g": 14.29, "saturated_fat_100g": 5.36})
    assert (noodles.is_active, noodles.price) == (False, Decimal(0))
    assert by_gtin(session, GTINS[1]).name == '"Half a quote'
    assert result.outcome.without_price == 3
    assert result.problems == [
        Problem(4, GTINS[2], "fat_100g is not a number from 0 to 100", skipped=False),
    ]


def test_bad_rows_are_reported_with_line_and_reason_and_the_others_imported(imported: Any, session: Session) -> None:
    lines = [
        b"gtin,name,price",
        b"123,Wrong code,1",
        f"{GTINS[0]},Good,1".encode(),
        f"{GTINS[1]},,1".encode(),
        f"{GTINS[2]},Two prices,1,2".encode(),
        f"{GTINS[3]},Latin \xe9,1".encode("latin-1"),
        f'{GTINS[4]},"Never closed,1'.encode(),
        f'{GTINS[5]},"Two\nlines",1'.encode(),
        f"{GTINS[6]},Cheap,-1".encode(),
        f"{GTINS[7]},Good too,1".encode(),
    ]

    result = imported(b"\n".join(lines))

    assert [(problem.line, problem.reason) for problem in result.problems] == [
        (2, "invalid barcode: a GTIN has 8, 12, 13 or 14 digits"),
        (4, "no name"),
        (5, "more or fewer columns than the header"),
        (6, "the line is not UTF-8 text"),
        (7, "a quote is opened and not closed"),
        (8, "name has control characters"),
        (10, "price is negative"),
    ]
    assert counts(result.outcome) == (2, 0, 0, 7)
    assert result.outcome.rows == 9
    assert by_gtin(session, GTINS[7]).name == "Good too"


def test_a_line_without_end_is_one_bad_row(imported: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.catalog.importing_files.LONGEST_LINE", 200)

    result = imported(f"gtin,name\n{GTINS[0]},{'x' * 1000}\n{GTINS[1]},Short\n")

    assert [(problem.line, problem.reason) for problem in result.problems] == [(2, "the line is longer than 1 MiB")]
    assert result.outcome.created == 1


def test_the_same_file_again_changes_nothing(imported: Any, session: Session) -> None:
    rows = [{"gtin": gtin, "name": f"Bread {gtin}", "price": "5", "fat_100g": "2.0"} for gtin in GTINS]
    imported(csv_of(*rows), stock=3, branch_id=make_location(session).id)
    age(session)
    before = session.execute(select(Product.id, Product.updated_at).order_by(Product.id)).all()
    stock = session.execute(select(func.count()).select_from(StockMovement)).scalar_one()

    again = imported(csv_of(*rows), stock=3, branch_id=make_location(session).id)

    assert counts(again.outcome) == (0, 0, len(GTINS), 0)
    assert session.execute(select(Product.id, Product.updated_at).order_by(Product.id)).all() == before
    assert session.execute(select(func.count()).select_from(StockMovement)).scalar_one() == stock


def test_an_update_changes_only_what_the_file_says(imported: Any, session: Session) -> None:
    first = {"gtin": GTINS[0], "name": "Bread", "price": "5", "brand": "Old Mill", "allergens": "gluten"}
    imported(csv_of(first, {"gtin": GTINS[1], "name": "Rolls", "price": "3"}))
    age(session)

    result = imported(
        csv_of(
            {"gtin": GTINS[0], "name": "Rye bread", "price": "", "description": "Dark"},
            {"gtin": GTINS[1], "name": "Rolls"},
        )
    )

    bread, rolls = by_gtin(session, GTINS[0]), by_gtin(session, GTINS[1])
    assert counts(result.outcome) == (0, 1, 1, 0)
    assert (bread.name, bread.price, bread.brand, bread.allergens) == (
        "Rye bread",
        Decimal("5.00"),
        "Old Mill",
        ["gluten"],
    )
    assert (bread.search_name, bread.search_text) == ("rye bread", "old mill dark")
    assert bread.updated_at > LONG_AGO
    assert rolls.updated_at == LONG_AGO


def test_a_product_the_shop_made_itself_is_found_by_its_barcode(imported: Any, session: Session) -> None:
    product = make_product(session, name="Milk", price=Decimal("6.00"))
    session.add(ProductGtin(product_id=product.id, gtin=f"0{GTINS[0]}"))
    session.commit()

    result = imported(csv_of({"gtin": GTINS[0], "name": "Fresh milk", "price": "6.90"}))

    session.refresh(product)
    assert counts(result.outcome) == (0, 1, 0, 0)
    assert (product.name, product.price, product.sku[:4]) == ("Fresh milk", Decimal("6.90"), "SKU-")


def test_a_vendors_product_with_the_same_barcode_is_left_alone(imported: Any, session: Session) -> None:
    shop = make_location(session, kind=LocationKind.SHOP)
    theirs = make_product(session, name="Theirs", shop_id=shop.id)
    session.add(ProductGtin(product_id=theirs.id, gtin=f"0{GTINS[0]}", shop_id=shop.id))
    session.commit()

    result = imported(csv_of({"gtin": GTINS[0], "name": "Ours"}))

    session.refresh(theirs)
    assert counts(result.outcome) == (1, 0, 0, 0)
    assert theirs.name == "Theirs"


def test_of_several_rows_with_one_barcode_the_first_good_one_counts(
    imported: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    rows = [
        {"gtin": GTINS[0], "name": ""},
        {"gtin": GTINS[0], "name": "First"},
        {"gtin": f"0{GTINS[0]}", "name": "Second"},
    ]

    result = imported(csv_of(*rows))

    assert by_gtin(session, GTINS[0]).name == "First"
    assert [(problem.line, problem.reason) for problem in result.problems] == [
        (2, "no name"),
        (4, "the barcode came up earlier in this file"),
    ]


@pytest.mark.parametrize("batch", [1, 100])
def test_a_second_barcode_of_the_same_product_is_reported(
    imported: Any, session: Session, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(importing, "BATCH", batch)
    product = make_product(session)
    session.add_all(ProductGtin(product_id=product.id, gtin=f"0{gtin}") for gtin in GTINS[:2])
    session.commit()

    result = imported(csv_of({"gtin": GTINS[0], "name": "First"}, {"gtin": GTINS[1], "name": "Second"}))

    session.refresh(product)
    assert product.name == "First"
    assert counts(result.outcome) == (0, 1, 0, 1)
    assert result.problems[0].reason == "another barcode of the same product came up earlier in this file"


def test_a_taken_sku_is_reported_and_the_other_rows_imported(imported: Any, session: Session) -> None:
    make_product(session, name="In the way", sku=f"GTIN-0{GTINS[0]}")

    result = imported(csv_of({"gtin": GTINS[0], "name": "A"}, {"gtin": GTINS[1], "name": "B"}))

    assert counts(result.outcome) == (1, 0, 0, 1)
    assert result.problems == [Problem(2, GTINS[0], "the SKU GTIN-<barcode> belongs to another product", skipped=True)]


def test_the_price_rule_prices_what_has_none_and_puts_it_on_sale(imported: Any, session: Session) -> None:
    rows = [{"gtin": GTINS[0], "name": "A"}, {"gtin": GTINS[1], "name": "B", "price": "4"}]
    imported(csv_of(*rows))
    assert not by_gtin(session, GTINS[0]).is_active

    result = imported(csv_of(*rows, {"gtin": GTINS[2], "name": "C"}), default_price=Decimal("9.90"))

    shown = [(product.price, product.is_active) for product in (by_gtin(session, gtin) for gtin in GTINS[:3])]
    assert shown == [(Decimal("9.90"), True), (Decimal("4.00"), True), (Decimal("9.90"), True)]
    assert counts(result.outcome) == (1, 1, 1, 0)


def test_the_price_rule_leaves_prices_of_the_shop_alone(imported: Any, session: Session) -> None:
    imported(csv_of({"gtin": GTINS[0], "name": "A", "price": "4"}))

    result = imported(csv_of({"gtin": GTINS[0], "name": "A"}), default_price=Decimal("9.90"))

    assert counts(result.outcome) == (0, 0, 1, 0)
    assert by_gtin(session, GTINS[0]).price == Decimal("4.00")


def test_a_product_taken_off_sale_stays_so_unless_the_file_says_otherwise(imported: Any, session: Session) -> None:
    product = make_product(session, is_active=False)
    session.add(ProductGtin(product_id=product.id, gtin=f"0{GTINS[0]}"))
    session.commit()

    imported(csv_of({"gtin": GTINS[0], "name": "Back?", "price": "7"}))
    session.refresh(product)
    assert not product.is_active

    imported(csv_of({"gtin": GTINS[0], "name": "Back!", "is_active": "yes"}))
    session.refresh(product)
    assert product.is_active


def test_a_row_that_wants_to_be_on_sale_without_a_price_is_not(imported: Any, session: Session) -> None:
    imported(csv_of({"gtin": GTINS[0], "name": "Free", "is_active": "yes"}))

    assert not by_gtin(session, GTINS[0]).is_active


def test_categories_are_found_by_name_or_made(imported: Any, session: Session) -> None:
    pantry = make_category(session, name="Pantry")
    leaf = make_category(session, name="Pasta", parent_id=pantry.id)
    rows = [
        {"gtin": GTINS[0], "name": "A", "category": "Pasta"},
        {"gtin": GTINS[1], "name": "B", "category": "New aisle"},
        {"gtin": GTINS[2], "name": "C", "category": ""},
    ]

    imported(csv_of(*rows), category="Fresh in")

    names = {row.id: row.name for row in session.execute(select(Category.id, Category.name))}
    assert by_gtin(session, GTINS[0]).category_id == leaf.id
    assert names[by_gtin(session, GTINS[1]).category_id] == "New aisle"
    assert names[by_gtin(session, GTINS[2]).category_id] == "Fresh in"

    imported(csv_of(rows[2]), category="Elsewhere")

    assert session.execute(select(func.count()).where(Category.name == "Elsewhere")).scalar_one() == 0


def test_opening_stock_goes_to_new_products_with_its_movement(imported: Any, session: Session) -> None:
    branch = make_location(session)
    imported(csv_of({"gtin": GTINS[0], "name": "Old"}))

    imported(csv_of({"gtin": GTINS[0], "name": "Old"}, {"gtin": GTINS[1], "name": "New"}), stock=7, branch_id=branch.id)

    row = session.execute(select(Inventory)).scalar_one()
    movement = session.execute(select(StockMovement)).scalar_one()
    assert (row.product_id, row.stock_location_id) == (by_gtin(session, GTINS[1]).id, branch.id)
    assert (row.available_quantity, row.reserved_quantity) == (7, 0)
    assert (movement.kind, movement.available_change, movement.reserved_change) == (MovementKind.OPENING, 7, 0)
    assert (movement.source_type, movement.source_id) == ("inventory", row.id)
    assert (movement.stock_location_id, movement.product_id) == (branch.id, row.product_id)


@pytest.mark.parametrize("kind", [None, LocationKind.SHOP])
def test_opening_stock_needs_a_branch_of_the_supermarket(
    imported: Any, session: Session, kind: LocationKind | None
) -> None:
    branch_id = make_location(session, kind=kind).id if kind else 10**9

    with pytest.raises(UnknownBranch):
        imported(csv_of({"gtin": GTINS[0], "name": "New"}), stock=7, branch_id=branch_id)


def test_a_dry_run_counts_and_changes_nothing(imported: Any, session: Session) -> None:
    imported(csv_of({"gtin": GTINS[0], "name": "Old"}))
    rows = [{"gtin": GTINS[0], "name": "Changed"}, {"gtin": GTINS[1], "name": "New", "category": "New aisle"}]

    result = imported(csv_of(*rows, {"gtin": "1", "name": "Bad"}), dry_run=True)

    assert counts(result.outcome) == (1, 1, 0, 1)
    assert by_gtin(session, GTINS[0]).name == "Old"
    assert session.execute(select(func.count()).select_from(Product)).scalar_one() == 1
    assert session.execute(select(func.count()).where(Category.name == "New aisle")).scalar_one() == 0
    assert session.execute(select(func.count()).where(AuditEvent.action == "IMPORT")).scalar_one() == 1


def test_the_import_ends_with_the_vocabulary_and_an_audit_event(imported: Any, session: Session) -> None:
    imported(csv_of({"gtin": GTINS[0], "name": "Zwieback", "price": "3"}))

    event = session.execute(select(AuditEvent).where(AuditEvent.action == "IMPORT")).scalar_one()
    assert session.get(SearchWord, "zwieback") is not None
    assert event.new_value == {"rows": 1, "created": 1, "updated": 0, "skipped": 0}
    assert event.context == {"file": "catalog"}


def test_a_file_that_breaks_off_keeps_what_came_before(imported: Any) -> None:
    lines = "".join(f"{gtin},Bread {index * 977}\n" for index, gtin in enumerate(GTINS))
    packed = gzip.compress(("gtin,name\n" + lines).encode())

    result = imported(packed[:-60])

    assert result.outcome.damage is not None
    assert result.outcome.damage.startswith("the file is damaged after line ")
    assert 0 < result.outcome.created < len(GTINS)


def test_the_number_of_statements_does_not_grow_with_the_rows(imported: Any, statements: Statements) -> None:
    imported(csv_of({"gtin": GTINS[0], "name": "One"}))
    for_one = len(statements)
    statements.clear()

    imported(csv_of(*({"gtin": gtin, "name": "Many"} for gtin in GTINS)))

    assert len(statements) == for_one


def command(app: Flask, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(args=["import-catalog", *map(str, arguments)])


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"\n\n", "the first line is empty; it must name the columns"),
        ("a.csv", b"\x00\x01\x02", "the file is not UTF-8 text"),
        ("a.csv", b"\xff\xfe\x00g", "the file is not UTF-8 text"),
        ("a.csv", b"a,b\n1,2\n", "the first line must name the columns gtin (or code) and name (or product_name)"),
        ("a.csv", b"gtin,name,name\n", "the first line names a column twice: name"),
        ("a.tsv.gz", b"gtin,name\n", "the name ends in .gz but it is not a gzip file"),
        ("a.gz", b"\x1f\x8bbroken", "the file is damaged: its first line cannot be unpacked"),
    ],
)
def test_an_unusable_file_is_one_plain_line(
    app: Flask, session: Session, tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    result = command(app, path)

    assert result.exit_code == 1
    assert result.output == f"Error: {path}: {complaint}\n"


def test_a_missing_file_and_a_folder_are_one_plain_line(app: Flask, session: Session, tmp_path: Path) -> None:
    missing, folder = command(app, tmp_path / "none.csv"), command(app, tmp_path)

    assert (missing.exit_code, missing.output) == (1, f"Error: {tmp_path}/none.csv: there is no such file\n")
    assert (folder.exit_code, folder.output) == (1, f"Error: {tmp_path}: this is a folder, not a file\n")


def test_the_command_prints_a_summary_and_writes_the_report(app: Flask, session: Session, tmp_path: Path) -> None:
    path, report = tmp_path / "a.csv", tmp_path / "bad.csv"
    path.write_text(csv_of({"gtin": GTINS[0], "name": "A", "colour": "red"}, {"gtin": "1", "name": "B"}))

    result = command(app, path, "--report", report)

    assert result.exit_code == 0
    assert "2 rows: 1 created, 0 updated, 0 unchanged, 1 skipped." in result.stdout
    assert "Columns that mean nothing here: colour" in result.stderr
    assert "Skipped: 1 x invalid barcode: a GTIN has 8, 12, 13 or 14 digits" in result.stderr
    assert report.read_text().splitlines() == [
        "line,code,effect,reason",
        '3,1,row skipped,"invalid barcode: a GTIN has 8, 12, 13 or 14 digits"',
    ]


def test_an_unwritable_report_is_said_before_anything_is_imported(app: Flask, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_of({"gtin": GTINS[0], "name": "A"}))

    result = command(app, path, "--report", tmp_path / "none" / "bad.csv")

    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert session.execute(select(func.count()).select_from(Product)).scalar_one() == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--stock", "5"], "--stock and --branch go together."),
        (["--default-price", "0"], "0 is not an amount above 0 with at most two decimals"),
        (["--default-price", "NaN"], "NaN is not an amount above 0 with at most two decimals"),
        (["--default-price", "x"], "x is not an amount such as 9.90"),
        (["--category", " "], "--category must have 1 to 128 printable characters."),
    ],
)
def test_wrong_options_are_refused(app: Flask, session: Session, options: list[str], complaint: str) -> None:
    result = command(app, "a.csv", *options)

    assert result.exit_code == 2
    assert complaint in result.stderr


def test_an_unknown_branch_is_one_plain_line(app: Flask, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_of({"gtin": GTINS[0], "name": "A"}))

    result = command(app, path, "--stock", 5, "--branch", 10**9)

    assert result.exit_code == 1
    assert "Error: There is no branch with this id; choose a store or warehouse for the opening stock." in result.stderr


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as in a terminal; where the tests run in the background it is ignored from the start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_says_what_is_done_and_finished_batches_stay(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_of(*({"gtin": gtin, "name": "A"} for gtin in GTINS)))
    monkeypatch.setattr(importing, "BATCH", 5)
    interrupted = iter([False, True])
    take = importing._Import.take

    def take_then_interrupt(self: Any, batch: Any) -> None:
        if next(interrupted):
            signal.raise_signal(signal.SIGINT)
        take(self, batch)

    monkeypatch.setattr(importing._Import, "take", take_then_interrupt)

    result = command(live.app, path)

    assert result.exit_code == 130
    assert "Stopped. 5 rows are done and stay; run the command again to go on." in result.stderr
    with live.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM products")).scalar_one() == 5


def test_a_database_that_refuses_is_one_plain_line(
    app: Flask, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_of({"gtin": GTINS[0], "name": "A"}))
    monkeypatch.setattr("app.services.catalog.importing_writes._DROP", text("DROP TABLE nowhere"))

    result = command(app, path)

    assert result.exit_code == 1
    assert 'Error: After 0 rows the database refused: table "nowhere" does not exist\n' in result.stderr


def test_a_file_of_ten_thousand_rows_goes_in_batches_and_again_without_change(live: Live, tmp_path: Path) -> None:
    bodies = [f"201{number:09d}" for number in range(10_000)]
    path = tmp_path / "many.tsv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.write("code\tproduct_name\tfat_100g\n")
        lines.writelines(f"{body}{check_digit(body)}\tProduct {body}\t{int(body) % 90}\n" for body in bodies)

    first, second = command(live.app, path), command(live.app, path)

    assert "10000 rows: 10000 created, 0 updated, 0 unchanged, 0 skipped." in first.output
    assert "10000 rows: 0 created, 0 updated, 10000 unchanged, 0 skipped." in second.output
    with live.engine.connect() as connection:
        nutrition = connection.execute(text("SELECT nutrition FROM products ORDER BY id LIMIT 1")).scalar_one()
    assert json.dumps(nutrition) == json.dumps({"fat_100g": int(bodies[0]) % 90})
