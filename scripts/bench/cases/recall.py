"""How often a search with one typo still finds what was meant."""

import json
import random
import string

from app.domain.search_text import words
from app.schemas.catalog import SearchQuery
from scripts.bench.cases.case import Case
from scripts.bench.cases.in_process import list_as_json
from scripts.bench.figures import Figure, at_least
from scripts.bench.stage import Stage

_ASKED = 1000
_ASKED_IN_SHORT = 50


def recall(stage: Stage) -> list[Figure]:
    """Every word of the sample with one letter changed, left out, added or swapped with the next."""
    chance = random.Random(13)
    known = set(stage.world.words)
    asked = [(word, damaged(word, chance)) for word in stage.world.words]
    # What became another word of the range is a typo no more.
    wrong = [(word, typed) for word, typed in asked if typed not in known]
    wrong = wrong[: _ASKED_IN_SHORT if stage.options.is_short else _ASKED]
    right = sum(_finds(word, typed) for word, typed in wrong)
    more = {"words": float(len(wrong))}
    return [
        Figure(
            "recall",
            "search with one typo finds what was meant",
            right / len(wrong),
            "share",
            at_least(0.95),
            more=more,
        )
    ]


def damaged(word: str, chance: random.Random) -> str:
    """The word with one typo."""
    place = chance.randrange(len(word) - 1)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    other = chance.choice(string.ascii_lowercase.replace(letter, ""))
    kinds = (
        before + other + after,
        before + after,
        before + other + letter + after,
        before + after[0] + letter + after[1:],
    )
    return chance.choice([kind for kind in kinds if kind != word])


def _finds(word: str, typed: str) -> bool:
    """Whether the first page for what was typed has a product with the word that was meant."""
    found = json.loads(list_as_json(SearchQuery(q=typed, limit=20)))["data"]
    return any(word in words(product["name"]) for product in found)


CASES = (Case("recall", "recall of searches with one typo", recall),)
