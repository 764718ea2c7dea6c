"""Files of items: what is taken, what each row is told, and that doing a file twice writes nothing twice."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.item_rows import MOST_ROWS
from app.models import AuditEvent, Inventory, ItemUpload, LiveEvent, Product, Shop, ShopItem, User
from app.services.relay import relay_due
from app.services.shop_items import files, uploading, writing
from app.services.shop_items.excel import LARGEST_UNPACKED
from tests.conftest import Statements
from tests.factories import make_item, make_shop, make_vendor, sign_in
from tests.sheets import UPLOAD, send, xls, xlsx
from tests.shopping import assert_sound

HEADER = "title,brand,description,price,mrp,quantity_in_stock,unit,category,tags,sku"


@pytest.fixture
def vendor(session: Session) -> User:
    return make_vendor(session)


@pytest.fixture
def shop(session: Session, vendor: User) -> Shop:
    return make_shop(session, vendor)


@pytest.fixture
def headers(session: Session, vendor: User) -> dict[str, str]:
    return sign_in(session, vendor)


def csv_file(*rows: str) -> str:
    return "\r\n".join((HEADER, *rows)) + "\r\n"


def uploaded(client: FlaskClient, headers: dict[str, str], content: bytes | str, name: str = "i.csv") -> dict[str, Any]:
    """The report of a file after the relay has run."""
    answer = send(client, headers, content, name)
    assert answer.status_code == 202, answer.text
    assert answer.json["data"]["status"] == "accepted"
    relay_due()
    return report(client, headers, answer.json["data"]["task_id"])


def report(client: FlaskClient, headers: dict[str, str], task_id: str) -> dict[str, Any]:
    answer = client.get(f"{UPLOAD}/{task_id}", headers=headers)
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json["data"]
    return data


def counts(told: dict[str, Any]) -> tuple[str, int, int, int, int]:
    return told["state"], told["total"], told["created"], told["updated"], told["failed"]


def items(session: Session) -> list[tuple[Any, ...]]:
    """(title, price, mrp, stock, unit, sku) of all items in the order they were made."""
    columns = (Product.name, Product.price, Product.compare_at_price, Inventory.available_quantity)
    joined = select(*columns, Product.unit, Product.sku).join(Inventory, Inventory.product_id == Product.id)
    return [tuple(row) for row in session.execute(joined.order_by(Product.id))]


def test_the_rows_of_a_csv_file_become_items_with_stock(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    rows = ['Rice,Daawat,"Long, fine\nand white",120.5,135,40,bag,Grains,"rice,white",R-1', "Salt,,,10,,,,,,"]

    told = uploaded(client, headers, csv_file(*rows))

    assert counts(told) == ("done", 2, 2, 0, 0)
    rice, salt = items(session)
    assert rice == ("Rice", Decimal("120.50"), Decimal("135.00"), 40, "bag", "R-1")
    assert salt[:5] == ("Salt", Decimal("10.00"), None, 100, "pcs")
    product = session.scalars(select(Product).filter_by(sku="R-1")).one()
    details = session.get_one(ShopItem, product.id)
    assert (product.description, details.tags) == ("Long, fine\nand white", "rice,white")
    assert product.search_text == "daawat grains rice white"
    plain = session.scalars(select(Product).filter_by(name="Salt")).one()
    assert (plain.brand, session.get_one(ShopItem, plain.id).category) == (None, None)
    assert_sound()


def test_an_excel_file_brings_numbers_dates_and_empty_cells(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    sheet = [
        ["Title", "Price", "SKU", "Expiry Date", "Brand", "In the shop"],
        ["Rice", 1.1 * 3, 8901234567890, date(2027, 3, 31), None, True],
        [None, None, None, None, None, None],
        ["Salt", "12", "S-1", "2027-04-01", "Tata", None],
    ]

    told = uploaded(client, headers, xlsx(sheet), "items.XLSX")

    assert counts(told) == ("done", 2, 2, 0, 0)
    assert [(row[0], row[1], row[5]) for row in items(session)] == [
        ("Rice", Decimal("3.30"), "8901234567890"),
        ("Salt", Decimal("12.00"), "S-1"),
    ]
    dates = session.scalars(select(ShopItem.expiry_date).order_by(ShopItem.product_id)).all()
    assert dates == [date(2027, 3, 31), date(2027, 4, 1)]
    assert session.scalars(select(Product.brand).order_by(Product.id)).all() == [None, "Tata"]


def test_an_old_excel_file_is_read_too(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    sheet = [["title", "price", "brand", "sku"], ["Rice", 120.5, None, 17.0], ["Crème", 3.0, "Élan", "C-1"]]

    told = uploaded(client, headers, xls(sheet), "items.xls")

    assert counts(told) == ("done", 2, 2, 0, 0)
    assert [(row[0], row[1], row[5]) for row in items(session)] == [
        ("Rice", Decimal("120.50"), "17"),
        ("Crème", Decimal("3.00"), "C-1"),
    ]


def test_a_bad_row_is_reported_by_its_number_and_loses_no_other(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    rows = [
        "Good,,,1,,,,,,",
        ",,,2,,,,,,",
        "",
        'Unclosed,"quote,,3,,,,,,',
        "NaN,,,NaN,,,,,,",
        "Mrp,,,9,8,,,,,",
        "Stock,,,9,,-1,,,,",
        "Wide,,,9,,,,,,,surplus",
        f"{'T' * 101},,,9,,,,,,",
        "First,,,9,,,,,,S-1",
        "Second,,,9,,,,,,S-1",
        "Last,,,1,,,,,,",
    ]

    told = uploaded(client, headers, csv_file(*rows))

    assert counts(told) == ("done", 11, 3, 0, 8)
    assert [row[0] for row in items(session)] == ["Good", "First", "Last"]
    assert [fault["row"] for fault in told["errors"]] == [3, 5, 6, 7, 8, 9, 10, 12]
    messages = {fault["row"]: fault["message"] for fault in told["errors"]}
    assert messages[3].startswith("title: ")
    assert "quote" in messages[5]
    assert messages[6].startswith("price: ")
    assert messages[7] == "mrp must not be below price"
    assert messages[8].startswith("quantity_in_stock: ")
    assert messages[9] == "the row has more cells than the header"
    assert messages[12] == "sku: row 11 has it too; this row was left out"


def test_a_row_whose_sku_the_shop_has_changes_that_item(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    kept = make_item(session, shop, name="Rice", sku="R-1", brand="Daawat", price=Decimal(120), stock=7, tags="x")
    stocked = make_item(session, shop, name="Salt", sku="S-1", stock=7)
    make_item(session, make_shop(session), name="Foreign", sku="F-1")

    told = uploaded(
        client,
        headers,
        csv_file("Brown rice,,,130,,,,,,R-1", "Salt,,,10,,30,,,,S-1", "Foreign,,,1,,,,,,F-1"),
    )

    assert counts(told) == ("done", 3, 1, 2, 0)
    session.expire_all()
    assert (kept.name, kept.price, kept.brand, kept.unit) == ("Brown rice", Decimal("130.00"), "Daawat", "pcs")
    assert session.get_one(ShopItem, kept.id).tags == "x"
    stock = {row.product_id: row.available_quantity for row in session.scalars(select(Inventory))}
    assert (stock[kept.id], stock[stocked.id]) == (7, 30)
    events = session.scalars(select(AuditEvent).filter_by(entity_type="shop_item", action="UPDATE")).all()
    assert [event.entity_id for event in events] == [kept.id]
    assert_sound()


def test_a_row_that_would_lift_the_price_above_the_printed_one_is_reported(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    make_item(session, shop, sku="R-1", price=Decimal(10), compare_at_price=Decimal(12))

    told = uploaded(client, headers, csv_file("Rice,,,13,,5,,,,R-1", "Salt,,,1,,,,,,"))

    assert counts(told) == ("done", 2, 1, 0, 1)
    assert told["errors"][0]["row"] == 2
    assert items(session)[0][1:4] == (Decimal("10.00"), Decimal("12.00"), 100)


def test_an_exported_file_can_be_uploaded_again_and_changes_nothing(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    make_item(session, shop, name="=1+1", sku="-5", description="@home\nand away", expiry_date=date(2027, 1, 2))
    exported = client.get("/api/v1/vendor/item/export", headers=headers).text

    told = uploaded(client, headers, exported)

    assert counts(told) == ("done", 1, 0, 1, 0)
    assert items(session) == [("=1+1", Decimal("10.00"), None, 100, "pcs", "-5")]
    assert session.scalars(select(AuditEvent).filter_by(entity_type="shop_item")).all() == []


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_old_encodings_are_read(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str], separator: str
) -> None:
    lines = [["Title", "Price"], ["Crème", "3.5"]]
    content = "\r\n".join(separator.join(line) for line in lines).encode("cp1252")

    uploaded(client, headers, content)

    assert items(session)[0][:2] == ("Crème", Decimal("3.50"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("items.pdf", b"%PDF", "Unsupported file type"),
        ("items", b"title,price", "Unsupported file type"),
        ("items.csv", b"", "Missing columns: title, price"),
        ("items.csv", b"title,brand\nRice,Daawat", "Missing columns: price"),
        ("items.xlsx", xlsx([["price"], [1]]), "Missing columns: title"),
        ("items.csv", b"title,price,Price\nRice,1,2", "File read error: a column is named twice"),
        ("items.csv", b"PK\x03\x04\x00", "File read error: it is not text; save it as 'CSV UTF-8'"),
        ("items.xlsx", b"title,price", "File read error: it is not an Excel file, or it is damaged"),
        ("items.xlsx", xlsx([["title", "price"]])[:-50], "File read error: it is not an Excel file, or it is damaged"),
        ("items.xls", b"title,price", "File read error: it is not an Excel file, or it is damaged"),
        ("items.xls", xlsx([["title", "price"]]), "File read error: it is not an Excel file, or it is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str], name: str, content: bytes, message: str
) -> None:
    answer = send(client, headers, content, name)

    assert (answer.status_code, answer.json["error"]["message"]) == (400, message)
    assert session.scalars(select(ItemUpload)).all() == []


@pytest.mark.parametrize(("field", "name"), [("other", "items.csv"), ("file", "")])
def test_without_a_file_it_is_said_so(
    client: FlaskClient, shop: Shop, headers: dict[str, str], field: str, name: str
) -> None:
    answer = send(client, headers, "title,price\n", name, field)

    assert (answer.status_code, answer.json["error"]["message"]) == (400, "No file uploaded")


def test_a_vendor_without_a_shop_cannot_upload(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = send(client, headers, "title,price\n")

    assert (answer.status_code, answer.json["error"]["message"]) == (404, "Shop not found")


@pytest.mark.parametrize(("size", "status"), [(files.LARGEST_FILE, 202), (files.LARGEST_FILE + 1, 413)])
def test_five_megabytes_are_taken_and_not_a_byte_more(
    client: FlaskClient, shop: Shop, headers: dict[str, str], size: int, status: int
) -> None:
    content = b"title,price\nRice,1\n"

    answer = send(client, headers, content + b"\n" * (size - len(content)))

    assert answer.status_code == status


def test_more_rows_than_the_bound_are_refused(client: FlaskClient, shop: Shop, headers: dict[str, str]) -> None:
    answer = send(client, headers, "title,price\n" + "Rice,1\n" * (MOST_ROWS + 1))

    assert answer.status_code == 400
    assert answer.json["error"]["message"] == "File read error: it has more than 10000 rows; send it in parts"


def rezipped(content: bytes, **parts: bytes) -> bytes:
    """The .xlsx file with some of its parts exchanged (or added), by the last piece of their names."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info, parts.pop(info.filename.rpartition("/")[2].partition(".")[0], old.read(info)))
        for name, part in parts.items():
            new.writestr(f"xl/{name}.xml", part)
    return made.getvalue()


