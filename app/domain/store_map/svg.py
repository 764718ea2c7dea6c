"""The plan and a route through it as a drawing, floors beside each other. One cell is one unit of the drawing."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

from app.domain.store_map.layout import CLOSED, ENTRANCE, ONE_WAY, SHELF, STAIRS, TILL, WALK, Cell, Layout
from app.domain.store_map.legs import Leg

_FILLS = {SHELF: "#b8c0cc", CLOSED: "#f3c9c4", ENTRANCE: "#8fd0a0", TILL: "#f5cf70", STAIRS: "#c5b3e6"}
_FILLS |= dict.fromkeys(ONE_WAY, "#e6f0fb")
_ARROWS = {">": "→", "v": "↓", "<": "←", "^": "↑"}
_WORDS = {CLOSED: "Closed", ENTRANCE: "Entrance", TILL: "Till", STAIRS: "Stairs or lift"}
_MARGIN = 2
_LARGEST_PX = 1600

Rectangle = tuple[int, int, int, int, str]
"""Column, row, width, height and sign."""


def draw(layout: Layout, legs: Sequence[Leg] = (), names: Mapping[int, str] | None = None) -> str:
    """An SVG document: the floors, the legs of a route, its stops with their numbers.

    `names` of products by id appear when a stop is pointed at.
    """
    left = _floor_edges(layout)
    width = max(left.values(), default=0) + _right_part(layout)
    height = max(len(rows) for rows in layout.floors.values()) + 3 * _MARGIN
    size = max(1.0, min(width, height) / 45)
    zoom = min(12.0, _LARGEST_PX / max(width, height))
    parts = [part for floor in sorted(layout.floors) for part in _floor(layout, floor, left[floor], size)]
    parts += _route(legs, left, size, names or {})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-size:.2f} {-size:.2f} {width + 2 * size:.2f} '
        f'{height + 2 * size:.2f}" width="{width * zoom:.0f}" height="{height * zoom:.0f}" font-family="sans-serif">'
        f'<title>Route through the store</title><rect x="{-size:.2f}" y="{-size:.2f}" width="100%" height="100%" '
        f'fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _floor_edges(layout: Layout) -> dict[int, int]:
    """The left edge of each floor in the drawing."""
    edges, left = {}, _MARGIN
    for floor in sorted(layout.floors):
        edges[floor] = left
        left += len(layout.floors[floor][0]) + 2 * _MARGIN
    return edges


def _right_part(layout: Layout) -> int:
    """The width of the rightmost floor with its margin."""
    return len(layout.floors[max(layout.floors)][0]) + _MARGIN


def _floor(layout: Layout, floor: int, left: int, size: float) -> Iterator[str]:
    rows = layout.floors[floor]
    top = 2 * _MARGIN
    yield f'<text x="{left}" y="{top - 0.6:g}" font-size="{max(1.4, size):.2f}" fill="#333333">Floor {floor}</text>'
    yield (
        f'<g transform="translate({left} {top})"><rect width="{len(rows[0])}" height="{len(rows)}" fill="#fafafa" '
        'stroke="#555555" stroke-width=".15"/>'
    )
    for x, y, width, height, sign in rectangles(rows):
        box = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{_FILLS[sign]}"'
        yield f"{box}><title>{_WORDS[sign]}</title></rect>" if sign in _WORDS else f"{box}/>"
        yield _label(x, y, width, height, sign, size)
    yield "</g>"


def _label(x: int, y: int, width: int, height: int, sign: str, size: float) -> str:
    """An arrow in the middle of a one-way aisle."""
    if sign in _ARROWS:
        return (
            f'<text x="{x + width / 2:g}" y="{y + height / 2:g}" font-size="{max(1.0, size * 0.8):.2f}" fill="#5b86b8" '
            f'text-anchor="middle" dominant-baseline="central">{_ARROWS[sign]}</text>'
        )
    return ""


def rectangles(rows: Sequence[str]) -> list[Rectangle]:
    """The drawn cells of a floor in few rectangles: runs of a row, joined with the same run in the rows below."""
    done: list[Rectangle] = []
    growing: dict[tuple[int, int, str], int] = {}
    for y, row in enumerate([*rows, ""]):
        runs = set(_runs(row))
        for run in [run for run in growing if run not in runs]:
            x, width, sign = run
            first = growing.pop(run)
            done.append((x, first, width, y - first, sign))
        for run in runs:
            growing.setdefault(run, y)
    return sorted(done, key=lambda rectangle: (rectangle[1], rectangle[0]))


def _runs(row: str) -> Iterator[tuple[int, int, str]]:
    """Column, length and sign of every run that is drawn."""
    x = 0
    for sign, cells in groupby(row):
        width = len(list(cells))
        if sign != WALK:
            yield x, width, sign
        x += width


def _route(legs: Sequence[Leg], left: Mapping[int, int], size: float, names: Mapping[int, str]) -> Iterator[str]:
    for leg in legs:
        for stretch in _by_floor(leg.polyline):
            points = " ".join(_point(cell, left) for cell in stretch)
            yield (
                f'<polyline points="{points}" fill="none" stroke="#1c6fd1" stroke-width="{size * 0.35:.2f}" '
                'stroke-linejoin="round" stroke-linecap="round" opacity=".75"/>'
            )
    if legs:
        yield _disc(legs[0].polyline[0], left, size, "", "Start", "#1f8a4c")
    for cell, numbers, titles, is_till in _stops(legs, names):
        yield _disc(cell, left, size, numbers, titles, "#1f8a4c" if is_till else "#c0392b")


def _by_floor(polyline: Sequence[Cell]) -> list[list[Cell]]:
    """The stretches of a way that stay on one floor."""
    return [list(cells) for _, cells in groupby(polyline, key=lambda cell: cell[0])]


def _stops(legs: Sequence[Leg], names: Mapping[int, str]) -> Iterator[tuple[Cell, str, str, bool]]:
    """Cell, numbers, names and whether it is a till, for each place where the route stops."""
    numbered = list(enumerate(legs, 1))
    for cell, together in groupby(numbered, key=lambda entry: entry[1].polyline[-1]):
        group = list(together)
        first, last = group[0][0], group[-1][0]
        titles = ", ".join(_title(leg, names) for _, leg in group)
        yield cell, str(first) if first == last else f"{first}-{last}", titles, group[-1][1].product_id is None


def _title(leg: Leg, names: Mapping[int, str]) -> str:
    return "Till" if leg.product_id is None else names.get(leg.product_id, f"Product {leg.product_id}")


def _point(cell: Cell, left: Mapping[int, int]) -> str:
    """The middle of a cell in the drawing."""
    return f"{left[cell[0]] + cell[1] + 0.5:g},{2 * _MARGIN + cell[2] + 0.5:g}"


def _disc(cell: Cell, left: Mapping[int, int], size: float, number: str, title: str, fill: str) -> str:
    x, y = _point(cell, left).split(",")
    font = size * (0.95 if len(number) < 3 else 0.6)
    return (
        f'<g><title>{escape(title)}</title><circle cx="{x}" cy="{y}" r="{size * 0.8:.2f}" fill="{fill}" '
        f'stroke="#ffffff" stroke-width="{size * 0.12:.2f}"/><text x="{x}" y="{y}" font-size="{font:.2f}" '
        f'fill="#ffffff" text-anchor="middle" dominant-baseline="central">{number}</text></g>'
    )
