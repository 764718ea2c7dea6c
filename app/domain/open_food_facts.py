"""Rows of the Open Food Facts export, put into the columns of our own catalog files. No I/O.

Source of the columns: https://world.openfoodfacts.org/data/data-fields.txt
"""

import re

from app.domain.import_rows import (
    LARGEST_WHOLE,
    LONGEST_TEXT,
    Cells,
    ImportRow,
    has_control_characters,
    is_image_url,
    number,
    read_row,
    tags,
)
from app.domain.search_text import normalise

AGE_LIMIT = "18"
STRONGEST_UNLIMITED = 1.2  # per cent by volume; Regulation (EU) 1169/2011, Article 9(1)(k), labels drinks above it
_QUANTITY = re.compile(r"(\d{1,5}(?:[.,]\d{1,3})?)\s*(g|gr|kg)\b\.?", re.ASCII | re.IGNORECASE)
_ORGANIC = {"organic", "bio", "biologique", "biologico", "ecologico", "okologisch"}


def read_open_food_facts_row(cells: Cells) -> ImportRow:
    """A row of the Open Food Facts export, checked. Raises RowFault.

    The export is free text: beside barcode and name, what does not fit a column of ours is shortened or left out.
    """
    own = {name: value for name, value in cells.items() if name.endswith("_100g") or name == "code"}
    own |= {"name": cells.get("product_name", ""), "ingredients": _cleaned(cells.get("ingredients_text", ""))}
    own["brand"] = _first(cells, "brands", 120)
    own["category"] = _first(cells, "categories_en", 128) or _first(cells, "categories", 128)
    own["description"] = _cleaned(cells.get("generic_name", ""))
    own["allergens"] = cells.get("allergens") or cells.get("allergens_en") or ""
    own["is_organic"] = _organic(cells.get("labels_tags") or cells.get("labels") or cells.get("labels_en") or "")
    own |= _quantity(cells.get("quantity", "").strip())
    if is_image_url(cells.get("image_url", "")):
        own["image_url"] = cells["image_url"]
    if (number(cells.get("alcohol_100g", "")) or 0) > STRONGEST_UNLIMITED:
        own["age_limit"] = AGE_LIMIT
    return read_row(own)


def _organic(labels: str) -> str:
    words = {word for tag in tags(labels.split(",")) for word in normalise(tag).split()}
    return "yes" if words & _ORGANIC else ""


def _first(cells: Cells, column: str, longest: int) -> str:
    """The first of several entries; the export puts the most general category first."""
    entry = cells.get(column, "").split(",")[0]
    return _cleaned(re.sub(r"^\s*[a-z]{2}:", "", entry)).strip()[:longest].strip()


def _cleaned(text: str) -> str:
    """A free text of the export without control characters and with a bounded length."""
    if has_control_characters(text):
        text = "".join(char for char in text if not has_control_characters(char))
    return text[:LONGEST_TEXT]


def _quantity(text: str) -> dict[str, str]:
    """`500 g` is the unit to show and, being a weight, 500 grams."""
    if not text or len(text) > 32 or not text.isprintable():
        return {}
    own = {"unit": text}
    if match := _QUANTITY.fullmatch(text):
        grams = round(float(match[1].replace(",", ".")) * (1000 if match[2].lower() == "kg" else 1))
        if 0 < grams <= LARGEST_WHOLE:
            own["weight_grams"] = str(grams)
    return own
