"""Drawing on A4 pages from top to bottom: wrapped text in columns, a new page where one is full."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from app.domain.text_order import drawing_order
from app.services.receipts.fonts import BOLD, REGULAR, printable, width

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN = 18 * mm
INNER_WIDTH = PAGE_WIDTH - 2 * MARGIN
_FOOT = 24 * mm
_LEADING = 1.4


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the distance of its left edge from the margin and its width, in points."""

    left: float
    width: float
    to_right: bool = False


class Paper:
    """Pages under way. The same calls give the same bytes: neither a date nor a random id goes into the file."""

    def __init__(self, title: str) -> None:
        self._buffer = BytesIO()
        self._canvas = Canvas(self._buffer, pagesize=A4, invariant=1)
        self._canvas.setTitle(title)
        self._title = title
        self._page = 1
        self._y = PAGE_HEIGHT - MARGIN
        self._head: tuple[Sequence[Column], Sequence[str]] | None = None

    def line(self, text: str, *, size: float = 10, bold: bool = False) -> None:
        """A paragraph over the whole width."""
        self.row([Column(0, INNER_WIDTH)], [text], size=size, bold=bold)

    def row(self, columns: Sequence[Column], cells: Sequence[str], *, size: float = 9.5, bold: bool = False) -> None:
        """One row of cells, each wrapped within its column."""
        font = BOLD if bold else REGULAR
        wrapped = [wrap(cell, column.width, font, size) for column, cell in zip(columns, cells, strict=True)]
        for place in range(max(len(lines) for lines in wrapped)):
            self._descend(size * _LEADING)
            self._canvas.setFont(font, size)
            for column, lines in zip(columns, wrapped, strict=True):
                if place < len(lines):
                    self._draw(lines[place], column)

    def head(self, columns: Sequence[Column], cells: Sequence[str]) -> None:
        """A bold row that is repeated on every page until `end_table`."""
        self.row(columns, cells, bold=True)
        self.rule()
        self._head = (columns, cells)

    def end_table(self) -> None:
        """Repeat the head no more."""
        self._head = None

    def rule(self) -> None:
        """A thin line over the whole width."""
        self._y -= 3
        self._canvas.setLineWidth(0.4)
        self._canvas.line(MARGIN, self._y, PAGE_WIDTH - MARGIN, self._y)

    def space(self, height: float = 8) -> None:
        """Empty height in points."""
        self._y -= height

    def finish(self) -> bytes:
        """The PDF file."""
        self._foot()
        self._canvas.save()
        return self._buffer.getvalue()

    def _draw(self, text: str, column: Column) -> None:
        left = MARGIN + column.left
        if column.to_right:
            self._canvas.drawRightString(left + column.width, self._y, drawing_order(text))
        else:
            self._canvas.drawString(left, self._y, drawing_order(text))

    def _descend(self, height: float) -> None:
        if self._y - height < _FOOT:
            self._turn()
        self._y -= height

    def _turn(self) -> None:
        self._foot()
        self._canvas.showPage()
        self._page += 1
        self._y = PAGE_HEIGHT - MARGIN
        if self._head is not None:
            columns, cells = self._head
            self.row(columns, cells, bold=True)
            self.rule()

    def _foot(self) -> None:
        self._canvas.setFont(REGULAR, 8)
        self._canvas.drawString(MARGIN, 14 * mm, printable(self._title))
        self._canvas.drawRightString(PAGE_WIDTH - MARGIN, 14 * mm, f"Page {self._page}")


def wrap(text: str, available: float, font: str, size: float) -> list[str]:
    """The printable text in lines no wider than `available` points; a word wider than that is broken."""
    lines: list[str] = []
    line = ""
    for word in printable(text).split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, font, size) <= available:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, available, font, size)
        lines += full
    return [*lines, line]


def _broken(word: str, available: float, font: str, size: float) -> list[str]:
    """A word in pieces that fit; a single character always counts as fitting."""
    pieces = [""]
    for char in word:
        if pieces[-1] and width(pieces[-1] + char, font, size) > available:
            pieces.append("")
        pieces[-1] += char
    return pieces
