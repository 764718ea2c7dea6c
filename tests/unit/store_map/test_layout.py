"""Plans from documents and CSV, and what is told about their faults."""

import pytest
from hypothesis import given, settings

from app.domain.store_map import publishing
from app.domain.store_map.layout import Cell, Layout, Stair, UnreadableLayout, from_document, to_document
from app.domain.store_map.layout_csv import from_csv
from tests.unit.store_map.stores import layouts

SOUND = ("E.#.C", ".....")


@settings(max_examples=50, deadline=None)
@given(layouts())
def test_a_document_is_read_back_as_the_same_plan(layout: Layout) -> None:
    assert from_document(to_document(layout)) == layout


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "needs floors"),
        ({"floors": []}, "needs floors"),
        ({"floors": {"ground": ["EC"]}}, "'ground'"),
        ({"floors": {"0": "EC"}}, "Floor 0"),
        ({"floors": {"0": [1]}}, "Floor 0"),
        ({"floors": {}, "cell_cm": "50"}, "cell_cm"),
        ({"floors": {}, "cell_cm": True}, "cell_cm"),
        ({"floors": {}, "stairs": "S"}, "stairs are a list"),
        ({"floors": {}, "stairs": [[[0, 1, 2], [1, 1, 2]]]}, "Stairs number 1"),
        ({"floors": {}, "stairs": [[[0, 1, 2], [1, 1, "2"], 5]]}, "Stairs number 1: '2'"),
    ],
)
def test_a_document_of_another_form_is_refused_with_the_place(document: dict[str, object], says: str) -> None:
    with pytest.raises(UnreadableLayout, match=says):
        from_document(document)


@pytest.mark.parametrize(
    "text",
    [
        "cell_cm,40\nE,,#,C\n.,.,.,.\nfloor,1\nS...\nstairs,0,0,1,1,0,0,20\n",
        "cell_cm;40;;\r\nE;;#;C\r\n.;.;.;.\r\nfloor;1;;\r\nS;;;\r\nstairs;0;0;1;1;0;0;20\r\n",
        "\ufeffcell_cm\t40\nE.#C\n....\nFloor\t1\nS...\nstairs\t0\t0\t1\t1\t0\t0\t20",
    ],
)
def test_a_plan_is_read_from_a_spreadsheet(text: str) -> None:
    layout = from_csv(text)

    assert layout == Layout(40, {0: ("E.#C", "...."), 1: ("S...",)}, (Stair((0, 0, 1), (1, 0, 0), 20),))


@pytest.mark.parametrize(
    ("text", "says"),
    [("floor,ground", "Line 1: floor"), ("E,C\nstairs,0,0,0,1,1,1", "Line 2: stairs"), ('E,C\n".,.', "Line 2")],
)
def test_a_bad_line_of_a_spreadsheet_is_named(text: str, says: str) -> None:
    with pytest.raises(UnreadableLayout, match=says):
        from_csv(text)


def texts(layout: Layout, shelves: dict[int, list[Cell]] | None = None) -> str:
    return "\n".join(fault.text for fault in publishing.faults(layout, shelves or {}))


def plan(*rows: str, cell_cm: int = 50) -> Layout:
    return Layout(cell_cm, {0: rows})


def test_a_sound_plan_has_no_fault() -> None:
    assert publishing.faults(plan(*SOUND), {1: [(0, 2, 0)], 2: [(0, 1, 1)]}) == []


@pytest.mark.parametrize(
    ("layout", "says"),
    [
        (plan("E.C", ".."), "Floor 0, row 2 has 2 cells, but row 1 has 3."),
        (plan("E?C?"), "Floor 0, row 1, column 2: the sign '?' means nothing (2 times in this row)."),
        (plan("..C"), "There is no entrance: mark one with E."),
        (plan("E.."), "There is no till: mark one with C."),
        (plan("E#C"), "Floor 0, row 1, column 3: no entrance leads to this till."),
        (plan("E<C"), "Floor 0, row 1, column 1: no till can be reached from this entrance."),
        (plan("EC", cell_cm=5), "A cell is from 10 to 500 cm long, not 5."),
        (plan(""), "Floor 0 is empty."),
        (plan(), "Floor 0 is empty."),
        (Layout(50, {}), "A plan has 1 to 10 floors, not 0."),
        (Layout(50, {500: ("EC",)}), "Floor 500: floors go from"),
        (plan("E" + "." * 1000 + "C"), "Floor 0 is longer or wider than 1000 cells."),
        (Layout(50, {0: ("." * 1000,) * 600, 1: ("." * 1000,) * 600}), "more than 250,000 cells"),
        (Layout(50, {0: ("ESC",)}, (Stair((0, 1, 0), (1, 0, 0), 5),)), "Stairs number 1: there is no floor 1."),
        (Layout(50, {0: ("ESC",)}, (Stair((0, 1, 0), (0, 9, 0), 5),)), "lies outside the plan"),
        (
            Layout(50, {0: ("ESC",)}, (Stair((0, 1, 0), (0, 0, 0), 5),)),
            "floor 0, row 1, column 1 is not marked with S.",
        ),
        (Layout(50, {0: ("ESC",)}, (Stair((0, 1, 0), (0, 1, 0), 5),)), "stay on floor 0"),
        (Layout(50, {0: ("ESCS",)}, (Stair((0, 1, 0), (0, 3, 0), 0),)), "the cost is 1 to 1000 steps, not 0."),
    ],
)
def test_a_fault_of_the_drawing_blocks_and_says_where(layout: Layout, says: str) -> None:
    found = publishing.faults(layout, {})

    assert says in texts(layout)
    assert any(fault.blocks for fault in found)
    with pytest.raises(ValueError, match="cannot be published"):
        publishing.publish(layout, {})


def test_stairs_within_a_floor_would_let_shoppers_walk_through_walls() -> None:
    """Their ends may stand in one row: the directions would lead straight on through what is between."""
    layout = Layout(50, {0: ("ES#SC",)}, (Stair((0, 1, 0), (0, 3, 0), 1),))

    assert texts(layout) == "Stairs number 1 stay on floor 0; they lead to another one."


def test_every_fault_is_told_at_once() -> None:
    assert len(publishing.faults(plan("E?C", "..", "....", cell_cm=1), {})) == 4


def test_stairs_without_an_end_are_told_but_do_not_block() -> None:
    (fault,) = publishing.faults(plan("ES.C"), {})

    assert (fault.cell, fault.blocks) == ((0, 1, 0), False)


@pytest.mark.parametrize(
    ("rows", "shelf", "says", "blocks"),
    [
        (("E.C", "###", "###"), (0, 1, 2), "no cell to walk on is beside it", True),
        (("E.C",), (0, 9, 0), "stands outside the plan", True),
        (("E.C#.",), (0, 4, 0), "no entrance leads to it", True),
        (("E.C", ".#v"), (0, 2, 1), "no way leads from it to a till", True),
        (("E.CX.",), (0, 4, 0), "closed cells cut it off for now", False),
    ],
)
def test_a_product_nobody_can_fetch_is_named(rows: tuple[str, ...], shelf: Cell, says: str, blocks: bool) -> None:
    (fault,) = publishing.faults(plan(*rows), {17: [shelf]})

    assert fault.text.startswith("Product 17")
    assert says in fault.text
    assert (fault.product_id, fault.cell, fault.blocks) == (17, shelf, blocks)


def test_a_till_behind_closed_cells_does_not_block_while_another_is_open() -> None:
    (fault,) = publishing.faults(plan("E.CXC"), {})

    assert (fault.cell, fault.blocks) == ((0, 4, 0), False)
