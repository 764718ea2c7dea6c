"""Orders of stops to solve, made from generated stores, and the fixture of lengths proved to be the shortest.

`.venv/bin/python -m scripts.store_instances` proves again and writes tests/data/shortest_routes.json.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.domain.store_map import distances, exact, tour
from app.domain.store_map.graph import Grid, grid_of
from app.domain.store_map.layout import ENTRANCE, Cell
from app.domain.store_map.problem import Problem
from app.domain.store_map.stops import Item, gather
from scripts.store_generator import MIDDLE, SMALL, Shape, shopping_list, store

FIXTURE = Path(__file__).parent.parent / "tests" / "data" / "shortest_routes.json"
PROOF_SECONDS = 60

VARIANTS: dict[str, tuple[Shape, bool]] = {
    "60x40": (SMALL, False),
    "200x150": (MIDDLE, False),
    "60x40 one-way, 3 tills": (replace(SMALL, one_way=True, tills=3), False),
    "60x40 two floors": (replace(SMALL, floors=2), False),
    "60x40 frozen last": (SMALL, True),
}
"""Shape, and whether every fourth product is frozen and comes last."""
SIZES = {"60x40": (12, 30, 60), "200x150": (12, 30, 60)}
SEEDS = 4


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem, and the cell of each of its places (that of the end is the entrance, as a stand-in)."""

    problem: Problem
    cells: list[Cell]


def instance(shape: Shape, stops: int, seed: int, *, frozen: bool = False) -> Instance:
    """A list of products in a generated store, from its entrance to a till; each product has one access cell."""
    layout = store(shape)
    grid = grid_of(layout)
    items = [
        Item(number, (_stand(grid, shelves[0]),), is_frozen=frozen and number % 4 == 0)
        for number, shelves in enumerate(shopping_list(layout, stops, seed))
    ]
    door = layout.cells(ENTRANCE)[0]
    origin = grid.index_of(door)
    assert origin is not None
    stops_made = gather(layout, grid, distances.EMPTY, origin, items, to_till=True)
    cells = [door, door, *(grid.cell_of(cell) for cell in stops_made.cells())]
    return Instance(stops_made.problem(frozen), cells)


def _stand(grid: Grid, shelf: Cell) -> Cell:
    """The walkable cell left of a shelf cell, else right of it."""
    floor, x, y = shelf
    left = grid.index_of((floor, x - 1, y))
    return (floor, x - 1, y) if left is not None and grid.is_walkable(left) else (floor, x + 1, y)


def main() -> None:
    """Prove every instance and write those that were proved."""
    proved = []
    for name, (shape, frozen) in VARIANTS.items():
        for stops in SIZES.get(name, (30,)):
            for seed in range(100, 100 + SEEDS):
                problem = instance(shape, stops, seed, frozen=frozen).problem
                proof = exact.prove(problem, tour.shortest(problem)[0], PROOF_SECONDS)
                print(name, stops, seed, proof.bound, proof.is_optimal, flush=True)
                if proof.is_optimal:
                    proved.append({"variant": name, "stops": stops, "seed": seed, "steps": proof.bound})
    shapes = {name: asdict(shape) for name, (shape, _) in VARIANTS.items()}
    lines = ",\n".join(f"    {json.dumps(entry)}" for entry in proved)
    FIXTURE.write_text(f'{{\n  "shapes": {json.dumps(shapes)},\n  "instances": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
