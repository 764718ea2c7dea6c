"""Charts as SVG: bars or lines over time, and bars down the page for things with names."""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import HexColor, white
from reportlab.pdfbase.pdfmetrics import stringWidth

FONT, SIZE, TITLE_SIZE = "Helvetica", 10, 13
HEIGHT = 300
MOST_THINGS = 25
NO_DATA = "No data"

_TOP, _BOTTOM, _LEFT, _RIGHT = 56, 32, 64, 32
_ROW, _WIDEST_NAME = 26, 0.4
_SMALLEST_BAR = 3
_ABOUT_TICKS = 5
_FONTS = {FONT: {"family": "Helvetica, Arial, sans-serif"}}
_INK, _MUTED, _GRID = HexColor("#1f2933"), HexColor("#52606d"), HexColor("#d9e2ec")
_COLOURS = tuple(HexColor(code) for code in ("#1d6fb8", "#c2570c", "#2f7d4f", "#7a4bb5"))


@dataclass(frozen=True, slots=True)
class Series:
    """One measure; None where there is nothing to show."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: every series has one value for each label. `unit` stands beside the title."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str = ""

    @property
    def highest(self) -> float:
        return max((value for each in self.series for value in each.values if value is not None), default=0)


def over_time(chart: Chart, *, width: int) -> str:
    """Bars side by side in the order of the labels, or lines where they would get too thin. Pixels; an SVG file."""
    drawing = _page(chart, width, HEIGHT)
    if chart.highest == 0:
        return _without_data(drawing, chart)
    plot = width - _LEFT - _RIGHT
    marks = ticks(chart.highest)
    for mark in marks:
        y = _BOTTOM + mark / marks[-1] * (HEIGHT - _TOP - _BOTTOM)
        drawing.add(Line(_LEFT, y, width - _RIGHT, y, strokeColor=_GRID))
        drawing.add(_text(_LEFT - 6, y - 3, _number(mark), anchor="end"))
    step = plot / len(chart.labels)
    _label_times(drawing, chart.labels, step)
    scale = (HEIGHT - _TOP - _BOTTOM) / marks[-1]
    has_room = step >= _SMALLEST_BAR * (len(chart.series) + 1)
    for shape in _bars(chart, step, scale) if has_room else _lines(chart, step, scale):
        drawing.add(shape)
    return _svg(drawing, chart)


def down_the_page(chart: Chart, *, width: int) -> str:
    """One row for each thing, in the given order, its bars to the right of its name. Pixels; an SVG file."""
    names = [_clean(label) for label in chart.labels[:MOST_THINGS]]
    height = max(HEIGHT // 2, _TOP + _ROW * len(names) + 12)
    drawing = _page(chart, width, height)
    if not names:
        return _without_data(drawing, chart)
    left = min(max(stringWidth(name, FONT, SIZE) for name in names), _WIDEST_NAME * width) + 16
    scale = (width - left - 76) / (chart.highest or 1)
    thickness = (_ROW - 8) / len(chart.series)
    for row, name in enumerate(names):
        top = height - _TOP - row * _ROW
        drawing.add(_text(left - 8, top - _ROW / 2, shortened(name, left - 16), anchor="end", colour=_INK))
        for place, each in enumerate(chart.series):
            value = each.values[row] or 0
            y = top - 4 - (place + 1) * thickness
            drawing.add(_bar(left, y, max(value * scale, 0.5), thickness - 1, place))
            size = min(SIZE, thickness + 1)
            drawing.add(_text(left + value * scale + 5, y + thickness / 2 - size / 3, _number(value), size=size))
    return _svg(drawing, chart)


def ticks(highest: float) -> list[float]:
    """Round numbers from 0 to at least `highest`, in steps of 1, 2 or 5 times a power of ten; whole from 1 upwards."""
    rough = highest / _ABOUT_TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    if highest >= 1:
        step = max(step, 1)
    return [step * number for number in range(math.ceil(highest / step * 0.999) + 1)]


def shortened(text: str, room: float) -> str:
    """The text, cut with an ellipsis where it is wider than so many pixels."""
    if stringWidth(text, FONT, SIZE) <= room:
        return text
    while text and stringWidth(f"{text}…", FONT, SIZE) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def shown_labels(labels: Sequence[str], step: float) -> Iterator[tuple[int, str]]:
    """As many of the labels, `step` pixels apart, as stand side by side without touching."""
    widest = max(stringWidth(label, FONT, SIZE) for label in labels) + 12
    every = math.ceil(widest / step)
    for place in range(0, len(labels), every):
        yield place, labels[place]


def _page(chart: Chart, width: int, height: int) -> Drawing:
    """A white sheet with the title and, for several series, what their colours mean."""
    drawing = Drawing(width, height)
    drawing.add(Rect(0, 0, width, height, fillColor=white, strokeColor=None))
    title = f"{chart.title} ({chart.unit})" if chart.unit else chart.title
    drawing.add(_text(12, height - 20, title, colour=_INK, size=TITLE_SIZE))
    x = 12.0
    for place, each in enumerate(chart.series):
        drawing.add(Rect(x, height - 40, 10, 10, fillColor=_colour(place), strokeColor=None))
        drawing.add(_text(x + 14, height - 39, each.name))
        x += 30 + stringWidth(each.name, FONT, SIZE)
    return drawing


def _label_times(drawing: Drawing, labels: Sequence[str], step: float) -> None:
    for place, label in shown_labels([_clean(label) for label in labels], step):
        drawing.add(_text(_LEFT + (place + 0.5) * step, _BOTTOM - 16, label, anchor="middle"))


def _bars(chart: Chart, step: float, scale: float) -> Iterator[Rect]:
    thickness = min(step * 0.8 / len(chart.series), 40)
    for place, each in enumerate(chart.series):
        for column, value in enumerate(each.values):
            x = _LEFT + (column + 0.5) * step + (place - len(chart.series) / 2) * thickness
            if value:
                yield _bar(x, _BOTTOM, thickness, value * scale, place)


def _lines(chart: Chart, step: float, scale: float) -> Iterator[PolyLine]:
    """One line for each stretch of known values."""
    for place, each in enumerate(chart.series):
        stretch: list[float] = []
        for column, value in enumerate([*each.values, None]):
            if value is not None:
                stretch += [_LEFT + (column + 0.5) * step, _BOTTOM + value * scale]
            elif stretch:
                points = stretch if len(stretch) > 2 else [*stretch, stretch[0] + 1, stretch[1]]
                yield PolyLine(points, strokeColor=_colour(place), strokeWidth=1.5)
                stretch = []


def _bar(x: float, y: float, width: float, height: float, place: int) -> Rect:
    return Rect(x, y, width, height, fillColor=_colour(place), strokeColor=None)


def _colour(place: int) -> HexColor:
    return _COLOURS[place % len(_COLOURS)]


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", colour: HexColor = _MUTED, size: float = SIZE
) -> String:
    """The browser itself does the anchoring: it alone knows how wide the text is in the font it has."""
    return String(x, y, text, fontName=FONT, fontSize=size, fillColor=colour, _svgAttrs={"text-anchor": anchor})


def _number(value: float) -> str:
    """With thousands apart, and no more decimals than it has (two at most)."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold or that turn the writing around."""
    return "".join(char for char in text if unicodedata.category(char)[0] != "C")


def _without_data(drawing: Drawing, chart: Chart) -> str:
    drawing.add(_text(drawing.width / 2, drawing.height / 2 - 10, NO_DATA, anchor="middle", size=14))
    return _svg(drawing, chart)


def _svg(drawing: Drawing, chart: Chart) -> str:
    """The drawing as a file of its own: no reference to the document type on w3.org, a title for screen readers."""
    canvas = renderSVG.SVGCanvas((drawing.width, drawing.height), fontHacks=_FONTS)
    canvas.doc.removeChild(canvas.doc.doctype)
    for tag, words in (("title", chart.title), ("desc", ", ".join(each.name for each in chart.series))):
        canvas.doc.getElementsByTagName(tag)[0].firstChild.data = words
    renderSVG.draw(drawing, canvas, 0, 0)
    file = StringIO()
    canvas.save(file)
    return file.getvalue()
