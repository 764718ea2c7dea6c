"""The figures with a target, drawn: how far each is from it, met or missed. An SVG file made by hand."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from scripts.bench.figures import Figure

_WIDTH, _LEFT, _RIGHT = 960, 330, 210
_ROW, _BAR, _TOP, _SECTION = 30, 16, 74, 44
_INK, _MUTED, _GRID, _TARGET = "#1f2933", "#52606d", "#d9e2ec", "#1f2933"
_MET, _MISSED = "#2f7d4f", "#c2570c"
_LONGEST = 2.0
"""Times the target at which a bar ends, however far beyond it is."""


def drawn(figures: Sequence[Figure], subtitle: str) -> str:
    """The picture: what must be large above, what must be small below; the line in the middle is the target."""
    promised = [figure for figure in figures if figure.promise]
    sections = (
        ("At least the target: longer is better", [one for one in promised if one.promise and not one.promise.at_most]),
        ("At most the target: shorter is better", [one for one in promised if one.promise and one.promise.at_most]),
    )
    parts, y = [_text(24, 32, "Benchmark", size=19, weight=600), _text(24, 54, subtitle, fill=_MUTED)], _TOP
    for title, rows in sections:
        if rows:
            parts += _section(title, rows, y)
            y += _SECTION + len(rows) * _ROW
    parts.append(_legend(y + 24))
    return _page(parts, y + 44)


def _page(parts: Sequence[str], height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        ' font-family="system-ui, sans-serif" font-size="13"><title>Benchmark: measured against targets</title>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _section(title: str, rows: Sequence[Figure], y: int) -> list[str]:
    first, last = y + _SECTION - 14, y + _SECTION + len(rows) * _ROW - 12
    at = _x(1)
    parts = [_text(24, y + 20, title, weight=600), _text(at, y + 20, "target", anchor="middle", fill=_MUTED)]
    for number, figure in enumerate(rows):
        parts += _row(figure, y + _SECTION + number * _ROW)
    line = f'<line x1="{at}" x2="{at}" y1="{first}" y2="{last}" stroke="{_TARGET}" stroke-dasharray="3 3"/>'
    return [*parts, line]


def _row(figure: Figure, y: int) -> list[str]:
    assert figure.promise is not None
    share = figure.value / figure.promise.value
    end, base = _x(min(share, _LONGEST)), y + _BAR - 4
    colour = _MET if figure.verdict == "met" else _MISSED
    said = f"{_shown(figure.value)} {figure.unit}"
    parts = [
        _text(_LEFT - 12, base, figure.title, anchor="end"),
        f'<rect x="{_LEFT}" y="{y}" width="{_WIDTH - _LEFT - _RIGHT}" height="{_BAR}" rx="3" fill="{_GRID}"/>',
        f'<rect x="{_LEFT}" y="{y}" width="{max(end - _LEFT, 3):.1f}" height="{_BAR}" rx="3" fill="{colour}"/>',
        _text(_WIDTH - _RIGHT + 12, base, said, weight=600, fill=colour),
        _text(_WIDTH - 24, base, f"target {figure.promise.value:g}", anchor="end", fill=_MUTED),
    ]
    if share > _LONGEST:  # a bar that is cut short says so
        parts.append(f'<path d="M{end - 10:.1f} {y} l6 {_BAR} h4 l-6 -{_BAR} z" fill="#ffffff"/>')
    return parts


def _legend(y: int) -> str:
    met = f'<rect x="24" y="{y - 10}" width="12" height="12" rx="2" fill="{_MET}"/>'
    missed = f'<rect x="84" y="{y - 10}" width="12" height="12" rx="2" fill="{_MISSED}"/>'
    return met + _text(42, y, "met", fill=_MUTED) + missed + _text(102, y, "missed", fill=_MUTED)


def _x(share: float) -> float:
    """Where a multiple of the target ends."""
    return round(_LEFT + share / _LONGEST * (_WIDTH - _LEFT - _RIGHT), 1)


def _text(
    x: float, y: float, said: str, *, size: int = 13, weight: int = 400, fill: str = _INK, anchor: str = "start"
) -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(said)}</text>'


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
