"""A floor of the plan as a drawing: racks, doors, arrows of one-way aisles, names of sections."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from app.domain.store_map.layout import CLOSED, ENTRANCE, ONE_WAY, SHELF, STAIRS, TILL, WALK, Layout
from app.domain.store_map.svg_paper import Paper

_FILLS = {SHELF: "#d5dae1", CLOSED: "#f3c9c4", ENTRANCE: "#8fd0a0", TILL: "#f5cf70", STAIRS: "#c5b3e6"}
_FILLS |= dict.fromkeys(ONE_WAY, "#e6f0fb")
_ARROWS = {">": "→", "v": "↓", "<": "←", "^": "↑"}
_WORDS = {SHELF: "Shelf", ENTRANCE: "Entrance", TILL: "Till", STAIRS: "Stairs or lift", CLOSED: "Closed for now"}
LEGEND = [*((sign, _FILLS[sign], word) for sign, word in _WORDS.items()), (ONE_WAY, _FILLS[">"], "One-way aisle")]
"""Signs, colour and meaning."""

_SMALLEST_FONT, _LARGEST_FONT, _LETTER = 7.0, 13.0, 0.56
"""In pixels; a letter is so wide, as a part of the size of the font."""

Rectangle = tuple[int, int, int, int, str]
"""Column, row, width, height and sign."""


class Section(NamedTuple):
    """A named rectangle of cells, corners included."""

    name: str
    floor: int
    x1: int
    y1: int
    x2: int
    y2: int


def draw_floor(layout: Layout, floor: int, paper: Paper, sections: Sequence[Section] = ()) -> Iterator[str]:
    """A floor at its place on the paper, in units of one cell."""
    rows, (left, top) = layout.floors[floor], paper.corners[floor]
    yield f'<text x="{left:.1f}" y="{top - 7:.1f}" fill="#333333" font-weight="600">Floor {floor}</text>'
    yield (
        f'<g transform="translate({left:.1f} {top:.1f}) scale({paper.cell:.3f})"><rect width="{len(rows[0])}" '
        f'height="{len(rows)}" fill="#fbfbfc" stroke="#6b7280" stroke-width="{1.5 / paper.cell:.3f}"/>'
    )
    for x, y, width, height, sign in rectangles(rows):
        box = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{_FILLS[sign]}"'
        yield f"{box}><title>{_WORDS[sign]}</title></rect>" if sign in _WORDS and sign != SHELF else f"{box}/>"
        yield _arrow(x, y, width, height, sign)
    yield "</g>"
    yield from (_name(section, paper) for section in sections if section.floor == floor)


def _arrow(x: int, y: int, width: int, height: int, sign: str) -> str:
    """An arrow in the middle of a one-way aisle."""
    if sign not in _ARROWS:
        return ""
    return (
        f'<text x="{x + width / 2:g}" y="{y + height / 2:g}" font-size="{max(1, min(width, height, 3)):g}" '
        f'fill="#3f74b5" text-anchor="middle" dominant-baseline="central">{_ARROWS[sign]}</text>'
    )


def _name(section: Section, paper: Paper) -> str:
    """The name of a section from the start of its longer side, if it can be read there at all."""
    left, top = paper.corners[section.floor]
    width, height = ((section.x2 - section.x1 + 1) * paper.cell, (section.y2 - section.y1 + 1) * paper.cell)
    font = min(_LARGEST_FONT, 0.62 * min(width, height), max(width, height) / (_LETTER * len(section.name)))
    if font < _SMALLEST_FONT:
        return ""
    x, y = left + section.x1 * paper.cell, top + section.y1 * paper.cell
    place = f'transform="translate({x + width / 2:.1f} {y + 3:.1f}) rotate(90)"'
    if width >= height:
        place = f'transform="translate({x + 3:.1f} {y + height / 2:.1f})"'
    return (
        f'<text {place} font-size="{font:.1f}" fill="#5b6472" dominant-baseline="central">{escape(section.name)}</text>'
    )


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
