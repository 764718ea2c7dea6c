"""The numbers that the older app has for allergies, where we have words.

The fourteen of EU law have fixed numbers; any other word that a product carries has one made from the word.
"""

from collections.abc import Iterable
from zlib import crc32

_NUMBERS = {
    "celery": 1,
    "crustaceans": 2,
    "eggs": 3,
    "fish": 4,
    "gluten": 5,
    "lupin": 6,
    "milk": 7,
    "molluscs": 8,
    "mustard": 9,
    "nuts": 10,
    "peanuts": 11,
    "sesame": 12,
    "sesame-seeds": 12,
    "soybeans": 13,
    "sulphites": 14,
    "sulphur-dioxide-and-sulphites": 14,
}
"""Two of them are written in two ways."""

_FIRST_MADE = 1000


def number_of(word: str) -> int:
    """The number of an allergen."""
    return _NUMBERS.get(word) or _FIRST_MADE + crc32(word.encode())


def word_of(number: object, words: Iterable[str]) -> str:
    """The one of some words with a number; for a number of none what is no word for an allergen either."""
    return next((word for word in words if number_of(word) == number), f"number {number}")


def number_among(words: Iterable[str]) -> int | None:
    """The number of the one allergy that the older app knows of a person: the first, None for a person without."""
    return next((number_of(word) for word in words), None)
