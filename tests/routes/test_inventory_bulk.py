"""Setting stock from a CSV file: what is written, and what each row is told."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import LocationKind
from app.domain.stock_rows import MOST_ROWS
from app.models import AuditEvent, Inventory, Product, StockChange, StockLocation
from tests.conftest import Statements
from tests.factories import make_location, make_product, make_stock
from tests.shopping import assert_sound, make_shopper, open_shop

BULK = "/api/v1/admin/inventory/bulk"
HEADER = "product_id,branch_id,available_quantity,reserved_quantity"


def send(client: FlaskClient, headers: dict[str, str], content: str | bytes, field: str = "file") -> TestResponse:
    """Encoded here, as the test client would leave the temporary file of a large body unclosed."""
    raw = content.encode() if isinstance(content, str) else content
    head = f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="stock.csv"\r\n\r\n'
    body = head.encode() + raw + b"\r\n--edge--\r\n"
    return client.post(BULK, data=body, content_type="multipart/form-data; boundary=edge", headers=headers)


def lines(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


def pieces(session: Session, product: Product, branch: StockLocation) -> tuple[int, int]:
    columns = select(Inventory.available_quantity, Inventory.reserved_quantity)
    row = session.execute(columns.filter_by(product_id=product.id, stock_location_id=branch.id)).one()
    return row.available_quantity, row.reserved_quantity


def actions(answer: TestResponse) -> list[Any]:
    return [(result["row_number"], result["status"], result["action"]) for result in answer.json["data"]["results"]]


def test_rows_are_created_updated_or_left_as_they_are(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    new, old, same = (make_product(session) for _ in range(3))
    make_stock(session, old, branch, 5)
    make_stock(session, same, branch, 7)

    answer = send(
        client,
        as_manager,
        lines(f"{new.id},{branch.id},3,1", f"{old.id},{branch.id},9,0", f"{same.id},{branch.id},7,0"),
    )

    assert answer.status_code == 202
    report = answer.json["data"]
    assert (report["total"], report["success"], report["errors"], report["error_details"]) == (3, 3, 0, [])
    assert actions(answer) == [(2, "success", "created"), (3, "success", "updated"), (4, "success", "unchanged")]
    assert report["results"][0]["product_id"] == new.id
    assert pieces(session, new, branch) == (3, 1)
    assert pieces(session, old, branch) == (9, 0)
    audited = session.execute(select(AuditEvent.action, AuditEvent.context).order_by(AuditEvent.id)).all()
    assert [tuple(row) for row in audited] == [("CREATE", {"source": "bulk"}), ("UPDATE", {"source": "bulk"})]
    assert session.scalar(select(func.count()).select_from(StockChange)) == 1
    assert_sound()


def test_a_refused_row_names_the_ids_that_can_be_read(client: FlaskClient, as_manager: dict[str, str]) -> None:
    answer = send(client, as_manager, lines("7,2,-4,0", "seven,2,4,0", f"{2**63},0,4,0", "7"))

    found = [(result["product_id"], result["branch_id"]) for result in answer.json["data"]["results"]]
    assert found == [(7, 2), (None, 2), (None, None), (7, None)]


def test_a_bad_row_is_reported_and_loses_no_other(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    good, last = make_product(session), make_product(session)
    foreign = make_product(session, shop_id=make_location(session, kind=LocationKind.SHOP).id)

    answer = send(
        client,
        as_manager,
        lines(
            f"{good.id},{branch.id},4,0",
            f"{good.id},{branch.id},minus one,0",
            f"{good.id},999999,1,0",
            f"{foreign.id},{branch.id},1,0",
            f"{good.id},{branch.id},1",
            f'"{good.id},{branch.id},1,0',
            f"{good.id},{branch.id},6,0",
            f"{last.id},{branch.id},1000001,0",
            "",
            f"{last.id},{branch.id},2,",
        ),
    )

    report = answer.json["data"]
    assert (report["total"], report["success"], report["errors"]) == (9, 2, 7)
    assert [fault["row_number"] for fault in report["error_details"]] == [3, 4, 5, 6, 7, 8, 9]
    said = [fault["error"] for fault in report["error_details"]]
    assert said[0].startswith("available_quantity must be a whole number")
    assert said[1] == "There is no branch 999999."
    assert said[2] == f"There is no product {foreign.id}."
    assert said[3] == "The row has 3 cells; the header has 4."
    assert said[4].startswith("The row is not CSV")
    assert said[5] == "Row 2 is for the same product and branch; this one was left out."
    assert report["error_details"][0]["row"]["available_quantity"] == "minus one"
    assert report["results"][-1]["row_number"] == 11
    assert pieces(session, good, branch) == (4, 0)
    assert pieces(session, last, branch) == (2, 0)
    assert_sound()


@pytest.mark.parametrize("encode", [str.encode, lambda text: b"\xef\xbb\xbf" + text.encode()])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_semicolons_byte_order_marks_and_any_line_end_are_read(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation, encode: Any, end: str
) -> None:
    product = make_product(session)
    text = f"Branch_ID;Product_ID;Available_Quantity;Reorder_Point{end}{branch.id};{product.id};6;2"

    answer = send(client, as_manager, encode(text))

    assert actions(answer) == [(2, "success", "created")]
    assert session.scalars(select(Inventory.reorder_point)).one() == 2


def test_an_empty_or_absent_cell_keeps_what_the_shop_has(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    product = make_product(session)
    send(client, as_manager, f"{HEADER},reorder_point\n{product.id},{branch.id},5,2,3")

    send(client, as_manager, f"product_id,branch_id,available_quantity,reorder_point\n{product.id},{branch.id},8,")

    row = session.execute(select(Inventory).execution_options(populate_existing=True)).scalar_one()
    assert (row.available_quantity, row.reserved_quantity, row.reorder_point) == (8, 2, 3)
    assert_sound()


def test_what_orders_hold_cannot_be_set_away(client: FlaskClient, session: Session, as_manager: dict[str, str]) -> None:
    shop = open_shop(session, stock=10)
    shopper = make_shopper(session, client)
    shopper.add(shop.products[0], 4)
    shopper.confirm(shop)
    place = f"{shop.products[0].id},{shop.warehouse.id}"

    refused = send(client, as_manager, lines(f"{place},50,3"))
    taken = send(client, as_manager, lines(f"{place},50,4"))

    assert actions(refused) == [(2, "error", None)]
    assert "hold 4 pieces" in refused.json["data"]["error_details"][0]["error"]
    assert actions(taken) == [(2, "success", "updated")]
    assert_sound()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "first row must name"),
        (b"product_id,branch_id\n1,1\n", "first row must name"),
        (HEADER.encode() + b",price\n", "first row must name"),
        (HEADER.encode() + b",product_id\n", "first row must name"),
        (lines("1,1,1,1").encode("utf-16"), "not UTF-8"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)), "not UTF-8"),
        (lines(*["1,1,1,1"] * (MOST_ROWS + 1)).encode(), "more than 50000 rows"),
    ],
)
def test_a_file_that_is_no_stock_file_is_refused_as_a_whole(
    client: FlaskClient, as_manager: dict[str, str], content: bytes, said: str
) -> None:
    answer = send(client, as_manager, content)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_CSV")
    assert said in answer.json["error"]["message"]


def test_a_call_without_a_file_says_so(client: FlaskClient, as_manager: dict[str, str]) -> None:
    empty = client.post(BULK, headers=as_manager)
    as_text = client.post(BULK, data={"file": HEADER}, content_type="multipart/form-data", headers=as_manager)
    elsewhere = send(client, as_manager, HEADER, field="upload")

    for answer in (empty, as_text, elsewhere):
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "NO_FILE")


def test_a_file_beyond_five_megabytes_is_too_large(client: FlaskClient, as_manager: dict[str, str]) -> None:
    answer = send(client, as_manager, b"x" * 5_000_001)

    assert (answer.status_code, answer.json["error"]["code"]) == (413, "HTTP_413")


def test_many_rows_cost_no_more_statements_than_few(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation, statements: Statements
) -> None:
    products = [make_product(session) for _ in range(12)]
    for product in products[:8]:
        make_stock(session, product, branch, 1)
    few = lines(f"{products[0].id},{branch.id},5,0", f"{products[9].id},{branch.id},5,0")
    many = lines(*(f"{product.id},{branch.id},6,0" for product in products))
    statements.clear()

    send(client, as_manager, few)
    for_few = len(statements)
    statements.clear()
    send(client, as_manager, many)

    assert len(statements) == for_few
