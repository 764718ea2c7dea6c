"""A range of products made up: names, words and categories as in a supermarket, the same for the same number."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


def _read() -> dict[str, list[str]]:
    """The lists of words in words.txt: a name, a colon, words; a line that is indented goes on with the one before."""
    text = (Path(__file__).parent / "words.txt").read_text().replace("\n  ", " ")
    return {name: words.split() for name, _, words in (line.partition(":") for line in text.splitlines())}


_WORDS = _read()
_MANNERS, _BEGINNINGS, _MIDDLES, _ENDS = (_WORDS.pop(name) for name in ("manners", "beginnings", "middles", "ends"))
_KINDS = _WORDS
"""What is left: the nouns of each part of the shop."""
_SIZES = ("100 g", "150 g", "200 g", "250 g", "330 ml", "400 g", "500 g", "500 ml", "750 ml", "1 kg", "1 l", "2 l")
_TEXT = (
    "{manner} {noun} from {brand}, {size}. Kept cool and dry it is good for months; once opened, use it within days. "
    "Packed for the whole family, and a favourite of those who cook with {other}."
)
CATEGORIES_OF_A_ROOT = 5


@dataclass(frozen=True)
class Made:
    """One product made up."""

    number: int
    category: int
    """Its place among `categories()`."""
    name: str
    brand: str
    description: str
    price: str
    weight_grams: int


def categories() -> list[tuple[str, str]]:
    """(root, leaf) of every category, in order."""
    return [(root, f"{root} {number}") for root in _KINDS for number in range(1, CATEGORIES_OF_A_ROOT + 1)]


def made(count: int) -> Iterator[Made]:
    """Products 1 to `count`. Names grow rarer as the range grows: its vocabulary goes with the root of its size."""
    chance = random.Random(7)
    brands = _brands(max(int(40 * count**0.5), 60))
    roots = list(_KINDS)
    for number in range(1, count + 1):
        place = number % (len(roots) * CATEGORIES_OF_A_ROOT)
        nouns = _KINDS[roots[place // CATEGORIES_OF_A_ROOT]]
        # The first brands are everywhere, the last ones on a handful of products, as in a real range.
        brand = brands[int(len(brands) * chance.random() ** 2)]
        noun, other, manner, size = map(chance.choice, (nouns, nouns, _MANNERS, _SIZES))
        yield Made(
            number=number,
            category=place,
            name=f"{brand.title()} {chance.choice(_MANNERS).title()} {manner} {noun} {size}",
            brand=brand.title(),
            description=_TEXT.format(manner=manner.title(), noun=noun, brand=brand.title(), size=size, other=other),
            price=f"{1 + chance.randrange(5000) / 100:.2f}",
            weight_grams=100 + number % 40 * 50,
        )


def _brands(count: int) -> list[str]:
    """So many invented names, each once."""
    chance = random.Random(11)
    found: dict[str, None] = {}
    while len(found) < count:
        middle = "".join(chance.choice(_MIDDLES) for _ in range(chance.choice((1, 1, 2))))
        found[chance.choice(_BEGINNINGS) + middle + chance.choice(_ENDS)] = None
    return list(found)
