"""The demo shop's range: every line of goods.csv multiplied out into products, always the same ones.

A line has variants and sizes (`500 g=13.90`, or `kg~170=12.90` for goods weighed at about 170 g a piece). Barcodes
start with 292, which GS1 leaves to shops for use inside their own walls: no maker's barcode is claimed.
Source: GS1 General Specifications, section 1.4 (GS1 prefixes), 200-299 restricted circulation.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

from app.domain.enums import SoldBy
from app.domain.gtin import check_digit, normalise_gtin
from app.domain.import_rows import search_text
from app.domain.search_text import normalise
from app.services.seed.places import CATEGORIES

_GOODS = Path(__file__).with_name("goods.csv")
_GRAMS = {"g": 1, "kg": 1000, "ml": 1, "l": 1000}
_SIZE = re.compile(r"(?P<unit>[^~=]+)(?:~(?P<grams>\d+))?=(?P<price>\d+\.\d\d)")
_CONTENT = re.compile(r"([\d.]+) (g|kg|ml|l)\b")
_NUTRIENTS = ("energy_kcal", "fat", "carbohydrates", "sugars", "proteins", "salt")
_TAX, _DEPOSIT, _ADULT = Decimal("18"), Decimal("0.30"), 18
_ORGANIC_SURCHARGE = Decimal("1.30")
_REDUCED_EVERY, _REDUCED_FROM = 9, Decimal("1.25")

_BRANDS = {
    "Fresh Produce": ("Sunny Valley", "Green Furrow", "Orchard Lane"),
    "Dairy": ("White Meadow", "Hilltop Dairy", "Morning Pail"),
    "Bakery": ("Stone Oven", "Golden Crust", "Early Baker"),
    "Meat and Fish": ("Butcher and Daughter", "Blue Net", "Fair Farm"),
    "Pantry": ("Full Pot", "Silver Spoon Kitchen", "Old Mill"),
    "Snacks": ("Crunch Corner", "Sweet Harbour", "Nutty Path"),
    "Drinks": ("Clear Brook", "Terrace Hill", "Copper Kettle"),
    "Household": ("Bright Home", "Soft Touch", "Pure Corner"),
}
_SAYINGS = {
    "Fresh Produce": "Picked ripe and delivered the next day.",
    "Dairy": "Keep refrigerated; best within three days of opening.",
    "Bakery": "Baked the same morning.",
    "Meat and Fish": "Keep refrigerated and eat by the date on the pack.",
    "Pantry": "Keep in a dry place at room temperature.",
    "Snacks": "Made for sharing.",
    "Drinks": "Serve cold, or warm as the season asks.",
    "Household": "Keep out of the reach of children.",
}
_ROOT_OF = {leaf: branching.root for branching in CATEGORIES for leaf in branching.leaves}
_LEAVES = tuple(_ROOT_OF)

Values = dict[str, Any]


def products() -> list[Values]:
    """Every product as column values, with `category` (a leaf's name) and `gtin` beside them."""
    in_category: Counter[str] = Counter()
    found = []
    for number, values in enumerate(_multiplied_out(), start=1):
        in_category[values["category"]] += 1
        found.append(values | _numbered(number, values, in_category[values["category"]]))
    return found


def _multiplied_out() -> Iterator[Values]:
    with _GOODS.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            for place, variant in enumerate(line["variants"].split(";")):
                for size in line["sizes"].split(";"):
                    yield _product(line, variant, size, organic=False)
                if "organic" in line["traits"] and place == 0:
                    yield _product(line, variant, line["sizes"].split(";")[0], organic=True)


def _product(line: Mapping[str, str], variant: str, size: str, *, organic: bool) -> Values:
    """One product of a line, as yet without number."""
    matched = _SIZE.fullmatch(size)
    if matched is None:
        raise ValueError(f"goods.csv: {size!r} is not a size with its price")
    unit, price = matched["unit"], Decimal(matched["price"])
    by_weight = unit == "kg"
    title = " ".join(filter(None, ("Organic" if organic else "", line["name"], variant)))
    traits = line["traits"].split()
    return {
        "category": line["category"],
        "name": title if by_weight or unit == "each" else f"{title} {unit}",
        "price": _to_90(price * _ORGANIC_SURCHARGE) if organic else price,
        "sold_by": SoldBy.WEIGHT if by_weight else SoldBy.PIECE,
        "unit": unit,
        "estimated_weight_grams": int(matched["grams"]) if by_weight else None,
        "weight_grams": None if by_weight else _grams(unit, matched["grams"]),
        "is_organic": organic,
        "is_frozen": "frozen" in traits,
        "tax_rate": Decimal(0) if line["category"].startswith("Produce") else _TAX,
        "deposit": _DEPOSIT if "deposit" in traits else Decimal(0),
        "age_limit": _ADULT if "alcohol" in traits else None,
        "allergens": [name for name in line["allergens"].split(";") if name],
        "nutrition": _nutrition(line["nutrition"]),
    }


def _numbered(number: int, values: Values, in_category: int) -> Values:
    """What follows from a product's place in the range."""
    root = _ROOT_OF[values["category"]]
    leaf = _LEAVES.index(values["category"])
    brand = _BRANDS[root][number % 3]
    description = f"{values['name']} by {brand}. {_SAYINGS[root]}"
    reduced = number % _REDUCED_EVERY == 0
    body = f"292{number:09d}"
    return {
        "sku": f"AISLE-{number:05d}",
        "gtin": normalise_gtin(body + check_digit(body)),
        "brand": brand,
        "description": description,
        "compare_at_price": _to_90(values["price"] * _REDUCED_FROM) if reduced else None,
        "bin_location": f"{chr(ord('A') + leaf)}{1 + in_category // 10:02d}-{1 + in_category % 10:02d}",
        "search_name": normalise(values["name"]),
        "search_text": search_text(brand, description),
    }


def _to_90(amount: Decimal) -> Decimal:
    """The next price above that ends in 90."""
    return (amount + Decimal("0.10")).to_integral_value(ROUND_CEILING) - Decimal("0.10")


def _grams(unit: str, stated: str | None) -> int | None:
    """The weight to carry; a millilitre counts as a gram."""
    if stated:
        return int(stated)
    content = _CONTENT.match(unit)
    return round(float(content[1]) * _GRAMS[content[2]]) if content else None


def _nutrition(text: str) -> dict[str, int | float] | None:
    """`52 0.2 13.8 10.4 0.3 0`: kilocalories, then grams, in 100 g."""
    numbers = [float(number) for number in text.split()]
    if not numbers:
        return None
    named = zip(_NUTRIENTS, numbers, strict=True)
    return {f"{name}_100g": int(value) if value.is_integer() else value for name, value in named}
