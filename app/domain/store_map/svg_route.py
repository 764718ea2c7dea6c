"""The way of a route as a line with arrows, and its stops as numbered badges that do not cover each other."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby, pairwise

from app.domain.store_map.layout import Cell
from app.domain.store_map.legs import Leg
from app.domain.store_map.svg_paper import Paper

_WAY, _STOP, _DOOR = "#1c6fd1", "#b3261e", "#1f7a43"
_RADIUS = 9.0
_ARROW_EVERY_PX = 60.0
_TURNED = {(1, 0): 0, (0, 1): 90, (-1, 0): 180, (0, -1): 270}
_RINGS = 14

Spot = tuple[float, float]
Badge = tuple[float, float, float]
"""Middle and half the width."""


def numbered_stops(legs: Sequence[Leg]) -> list[tuple[str, Leg]]:
    """Every leg with its number, counted from 1."""
    return [(str(number), leg) for number, leg in enumerate(legs, 1)]


def draw_way(legs: Sequence[Leg], paper: Paper, names: Mapping[int, str]) -> Iterator[str]:
    """The line, its arrows, the start, and a badge for every place where the route stops."""
    width = max(2.0, min(4.0, paper.cell * 0.3))
    for leg in legs:
        for floor_way in _by_floor(leg.polyline):
            points = [paper.middle(cell) for cell in floor_way]
            if len(points) > 1:
                path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                yield (
                    f'<polyline points="{path}" fill="none" stroke="{_WAY}" stroke-width="{width:.1f}" '
                    'stroke-linejoin="round" stroke-linecap="round" opacity=".7"/>'
                )
            yield from _arrows(points)
    yield from _badges(legs, paper, names)


def _by_floor(polyline: Sequence[Cell]) -> list[list[Cell]]:
    """The stretches of a way that stay on one floor."""
    return [list(cells) for _, cells in groupby(polyline, key=lambda cell: cell[0])]


def _arrows(points: Sequence[Spot]) -> Iterator[str]:
    """One in the middle of each long straight part."""
    for (x1, y1), (x2, y2) in pairwise(points):
        if abs(x2 - x1) + abs(y2 - y1) >= _ARROW_EVERY_PX:
            angle = _TURNED[(x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)]
            yield (
                f'<path d="M-4-5.5 6 0-4 5.5z" fill="{_WAY}" '
                f'transform="translate({(x1 + x2) / 2:.1f} {(y1 + y2) / 2:.1f}) rotate({angle})"/>'
            )


def _badges(legs: Sequence[Leg], paper: Paper, names: Mapping[int, str]) -> Iterator[str]:
    if not legs:
        return
    x, y = paper.middle(legs[0].polyline[0])
    yield (
        f'<g><title>Start</title><circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS - 2}" fill="#ffffff" stroke="{_DOOR}" '
        f'stroke-width="3"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{_DOOR}"/></g>'
    )
    taken: list[Badge] = [(x, y, _RADIUS)]
    for cell, number, title, is_till in _stops(legs, names):
        half = _RADIUS + max(0, len(number) - 2) * 3.4
        anchor = paper.middle(cell)
        spot = _free_spot(anchor, half, taken, paper)
        taken.append((*spot, half))
        yield _badge(anchor, spot, half, number, title, _DOOR if is_till else _STOP)


def _stops(legs: Sequence[Leg], names: Mapping[int, str]) -> Iterator[tuple[Cell, str, str, bool]]:
    """Cell, numbers, names and whether it is a till, for each shelf that is visited in a row."""
    for cell, together in groupby(numbered_stops(legs), key=lambda entry: entry[1].shelf or entry[1].polyline[-1]):
        group = list(together)
        first, last = group[0][0], group[-1][0]
        titles = ", ".join(_title(leg, names) for _, leg in group)
        yield cell, first if first == last else f"{first}–{last}", titles, group[-1][1].product_id is None


def _title(leg: Leg, names: Mapping[int, str]) -> str:
    return "Till" if leg.product_id is None else names.get(leg.product_id, f"Product {leg.product_id}")


def _free_spot(anchor: Spot, half: float, taken: Sequence[Badge], paper: Paper) -> Spot:
    """The place nearest to an anchor where a badge covers no other one; the anchor itself if there is none."""
    step = _RADIUS
    for ring in range(_RINGS):
        around = {(a, b) for a in range(-ring, ring + 1) for b in (ring - abs(a), abs(a) - ring)}
        for across, down in sorted(around):
            x, y = anchor[0] + across * step, anchor[1] + down * step
            inside = half < x < paper.width - half and _RADIUS < y < paper.height - _RADIUS
            if inside and all(
                abs(x - other) >= half + wide + 1 or abs(y - beside) >= 2 * _RADIUS + 1 for other, beside, wide in taken
            ):
                return x, y
    return anchor


def _badge(anchor: Spot, spot: Spot, half: float, number: str, title: str, fill: str) -> str:
    """A pill with a number, and a thin line to where it belongs if it had to step aside."""
    x, y = spot
    lead = ""
    if spot != anchor:
        lead = (
            f'<line x1="{anchor[0]:.1f}" y1="{anchor[1]:.1f}" x2="{x:.1f}" y2="{y:.1f}" stroke="{fill}"/>'
            f'<circle cx="{anchor[0]:.1f}" cy="{anchor[1]:.1f}" r="2.5" fill="{fill}"/>'
        )
    return (
        f"{lead}<g><title>{escape(title)}</title>"
        f'<rect x="{x - half:.1f}" y="{y - _RADIUS:.1f}" width="{2 * half:.1f}" height="{2 * _RADIUS:.0f}" '
        f'rx="{_RADIUS:.0f}" fill="{fill}" stroke="#ffffff" stroke-width="1.5"/><text x="{x:.1f}" y="{y:.1f}" '
        'font-size="10.5" font-weight="700" fill="#ffffff" text-anchor="middle" '
        f'dominant-baseline="central">{number}</text></g>'
    )