def test_a_file_that_unpacks_to_too_much_is_refused(client: FlaskClient, shop: Shop, headers: dict[str, str]) -> None:
    bomb = rezipped(xlsx([["title", "price"], ["Rice", 1]]), padding=b" " * (LARGEST_UNPACKED + 1))

    answer = send(client, headers, bomb, "items.xlsx")

    assert len(bomb) < 100_000
    assert answer.json["error"]["message"] == "File read error: it is too large once unpacked"


SPREADSHEET = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.mark.parametrize(
    "parts",
    [
        {"sheet1": b"<worksheet %s><sheetData><row>" % SPREADSHEET + b"<c/>" * 40_000 + b"</row></sheetData>"},
        {"sheet1": b"<worksheet %s><sheetData>" % SPREADSHEET + b"<row/>" * 1_000_001 + b"</sheetData>"},
        {"styles": b"<styleSheet %s><fonts>" % SPREADSHEET + b"<font/>" * 40_000 + b"</fonts></styleSheet>"},
    ],
    ids=["cells", "rows", "styles"],
)
def test_a_small_file_of_very_many_elements_is_refused(
    client: FlaskClient, shop: Shop, headers: dict[str, str], parts: dict[str, bytes]
) -> None:
    bomb = rezipped(xlsx([["title", "price"], ["Rice", 1]]), **parts)

    answer = send(client, headers, bomb, "items.xlsx")

    assert len(bomb) < 30_000
    assert answer.json["error"]["message"] == "File read error: it is too large once unpacked"


