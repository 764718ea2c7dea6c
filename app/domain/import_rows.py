"""What one row of a catalog file says of a product, or why it cannot be taken. No I/O.

An empty or absent cell says nothing and becomes None: the importer then keeps what the shop has.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.enums import SoldBy
from app.domain.gtin import InvalidGtin, normalise_gtin
from app.domain.search_text import normalise

LONGEST_NAME = 200
LONGEST_TEXT = 10_000
LARGEST_WHOLE = 9_999_999
LONGEST_ALLERGEN = 32

_AMOUNT = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,7}", re.ASCII)
_YES, _NO = {"1", "true", "yes", "y"}, {"0", "false", "no", "n"}
_MOST_PER_100_G = {"energy_100g": 4000.0, "energy_kj_100g": 4000.0, "energy_kcal_100g": 1000.0}
_SCORES = ("score", "footprint", "ph_100g")

Cells = Mapping[str, str]
Nutrition = dict[str, int | float]


class RowFault(ValueError):
    """A row that cannot be imported; the text says why, without its values, so that equal faults can be counted."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A valid row. Amounts in the shop's currency, weights in grams, rates in per cent, nutrition per 100 g.

    `left_out` names single values that were dropped while the row itself stands.
    """

    gtin: str
    name: str
    category: str | None = None
    brand: str | None = None
    description: str | None = None
    price: Decimal | None = None
    compare_at_price: Decimal | None = None
    deposit: Decimal | None = None
    tax_rate: Decimal | None = None
    sold_by: SoldBy | None = None
    unit: str | None = None
    weight_grams: int | None = None
    estimated_weight_grams: int | None = None
    is_organic: bool | None = None
    age_limit: int | None = None
    ingredients: str | None = None
    allergens: list[str] | None = None
    nutrition: Nutrition | None = None
    image_urls: list[str] | None = None
    bin_location: str | None = None
    is_active: bool | None = None
    left_out: tuple[str, ...] = ()


OWN_COLUMNS = frozenset(ImportRow.__dataclass_fields__) - {"left_out", "nutrition", "image_urls"} | {
    "code",
    "image_url",
}


def is_known_column(name: str) -> bool:
    """Whether a column of our own CSV is read; the others are ignored."""
    return name in OWN_COLUMNS or name.endswith("_100g")


def read_row(cells: Cells) -> ImportRow:
    """A row of our own columns (docs/import-catalog.md), checked. Raises RowFault."""
    nutrition, bad_nutrition = _nutrition(cells)
    allergens, bad_allergens = _allergens(cells)
    row = ImportRow(
        gtin=_gtin(cells.get("gtin") or cells.get("code") or ""),
        name=_name(cells),
        category=_line(cells, "category", 128),
        brand=_line(cells, "brand", 120),
        description=_paragraph(cells, "description"),
        price=_amount(cells, "price") or None,
        compare_at_price=_amount(cells, "compare_at_price"),
        deposit=_amount(cells, "deposit"),
        tax_rate=_tax_rate(cells),
        sold_by=_sold_by(cells),
        unit=_line(cells, "unit", 32),
        weight_grams=_whole(cells, "weight_grams"),
        estimated_weight_grams=_whole(cells, "estimated_weight_grams"),
        is_organic=_flag(cells, "is_organic"),
        age_limit=_whole(cells, "age_limit", highest=99),
        ingredients=_paragraph(cells, "ingredients"),
        allergens=allergens,
        nutrition=nutrition,
        image_urls=_image_urls(cells),
        bin_location=_line(cells, "bin_location", 32),
        is_active=_flag(cells, "is_active"),
        left_out=tuple(bad_nutrition + bad_allergens),
    )
    if row.sold_by is SoldBy.WEIGHT and row.estimated_weight_grams is None:
        raise RowFault("sold by weight needs estimated_weight_grams")
    return row


def search_text(brand: str | None, description: str | None) -> str:
    """The normalised words a product is found by besides its name."""
    return normalise(f"{brand or ''} {description or ''}")


def _gtin(code: str) -> str:
    if not code.strip():
        raise RowFault("no barcode")
    try:
        gtin = normalise_gtin(code.strip())
    except InvalidGtin as error:
        raise RowFault(f"invalid barcode: {error}") from None
    if not gtin.strip("0"):
        raise RowFault("invalid barcode: it is all zeros")
    return gtin


def _name(cells: Cells) -> str:
    name = _line(cells, "name", LONGEST_NAME)
    if name is None:
        raise RowFault("no name")
    return name


def _line(cells: Cells, column: str, longest: int) -> str | None:
    """A one-line text with single spaces."""
    text = cells.get(column, "").strip()
    if not text:
        return None
    if has_control_characters(text):
        raise RowFault(f"{column} has control characters")
    text = " ".join(text.split())
    if len(text) > longest:
        raise RowFault(f"{column} has more than {longest} characters")
    return text


def _paragraph(cells: Cells, column: str) -> str | None:
    """A longer text; its line breaks become spaces."""
    text = " ".join(cells.get(column, "").split())
    if has_control_characters(text):
        raise RowFault(f"{column} has control characters")
    if len(text) > LONGEST_TEXT:
        raise RowFault(f"{column} has more than {LONGEST_TEXT} characters")
    return text or None


def has_control_characters(text: str) -> bool:
    """Whether a text holds control characters or halves of surrogate pairs."""
    return not text.isprintable() and any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


def _amount(cells: Cells, column: str) -> Decimal | None:
    """A sum of money with at most two decimals."""
    text = cells.get(column, "").strip()
    if not text:
        return None
    if text.startswith("-"):
        raise RowFault(f"{column} is negative")
    if not _AMOUNT.fullmatch(text):
        raise RowFault(f"{column} is not an amount such as 9.90")
    return Decimal(text)


def _tax_rate(cells: Cells) -> Decimal | None:
    rate = _amount(cells, "tax_rate")
    if rate is not None and rate >= 100:
        raise RowFault("tax_rate is not below 100 per cent")
    return rate


def _whole(cells: Cells, column: str, highest: int = LARGEST_WHOLE) -> int | None:
    text = cells.get(column, "").strip()
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= highest:
        raise RowFault(f"{column} is not a whole number from 1 to {highest}")
    return int(text)


def _flag(cells: Cells, column: str) -> bool | None:
    text = cells.get(column, "").strip().lower()
    if not text:
        return None
    if text not in _YES | _NO:
        raise RowFault(f"{column} is neither yes nor no")
    return text in _YES


def _sold_by(cells: Cells) -> SoldBy | None:
    text = cells.get("sold_by", "").strip().upper()
    if not text:
        return None
    if text not in SoldBy.__members__:
        raise RowFault("sold_by is neither PIECE nor WEIGHT")
    return SoldBy[text]


def _image_urls(cells: Cells) -> list[str] | None:
    """Addresses separated by `|`."""
    urls = [url.strip() for url in cells.get("image_url", "").split("|") if url.strip()]
    for url in urls:
        if not is_image_url(url):
            raise RowFault("image_url is not a web address")
    return urls or None


def is_image_url(url: str) -> bool:
    """Whether a text is a web address, or a path on our own server, of sane length."""
    return url.startswith(("https://", "http://", "/")) and len(url) <= 2000 and url.isprintable() and " " not in url


def _nutrition(cells: Cells) -> tuple[Nutrition | None, list[str]]:
    """The `..._100g` columns as numbers under snake_case names, and what is wrong with the impossible ones."""
    found: Nutrition = {}
    wrong = []
    for column, text in cells.items():
        if not text or not column.endswith("_100g") or any(score in column for score in _SCORES):
            continue
        name = column.replace("-", "_")
        most = _MOST_PER_100_G.get(name, 100.0)
        value = number(text)
        if value is None or not 0 <= value <= most:
            wrong.append(f"{name} is not a number from 0 to {most:g}")
        else:
            found[name] = int(value) if value.is_integer() else value
    return found or None, wrong


def number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _allergens(cells: Cells) -> tuple[list[str] | None, list[str]]:
    """Names separated by commas, lower case, without a language mark such as `en:`; over-long ones are left out."""
    names = tags(cells.get("allergens", "").split(","))
    fitting = [name for name in names if len(name) <= LONGEST_ALLERGEN and not has_control_characters(name)]
    wrong = [] if len(fitting) == len(names) else [f"an allergen has more than {LONGEST_ALLERGEN} characters"]
    return list(dict.fromkeys(fitting)) or None, wrong


def tags(entries: Iterable[str]) -> list[str]:
    """Entries without their language mark: `en:Milk` is `milk`."""
    return [tag for entry in entries if (tag := re.sub(r"^\s*[a-z]{2}:", "", entry.lower()).strip())]
