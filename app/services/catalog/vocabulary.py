"""The search vocabulary: words of product names with their frequency, and their one-character deletions.

Search corrects typos against it and autocomplete completes from it. It only ever widens a search: a word missing from
it is still found in products as typed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.search_text import one_character_deletions
from app.services import locks

_REBUILD = text("""
WITH occurrences AS (
    SELECT DISTINCT products.id, words.word
    FROM products CROSS JOIN LATERAL unnest(string_to_array(products.search_name, ' ')) AS words (word)
    WHERE products.shop_id IS NULL AND products.is_active AND words.word <> ''
), counted AS MATERIALIZED (
    SELECT word, count(*) AS documents FROM occurrences GROUP BY word
), gone AS (
    DELETE FROM search_words
    WHERE NOT EXISTS (SELECT FROM counted WHERE counted.word = search_words.word)
), written AS (
    INSERT INTO search_words (word, documents)
    SELECT word, documents FROM counted
    ON CONFLICT (word) DO UPDATE SET documents = EXCLUDED.documents
    WHERE search_words.documents <> EXCLUDED.documents
    RETURNING word, xmax = 0 AS is_new
)
SELECT word FROM written WHERE is_new
""")

_ADD = text("""
INSERT INTO search_words (word, documents)
SELECT words.word, count(DISTINCT products.id)
FROM products CROSS JOIN LATERAL unnest(string_to_array(products.search_name, ' ')) AS words (word)
WHERE products.id = ANY(:product_ids) AND products.shop_id IS NULL AND products.is_active AND words.word <> ''
GROUP BY words.word
ON CONFLICT (word) DO NOTHING
RETURNING word
""")

_COUNT = text("SELECT count(*) FROM search_words")


def rebuild(session: Session) -> int:
    """Bring the vocabulary in line with the active products of the supermarket's own range.

    Set-based; deletions are computed for new words only. Returns the number of words. A step: the caller commits.
    """
    locks.vocabulary(session)
    _write_deletions(session, session.execute(_REBUILD).scalars().all())
    return int(session.execute(_COUNT).scalar_one())


def add_products(session: Session, product_ids: Sequence[int]) -> None:
    """Take in the words of some products just written. Known words keep their count until the next rebuild."""
    locks.vocabulary(session)
    _write_deletions(session, session.execute(_ADD, {"product_ids": list(product_ids)}).scalars().all())


def _write_deletions(session: Session, words: Iterable[str]) -> None:
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy("COPY search_deletions (deletion, word) FROM STDIN") as copy:
        for word in words:
            for deletion in one_character_deletions(word):
                copy.write_row((deletion, word))
