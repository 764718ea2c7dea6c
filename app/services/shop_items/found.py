"""Finding items of shops by words: each word typed must begin a word of the item."""

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import TSQUERY

from app.domain.search_text import words
from app.models import Product

_MOST_WORDS = 12

WORDS = bindparam("words", type_=TSQUERY)
"""The words looked for, made by `text_query`."""

FOUND = Product.search_vector.op("@@")(WORDS)
"""Whether an item has these words."""


def text_query(typed: str) -> str:
    """What was typed as a text query of PostgreSQL; without any word it finds nothing.

    Words hold letters and digits only, so quoting them is enough to keep the operators of text queries out.
    """
    return " & ".join(f"'{word}':*" for word in words(typed)[:_MOST_WORDS])
