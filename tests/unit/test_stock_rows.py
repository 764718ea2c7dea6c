"""Reading a bulk file of stock row by row."""

import pytest

from app.domain.stock_rows import RefusedRow, StockRow, UnreadableFile, read_rows

HEADER = b"product_id,branch_id,available_quantity\n"


def only(content: bytes) -> StockRow | RefusedRow:
    (row,) = read_rows(HEADER + content)
    return row


def test_a_row_is_read_with_its_number_and_what_is_absent_is_unknown() -> None:
    assert only(b' 7 ,"2",30\n') == StockRow(2, 7, 2, 30, None, None)


@pytest.mark.parametrize(
    "cell",
    ["", "-1", "+1", "1.0", "1e3", "0x1", "1_000", "1000001", "9" * 19, "9" * 5000, "\u0663", "=1+1", "NaN", "\x00"],
)
def test_only_whole_numbers_within_reason_are_quantities(cell: str) -> None:
    refused = only(f"7,2,{cell}\n".encode())

    assert isinstance(refused, RefusedRow)
    assert refused.error == "available_quantity must be a whole number from 0 to 1000000."
    assert refused.cells == {"product_id": "7", "branch_id": "2", "available_quantity": cell[:100]}


@pytest.mark.parametrize("cell", ["0", str(2**63)])
def test_an_id_is_one_that_a_row_can_have(cell: str) -> None:
    assert isinstance(only(f"{cell},2,3".encode()), RefusedRow)


def test_an_unclosed_quote_spoils_its_own_row_only() -> None:
    rows = read_rows(HEADER + b'"7,2,3\n8,2,3\n')

    assert isinstance(rows[0], RefusedRow)
    assert rows[1] == StockRow(3, 8, 2, 3, None, None)


def test_a_cell_of_any_length_spoils_its_own_row_only() -> None:
    rows = read_rows(HEADER + b'"' + b"x" * 200_000 + b'",2,3\n8,2,3\n')

    assert isinstance(rows[0], RefusedRow)
    assert len(rows[0].cells["product_id"]) == 100
    assert isinstance(rows[1], StockRow)


def test_a_file_of_a_header_alone_has_no_rows() -> None:
    assert read_rows(HEADER) == read_rows(HEADER + b"\n  \n") == []


def test_columns_may_stand_in_any_order_but_not_be_unknown() -> None:
    (row,) = read_rows(b'"Reorder_Point"; available_quantity ;branch_id;product_id\r\n4;3;2;1\r\n')

    assert row == StockRow(2, 1, 2, 3, None, 4)
    with pytest.raises(UnreadableFile, match="first row must name"):
        read_rows(b"product_id,branch_id,available_quantity,price\n")
