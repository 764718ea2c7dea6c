"""The words for what people must not eat.

Source of the fourteen: Regulation (EU) No 1169/2011, Annex II, in the words of this catalog and of Open Food Facts.
"""

from collections.abc import Iterable

REGULATED = frozenset(
    {
        "celery", "crustaceans", "eggs", "fish", "gluten", "lupin", "milk", "molluscs", "mustard", "nuts", "peanuts",
        "sesame", "soybeans", "sulphites",
    }
)  # fmt: skip

_ALSO_WRITTEN = {"sesame": "sesame-seeds", "sulphites": "sulphur-dioxide-and-sulphites"}
"""How Open Food Facts writes two of them, and so the products imported from there."""

_SAME = _ALSO_WRITTEN | {other: word for word, other in _ALSO_WRITTEN.items()}


def with_synonyms(words: Iterable[str]) -> list[str]:
    """The words in order of the alphabet, each once, with the other ways in which products may write them."""
    given = set(words)
    return sorted(given | {_SAME[word] for word in given if word in _SAME})
