"""The receipt's own fonts, and text made fit for them."""

import unicodedata

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from app.config import PROJECT

REGULAR, BOLD = "ReceiptSans-Regular", "ReceiptSans-Bold"
UNKNOWN = "?"
_FOLDER = PROJECT / "app" / "assets" / "fonts"

# Registered when the module is loaded, so that requests running side by side never register one font twice.
for _name in (REGULAR, BOLD):
    pdfmetrics.registerFont(TTFont(_name, str(_FOLDER / f"{_name}.ttf")))

_DRAWABLE = frozenset(pdfmetrics.getFont(REGULAR).face.charToGlyph)


def printable(text: str) -> str:
    """The text on one line, in composed letters; characters the fonts lack are shown as question marks."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(_shown(char) for char in composed).strip()


def is_complete(text: str) -> bool:
    """Whether every character of a text can be drawn."""
    return UNKNOWN not in printable(text.replace(UNKNOWN, ""))


def width(text: str, font: str, size: float) -> float:
    """The width of a drawn line in points."""
    return float(pdfmetrics.stringWidth(text, font, size))


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] == "Z" or char in "\t\n\r":
        return " "
    if category in ("Cc", "Cf"):
        return ""
    return char if ord(char) in _DRAWABLE else UNKNOWN
