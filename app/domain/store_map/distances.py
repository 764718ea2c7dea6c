"""The table of walking distances a published plan keeps, so that a request looks them up.

Made with `scipy.sparse.csgraph.breadth_first_order`: one search a cell. Its order is sorted by distance, and the
parents' places in that order show where each next distance begins, so no second pass over the graph is needed.
"""

import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from app.domain.store_map import sweep
from app.domain.store_map.graph import Grid

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[Any]]

MOST_TABLE_CELLS = 6000
"""Of a table; the square of it times two bytes is what it takes."""

MOST_SWEPT = 8
"""Cells without a row in the table from which a request sweeps."""

_HEAD = struct.Struct("<4sI")
_FORMS: dict[bytes, Literal["H", "I"]] = {b"SMD2": "H", b"SMD4": "I"}
"""Of 16 and of 32 bits a distance, by the first bytes; the largest number of a form stands for "there is no way"."""


@dataclass(frozen=True, slots=True)
class DistanceTable:
    """Steps from each of some cells to each other one; `places` says in which row and column a cell is."""

    places: dict[int, int]
    steps: "memoryview[int]"
    far: int

    def between(self, one: int, other: int) -> int | None:
        """Steps from a cell of the table to another; None when there is no way."""
        found = self.steps[self.places[one] * len(self.places) + self.places[other]]
        return None if found == self.far else found


EMPTY = DistanceTable({}, memoryview(array("H")), 0)
"""Of a plan that is not published: every distance is looked for when it is asked for."""


def _to_bytes(cells: Sequence[int], steps: "Matrix") -> bytes:
    """The table in the form `from_bytes` reads: form, number of cells, the cells, the rows; little-endian.

    16 bits a distance where that is enough. `steps` has -1 for "there is no way".
    """
    form, letter = (b"SMD2", "<u2") if steps.max(initial=0) < 2**16 - 1 else (b"SMD4", "<u4")
    return _HEAD.pack(form, len(cells)) + array("I", cells).tobytes() + steps.astype(letter).tobytes()


def from_bytes(data: bytes) -> DistanceTable:
    """The table of stored bytes, read in place.

    Raises:
        ValueError: these are not the bytes of a table.
    """
    form, count = _HEAD.unpack_from(data) if len(data) >= _HEAD.size else (b"", 0)
    letter = _FORMS.get(form, "H")
    width = array(letter).itemsize
    start = _HEAD.size + 4 * count
    if form not in _FORMS or len(data) != start + width * count * count:
        raise ValueError("these bytes are no distance table")
    cells = memoryview(data)[_HEAD.size : start].cast("I")
    return DistanceTable(
        {cell: place for place, cell in enumerate(cells)}, memoryview(data)[start:].cast(letter), 256**width - 1
    )


def compute(grid: Grid, cells: Iterable[int]) -> bytes:
    """The stored table of the distances in steps among some walkable cells, one search from each."""
    import numpy as np  # noqa: PLC0415 (only while publishing)
    from scipy.sparse.csgraph import breadth_first_order  # noqa: PLC0415

    sources = sorted(set(cells))
    graph, nodes = _graph(grid)
    targets = nodes[np.asarray(sources, dtype=np.int64)]
    steps = np.full((len(sources), len(sources)), -1, dtype=np.int32)
    for row, source in enumerate(targets):
        order, parents = breadth_first_order(graph, int(source), directed=True, return_predecessors=True)
        steps[row] = _levels(order, parents, targets)
    return _to_bytes(sources, steps)


def _levels(order: "Matrix", parents: "Matrix", targets: "Matrix") -> "Matrix":
    """The distance of each target in a breadth-first order; -1 where the order does not have it."""
    import numpy as np  # noqa: PLC0415

    place = np.full(len(parents), len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    children_end = np.cumsum(np.bincount(place[parents[order[1:]]], minlength=len(order))) + 1
    starts, end = [0], 1
    while end < len(order):
        starts.append(end)
        end = int(children_end[end - 1])
    levels = np.searchsorted(starts, place[targets], side="right") - 1
    return np.where(place[targets] < len(order), levels, -1)


def _graph(grid: Grid) -> tuple[Any, "Matrix"]:
    """The steps as a sparse matrix, and the node of each cell's number; stairs are chains of as many nodes as steps."""
    import numpy as np  # noqa: PLC0415
    from scipy.sparse import csr_array  # noqa: PLC0415

    walkable = _numbers(grid.walkable)
    nodes = np.full(int(walkable[-1]) + 1, -1, dtype=np.int64)
    nodes[walkable] = np.arange(len(walkable))
    tails = [nodes[_numbers(cells)] for cells in grid.steps]
    heads = [nodes[_numbers(cells) + offset] for cells, offset in zip(grid.steps, grid.offsets(), strict=True)]
    chain_tails, chain_heads, count = _chains(grid, nodes.tolist(), len(walkable))
    tail, head = np.concatenate([*tails, chain_tails]), np.concatenate([*heads, chain_heads])
    return csr_array((np.ones(len(tail)), (tail.astype(np.int32), head.astype(np.int32))), shape=(count, count)), nodes


def _numbers(cells: int) -> "Matrix":
    """The members of a set of cells, in order."""
    import numpy as np  # noqa: PLC0415

    data = np.frombuffer(cells.to_bytes(cells.bit_length() // 8 + 1, "little"), dtype=np.uint8)
    return np.flatnonzero(np.unpackbits(data, bitorder="little"))


def _chains(grid: Grid, nodes: list[int], count: int) -> tuple[list[int], list[int], int]:
    """Tails and heads of the stairs' single steps, and the number of nodes with those on the stairs."""
    tails: list[int] = []
    heads: list[int] = []
    for foot, ends in grid.stairs.items():
        for other, cost in ends:
            chain = [nodes[foot], *range(count, count + cost - 1), nodes[other]]
            tails += chain[:-1]
            heads += chain[1:]
            count += cost - 1
    return tails, heads, count


def look_up(grid: Grid, table: DistanceTable, cells: Sequence[int]) -> list[list[int | None]]:
    """Steps from each cell to each other; cells the table lacks are swept from, forwards and backwards.

    From a few of them: for many a table of all is made on the spot, as setting out takes long but each search less.
    """
    if sum(cell not in table.places for cell in cells) > MOST_SWEPT:
        table = from_bytes(compute(grid, cells))
    rows = [[table.between(a, b) if a in table.places and b in table.places else None for b in cells] for a in cells]
    strangers = [place for place, cell in enumerate(cells) if cell not in table.places]
    backwards = grid.reversed() if strangers else grid
    for place in strangers:
        out = sweep.distances(grid, cells[place], cells)
        home = sweep.distances(backwards, cells[place], cells)
        for other, cell in enumerate(cells):
            rows[place][other] = out.get(cell)
            rows[other][place] = home.get(cell)
    return rows
