"""The plan and a route through it as a drawing: the floors, the way, a numbered list of the stops beside it."""

from collections.abc import Mapping, Sequence
from html import escape

from app.domain.store_map.layout import Layout
from app.domain.store_map.planner import Route
from app.domain.store_map.svg_floors import LEGEND, Section, draw_floor
from app.domain.store_map.svg_paper import GAP, lay_out
from app.domain.store_map.svg_route import draw_way, numbered_stops

_LINE_PX, _COLUMN_PX, _LONGEST_NAME = 20, 330, 38
_LEGEND_PX = 34


def draw(
    layout: Layout, route: Route | None = None, names: Mapping[int, str] | None = None, sections: Sequence[Section] = ()
) -> str:
    """An SVG document: the floors the route touches (all without one), its way, its stops by number and name.

    `names` are those of products by id; `sections` are written where they are.
    """
    touched = {cell[0] for leg in route.legs for cell in leg.polyline} if route else set()
    paper = lay_out(layout, touched or set(layout.floors))
    parts = [part for floor in paper.corners for part in draw_floor(layout, floor, paper, sections)]
    width, height = paper.width, paper.height + _LEGEND_PX
    if route is not None:
        parts += draw_way(route.legs, paper, names or {})
        lines = _lines(route, names or {})
        columns, listed = _list(lines, width, height)
        parts += listed
        width += columns * _COLUMN_PX
    parts += _legend(layout, paper.height)
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="13">'
        '<title>Route through the store</title><rect width="100%" height="100%" fill="#ffffff"/>'
        f"{''.join(parts)}</svg>"
    )


def _lines(route: Route, names: Mapping[int, str]) -> list[tuple[str, str, str]]:
    """Number or mark, colour and text of every line of the list."""
    fetched = len(route.order)
    lines = [("", "#1f2933", f"{fetched} product{'s' if fetched != 1 else ''}, {route.distance_m:g} m on foot")]
    for numbers, leg in numbered_stops(route.legs):
        name = "Till" if leg.product_id is None else _short(names.get(leg.product_id, f"Product {leg.product_id}"))
        aisle = "" if leg.sign.aisle is None else f" · aisle {leg.sign.aisle}"
        lines.append((numbers, "#1f8a4c" if leg.product_id is None else "#b3261e", name + aisle))
    for product, why in [
        *((product, "cannot be reached") for product in route.unreachable),
        *((product, "not on the map") for product in route.unlocated),
    ]:
        lines.append(("–", "#6b7280", f"{_short(names.get(product, f'Product {product}'))} · {why}"))
    return lines


def _short(name: str) -> str:
    """A name that fits, kept apart from what follows it: names may run from right to left."""
    fitting = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return f"\u2068{fitting}\u2069"


def _list(lines: Sequence[tuple[str, str, str]], left: float, height: float) -> tuple[int, list[str]]:
    """How many columns the list takes, and its lines, from the top down."""
    rows = max(12, int((height - 2 * GAP) // _LINE_PX))
    drawn = []
    for place, (number, colour, text) in enumerate(lines):
        column, row = divmod(place, rows)
        x, y = left + column * _COLUMN_PX, GAP + 10 + row * _LINE_PX
        if number:
            drawn.append(
                f'<text x="{x + 26:.0f}" y="{y}" fill="{colour}" text-anchor="end" font-weight="700">{number}</text>'
            )
        weight = "" if number else ' font-weight="700"'
        drawn.append(f'<text x="{x + (34 if number else 0):.0f}" y="{y}" fill="#1f2933"{weight}>{escape(text)}</text>')
    return -(-len(lines) // rows), drawn


def _legend(layout: Layout, top: float) -> list[str]:
    """What the colours of the plan mean, in one line below it."""
    drawn, left = [], float(GAP)
    used = set().union(*(row for rows in layout.floors.values() for row in rows))
    for fill, word in [entry for signs, *entry in LEGEND if used & set(signs)]:
        drawn.append(
            f'<rect x="{left:.0f}" y="{top + 6:.0f}" width="12" height="12" fill="{fill}" stroke="#8a94a3"/>'
            f'<text x="{left + 18:.0f}" y="{top + 16:.0f}" font-size="12" fill="#52606d">{word}</text>'
        )
        left += 34 + 6.6 * len(word)
    return drawn
