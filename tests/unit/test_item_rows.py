"""Reading the rows of a file of items."""

import pytest

from app.domain.csv_records import BadRecord, records
from app.domain.item_rows import (
    LONGEST_CELL,
    MOST_COLUMNS,
    FileRow,
    MissingColumns,
    RowFault,
    UnreadableFile,
    rows_of,
    without_guard,
)


def cells(text: str) -> list[tuple[int, list[str] | None]]:
    """(number, cells) of each record, None for a bad one."""
    return [(number, None if isinstance(found, BadRecord) else found) for number, found in records(text)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_records_are_numbered_by_their_first_line_and_empty_ones_left_out(end: str) -> None:
    text = end.join(["a,b", "", '1,"x', 'y"', "2,z"])

    assert cells(text) == [(1, ["a", "b"]), (3, ["1", "x\ny"]), (5, ["2", "z"])]


@pytest.mark.parametrize(
    "bad", ['"open,1', 'x,"open', '"a"b,1', '"open\nnext "quote" here,1'], ids=["first", "second", "after", "lines"]
)
def test_a_bad_quote_loses_only_its_own_line(bad: str) -> None:
    found = cells(f"a,b\n{bad}\n2,good\n3,good")

    assert found[1] == (2, None)
    assert found[-2:] == [(len(bad.splitlines()) + 2, ["2", "good"]), (len(bad.splitlines()) + 3, ["3", "good"])]


def test_an_inch_sign_in_the_middle_of_a_cell_is_no_quote() -> None:
    assert cells('a,b\n5" pipe,1\n6" pipe,2') == [(1, ["a", "b"]), (2, ['5" pipe', "1"]), (3, ['6" pipe', "2"])]


def test_a_quote_that_closes_far_below_does_not_swallow_the_rows_between() -> None:
    rows = "".join(f"{number},x\n" for number in range(100))

    found = cells(f'a,b\n"open,1\n{rows}"')

    assert len([row for _, row in found if row]) == 101


@pytest.mark.parametrize(("text", "separator"), [("a;b,c;d", ";"), ("a\tb", "\t"), ("a,b", ","), ("a", ",")])
def test_the_header_tells_the_separator(text: str, separator: str) -> None:
    assert cells(text) == [(1, text.split(separator))]


def test_columns_are_named_in_any_case_and_order_and_empty_cells_are_left_out() -> None:
    header = [" PRICE ", "", "Quantity In  Stock", "Title", "colour"]

    rows = rows_of(iter([(1, header), (2, ["1", "x", "", " Rice ", "red"]), (3, ["", "", " "]), (4, ["2"])]))

    assert rows == [FileRow(2, {"price": "1", "title": "Rice", "colour": "red"}), FileRow(4, {"price": "2"})]


def test_a_row_with_too_many_or_too_long_cells_is_a_fault_and_empty_ones_beyond_are_not() -> None:
    records_ = [(1, ["title", "price"]), (2, ["a", "1", "x"]), (3, ["b", "1", " "]), (4, ["c" * (LONGEST_CELL + 1)])]

    rows = rows_of(iter(records_))

    assert [type(row) for row in rows] == [RowFault, FileRow, RowFault]


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ([], MissingColumns),
        (["title"], MissingColumns),
        (["title", "price", "Title"], UnreadableFile),
        (["title", "price", *(f"c{number}" for number in range(MOST_COLUMNS))], UnreadableFile),
        (BadRecord("why"), UnreadableFile),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(header: list[str] | BadRecord, error: type[Exception]) -> None:
    with pytest.raises(error):
        rows_of(iter([(1, header)]))


@pytest.mark.parametrize(("cell", "read"), [("'=1+1", "=1+1"), ("'-5", "-5"), ("'n beetje", "'n beetje"), ("'", "'")])
def test_the_apostrophe_before_a_formula_is_taken_off(cell: str, read: str) -> None:
    assert without_guard(cell) == read
