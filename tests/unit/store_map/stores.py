"""Small stores made at random for the properties, and a checker of ways that knows the rules by itself."""

from itertools import pairwise

from hypothesis import strategies as st

from app.domain.store_map.layout import Cell, Layout, Stair
from app.domain.store_map.stops import Item

ARROWS = {">": (1, 0), "<": (-1, 0), "v": (0, 1), "^": (0, -1)}
OPPOSITE = {">": "<", "<": ">", "v": "^", "^": "v"}


@st.composite
def layouts(draw: st.DrawFn, signs: str = "......###><^vXC") -> Layout:
    """One or two floors of up to 8x7 cells with an entrance and a till; parts may be cut off."""
    width, height = draw(st.integers(2, 8)), draw(st.integers(2, 7))
    floors = {}
    for floor in range(draw(st.integers(1, 2))):
        sign = st.sampled_from(signs)
        floors[floor] = [draw(st.lists(sign, min_size=width, max_size=width)) for _ in range(height)]
    floors[0][height - 1][0], floors[0][height - 1][width - 1] = "E", "C"
    stairs = []
    if len(floors) == 2:
        stairs.append(Stair((0, 0, 0), (1, 0, 0), draw(st.integers(1, 5))))
        floors[0][0][0] = floors[1][0][0] = "S"
    return Layout(50, {floor: tuple(map("".join, rows)) for floor, rows in floors.items()}, tuple(stairs))


@st.composite
def stores_with_lists(draw: st.DrawFn, signs: str = "......###><^vXC") -> tuple[Layout, list[Item]]:
    """A store and up to eight products with up to three places each, some frozen, some nowhere."""
    layout = draw(layouts(signs))
    every = [
        (floor, x, y) for floor, rows in layout.floors.items() for y, row in enumerate(rows) for x in range(len(row))
    ]
    places = st.lists(st.sampled_from(every), max_size=3).map(tuple)
    shelves = draw(st.lists(places, max_size=8))
    return layout, [Item(number, spots, is_frozen=draw(st.booleans())) for number, spots in enumerate(shelves, 1)]


def steps_from(layout: Layout, cell: Cell) -> dict[Cell, int]:
    """Where one may go from a cell and what it costs, straight from the words of the contract."""
    sign = layout.sign(cell)
    found = {}
    for arrow, (across, down) in ARROWS.items():
        other = (cell[0], cell[1] + across, cell[2] + down)
        ahead = layout.sign(other)
        if ahead is None or ahead in "#X" or (sign in ARROWS and sign != arrow) or ahead == OPPOSITE[arrow]:
            continue
        found[other] = 1
    for stair in layout.stairs:
        for one, other in ((stair.one, stair.other), (stair.other, stair.one)):
            if one == cell:
                found[other] = min(stair.cost, found.get(other, stair.cost))
    return found


def all_steps(layout: Layout, start: Cell) -> dict[Cell, int]:
    """Steps from a cell to every cell that can be reached (Bellman-Ford, as plain as can be)."""
    known, changed = {start: 0}, True
    while changed:
        changed = False
        for cell in list(known):
            for other, cost in steps_from(layout, cell).items():
                if known[cell] + cost < known.get(other, 10**9):
                    known[other] = known[cell] + cost
                    changed = True
    return known


def walked(layout: Layout, polyline: tuple[Cell, ...]) -> int:
    """The steps along a way; fails where a step is not allowed."""
    total = 0
    for one, other in pairwise(polyline):
        here = one
        while here != other:
            ahead = other if here[0] != other[0] else _toward(here, other)
            total += steps_from(layout, here)[ahead]
            here = ahead
    return total


def _toward(here: Cell, goal: Cell) -> Cell:
    across, down = goal[1] - here[1], goal[2] - here[2]
    assert not (across and down), "a way is straight between two corners"
    return here[0], here[1] + (across > 0) - (across < 0), here[2] + (down > 0) - (down < 0)


def stands(layout: Layout, item: Item) -> set[Cell]:
    """The cells one can take an item from, straight from the words of the contract."""
    found = set()
    for floor, x, y in item.shelves:
        around = [(floor, x, y)]
        if layout.sign((floor, x, y)) in ("#", "X"):
            around = [(floor, x + 1, y), (floor, x - 1, y), (floor, x, y + 1), (floor, x, y - 1)]
        found |= {cell for cell in around if (layout.sign(cell) or "#") not in "#X"}
    return found
