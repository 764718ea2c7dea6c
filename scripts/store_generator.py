"""Made-up supermarkets and shopping lists, the same for the same seed: `python -m scripts.store_generator`."""

import random
from dataclasses import dataclass

from app.domain.store_map.layout import Cell, Layout, Stair

DOCK = 1
"""Rows of floor along the front and the back wall at least."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A store of vertical racks: everything in cells; `cross` counts the cross aisles, front and back included."""

    width: int
    height: int
    aisle: int
    rack: int
    cross: int
    tills: int = 1
    one_way: bool = False
    floors: int = 1


SMALL = Shape(60, 40, aisle=1, rack=2, cross=3)
MIDDLE = Shape(200, 150, aisle=4, rack=5, cross=4)
LARGE = Shape(500, 400, aisle=8, rack=10, cross=4)


def store(shape: Shape) -> Layout:
    """The plan of a shape: entrance at the bottom left, tills at the bottom right of the lowest floor."""
    rows = _rows(shape)
    stairs = []
    floors = {}
    for floor in range(shape.floors):
        floors[floor] = list(rows)
        if floor:
            spot = (shape.width // 2, 0)
            stairs.append(Stair((floor - 1, *spot), (floor, *spot), 20))
    for stair in stairs:
        for floor, x, y in (stair.one, stair.other):
            floors[floor][y] = _put(floors[floor][y], x, "S")
    floors[0][-1] = _put(floors[0][-1], 0, "E")
    for till in range(shape.tills):
        floors[0][-1] = _put(floors[0][-1], shape.width - 1 - 2 * till, "C")
    return Layout(50, {floor: tuple(lines) for floor, lines in floors.items()}, tuple(stairs))


def _rows(shape: Shape) -> list[str]:
    crossing = _crossing_rows(shape)
    racks = "".join(_column(shape, x) for x in range(shape.width))
    return ["." * shape.width if y in crossing else racks for y in range(shape.height)]


def _crossing_rows(shape: Shape) -> set[int]:
    """The rows of the cross aisles, spread evenly from the back wall to the front."""
    room = shape.height - shape.aisle
    return {
        round(number * room / (shape.cross - 1)) + row for number in range(shape.cross) for row in range(shape.aisle)
    }


def _column(shape: Shape, x: int) -> str:
    number, place = divmod(x, shape.aisle + shape.rack)
    if place >= shape.aisle and x < shape.width - shape.aisle:
        return "#"
    return "v^"[number % 2] if shape.one_way else "."


def _put(row: str, x: int, sign: str) -> str:
    return row[:x] + sign + row[x + 1 :]


def shelf_sides(layout: Layout) -> list[Cell]:
    """Every shelf cell one can stand in front of, left or right of it."""
    return [
        (floor, x, y)
        for floor, rows in sorted(layout.floors.items())
        for y, row in enumerate(rows)
        for x, sign in enumerate(row)
        if sign == "#" and (row[x - 1 : x] or "#") + (row[x + 1 : x + 2] or "#") != "##"
    ]


def shopping_list(layout: Layout, length: int, seed: int, shelves: int = 1) -> list[list[Cell]]:
    """The shelves of each product of a list; `shelves` of them for every product."""
    chosen = random.Random(seed).sample(shelf_sides(layout), length * shelves)
    return [chosen[place : place + shelves] for place in range(0, len(chosen), shelves)]


def main() -> None:
    """Show what the small one looks like."""
    for row in store(SMALL).floors[0]:
        print(row)


if __name__ == "__main__":
    main()