def test_a_file_that_defines_entities_is_refused(client: FlaskClient, shop: Shop, headers: dict[str, str]) -> None:
    plain = xlsx([["title", "price"], ["Rice", 1]])
    with zipfile.ZipFile(io.BytesIO(plain)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    start = sheet.index("<worksheet")
    growing = sheet[:start] + '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">]>' + sheet[start:]

    answer = send(client, headers, rezipped(plain, sheet1=growing.encode()), "items.xlsx")

    assert answer.json["error"]["message"] == "File read error: it is not an Excel file, or it is damaged"


def test_a_sheet_that_says_it_is_larger_than_it_is_is_read_quickly(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    plain = xlsx([["title", "price"], ["Rice", 1]])
    with zipfile.ZipFile(io.BytesIO(plain)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    far = sheet.replace("</sheetData>", '<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>')

    answer = send(client, headers, rezipped(plain, sheet1=far.encode()), "items.xlsx")

    assert answer.json["error"]["message"] == "File read error: it has more than 50000 rows, empty ones included"


def test_the_report_waits_until_the_items_are_made_and_the_vendor_hears_of_it(
    client: FlaskClient, session: Session, shop: Shop, vendor: User, headers: dict[str, str]
) -> None:
    task_id = send(client, headers, csv_file("Rice,,,1,,,,,,", ",,,1,,,,,,"), "my items.csv").json["data"]["task_id"]
    before = report(client, headers, task_id)

    relay_due()

    assert counts(before) == ("pending", 2, 0, 0, 1)
    assert before["file_name"] == "my items.csv"
    assert counts(report(client, headers, task_id)) == ("done", 2, 1, 0, 1)
    news = session.scalars(select(LiveEvent)).one()
    told = {"task_id": task_id, "total": 2, "created": 1, "updated": 0, "failed": 1}
    assert (news.user_id, news.topic, news.payload) == (vendor.id, "items.uploaded", told)


def test_a_file_without_a_good_row_is_done_too(client: FlaskClient, shop: Shop, headers: dict[str, str]) -> None:
    told = [uploaded(client, headers, content) for content in ("title,price\n", "title,price\n,\nRice,x\n")]

    assert [counts(one) for one in told] == [("done", 0, 0, 0, 0), ("done", 1, 0, 0, 1)]


def test_another_shops_upload_is_not_found(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    owner = make_vendor(session)
    make_shop(session, owner)
    task_id = send(client, sign_in(session, owner), csv_file()).json["data"]["task_id"]
    other = make_vendor(session)
    make_shop(session, other)

    answer = client.get(f"{UPLOAD}/{task_id}", headers=sign_in(session, other))

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "UPLOAD_NOT_FOUND")


@pytest.mark.parametrize("task_id", ["nothing", "x" * 500, "%00", "%FF", "%F0%9F%8D%8E"])
def test_a_task_id_that_was_never_given_out_is_not_found(
    client: FlaskClient, shop: Shop, headers: dict[str, str], task_id: str
) -> None:
    assert client.get(f"{UPLOAD}/{task_id}", headers=headers).status_code == 404


def test_a_crash_in_the_middle_keeps_the_parts_done_and_a_repeat_makes_the_rest_once(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"Item {number},,,1,,,,,," for number in range(1_200)]
    task_id = send(client, headers, csv_file(*rows)).json["data"]["task_id"]
    make, calls = writing.make, []

    def breaks_off(*args: Any, **kwargs: Any) -> list[int]:
        calls.append(len(args[1]))
        made = make(*args, **kwargs)
        if len(calls) == 2:
            raise RuntimeError("the machine went down")
        return made

    monkeypatch.setattr(writing, "make", breaks_off)
    with pytest.raises(RuntimeError):
        uploading.finish(task_id)
    halfway = report(client, headers, task_id)
    for _ in range(2):
        uploading.finish(task_id)

    assert counts(halfway) == ("running", 1_200, 500, 0, 0)
    assert calls == [500, 500, 500, 200]
    assert counts(report(client, headers, task_id)) == ("done", 1_200, 1_200, 0, 0)
    assert [row[0] for row in items(session)] == [f"Item {number}" for number in range(1_200)]
    assert session.scalar(select(func.count()).select_from(LiveEvent)) == 1
    assert_sound()


def test_a_part_takes_as_many_statements_for_many_rows_as_for_two(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str], statements: Statements
) -> None:
    make_item(session, shop, sku="OLD")
    seen = []
    for number in (2, 100):
        rows = [f"Item {number} {row},,,{number},,,,,,I-{number}-{row}" for row in range(number)]
        content = csv_file(*rows, f"Old,,,{number},,{number},,,,OLD")
        task_id = send(client, headers, content).json["data"]["task_id"]
        statements.clear()
        uploading.finish(task_id)
        seen.append(len(statements))

    assert seen[0] == seen[1] <= 16
