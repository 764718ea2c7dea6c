"""What a customer typed: words, a barcode or the id of a category, and the SQL that turns words into a text query."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import CTE, BigInteger, Text, bindparam, case, column, exists, select, text
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, TSQUERY

from app.domain.gtin import InvalidGtin, normalise_gtin
from app.domain.search_text import one_character_deletions, words
from app.models import Category

MOST_WORDS = 12
SHORTEST_CORRECTED = 3
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


class Kind(Enum):
    """EVERYTHING: nothing was typed. NOTHING: what was typed has no word in it."""

    EVERYTHING = auto()
    NOTHING = auto()
    WORDS = auto()
    NUMBER = auto()
    BARCODE = auto()


@dataclass(frozen=True)
class Asked:
    """What to look for, and the parameters of the statement that looks for it."""

    kind: Kind
    parameters: dict[str, Any]


def understood(typed: str | None) -> Asked:
    """Read what was typed. A valid GTIN names one product; a short number may be a category's id."""
    if not typed:
        return Asked(Kind.EVERYTHING, {})
    try:
        return Asked(Kind.BARCODE, {"gtin": normalise_gtin(typed)})
    except InvalidGtin:
        pass
    found = words(typed)[:MOST_WORDS]
    if not found:
        return Asked(Kind.NOTHING, {})
    if _NUMBER.fullmatch(typed):
        return Asked(Kind.NUMBER, {**word_parameters(found), "asked_category_id": int(typed)})
    return Asked(Kind.WORDS, word_parameters(found))


def word_parameters(found: list[str]) -> dict[str, Any]:
    """The words with, for each one long enough, the keys that lead to vocabulary words one typo away."""
    keys = [
        (place, key)
        for place, word in enumerate(found, 1)
        if len(word) >= SHORTEST_CORRECTED
        for key in {word, *one_character_deletions(word)}
    ]
    return {"words": found, "key_places": [place for place, _ in keys], "keys": [key for _, key in keys]}


# A word the vocabulary knows, whole or as a beginning, is taken as typed. Otherwise the most frequent vocabulary words
# one typo away stand beside it, or failing those the words it is a part of. Words of one length that share a deletion
# are one typo apart when they differ in one place (another letter) or two (letters swapped). Words hold letters and
# digits only, so quoting them is enough to keep the operators of tsquery out.
# A plan is kept where it seems no dearer than one for the very parameters: arrays in a SELECT of their own look equally
# long to both. Planning costs twice what most searches do. OFFSET 0 keeps the choice from being made for each use.
_CHOSEN = """
SELECT to_tsquery('simple', string_agg(
           '(''' || array_to_string(typed.word || COALESCE(chosen.others, '{}'), ''':* | ''') || ''':*)',
           ' & ' ORDER BY typed.place)) AS wide,
       to_tsquery('simple', string_agg(
           '''' || COALESCE(chosen.others[1], typed.word) || '''', ' & ' ORDER BY typed.place)) AS exact
FROM unnest((SELECT :words)) WITH ORDINALITY AS typed (word, place)
CROSS JOIN LATERAL (SELECT CASE
    WHEN EXISTS (
        SELECT FROM search_words
        WHERE search_words.word ~>=~ typed.word AND search_words.word ~<~ (typed.word || chr(1114111))
    ) THEN NULL
    ELSE COALESCE((
        SELECT array_agg(near.word ORDER BY near.same_start DESC, near.documents DESC)
        FROM (
            SELECT search_words.word, search_words.documents,
                   left(search_words.word, 1) = left(typed.word, 1) AS same_start
            FROM (
                SELECT key AS word FROM unnest((SELECT :key_places), (SELECT :keys)) AS keyed (place, key)
                WHERE keyed.place = typed.place
                UNION
                SELECT search_deletions.word FROM unnest((SELECT :key_places), (SELECT :keys)) AS keyed (place, key)
                JOIN search_deletions ON search_deletions.deletion = keyed.key
                WHERE keyed.place = typed.place
            ) AS candidates
            JOIN search_words ON search_words.word = candidates.word
            WHERE length(search_words.word) <> length(typed.word) OR (
                SELECT count(*) FROM generate_series(1, length(typed.word)) AS place
                WHERE substr(search_words.word, place, 1) <> substr(typed.word, place, 1)
            ) <= 2
            ORDER BY same_start DESC, search_words.documents DESC
            LIMIT 3
        ) AS near
    ), (
        SELECT array_agg(around.word ORDER BY around.documents DESC)
        FROM (
            SELECT search_words.word, search_words.documents FROM search_words
            WHERE length(typed.word) > 1 AND strpos(search_words.word, typed.word) > 0
            ORDER BY search_words.documents DESC
            LIMIT 10
        ) AS around
    ))
    END AS others
    OFFSET 0
) AS chosen
"""

_PARAMETERS = (
    bindparam("words", type_=ARRAY(Text)),
    bindparam("key_places", type_=ARRAY(INTEGER)),
    bindparam("keys", type_=ARRAY(Text)),
)


def text_query(kind: Kind) -> CTE:
    """One row: `wide`, which finds beginnings of words and forgives typos, and `exact`, which lifts the best matches.

    A number that is the id of a category is looked for in texts as a whole word only: as a beginning it would drown
    the category's products in package sizes.
    """
    chosen = text(_CHOSEN).bindparams(*_PARAMETERS).columns(column("wide", TSQUERY), column("exact", TSQUERY))
    asked = chosen.cte("asked")
    if kind is Kind.WORDS:
        return asked
    names_category = exists().where(Category.id == bindparam("asked_category_id", type_=BigInteger))
    wide = case((names_category, asked.c.exact), else_=asked.c.wide)
    return select(wide.label("wide"), asked.c.exact).cte("asked_number")
