"""Autocomplete: the last word typed is completed from the vocabulary, and products with such words are named."""

from functools import cache

from sqlalchemy import Integer, Text, bindparam, column, func, literal_column, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from app.domain.search_text import words
from app.models import Product
from app.prepared import Prepared
from app.schemas.catalog import AutocompleteQuery, NamedProduct, Suggestions
from app.services.catalog import conditions
from app.services.catalog.asked import MOST_WORDS

_LOOKED_AT = 100

# The completions are whole words of the vocabulary and find few products, where the beginning itself (one letter,
# perhaps) would find a tenth of the catalog. A last word the vocabulary does not know is taken as typed.
_COMPLETED = """
SELECT completions.words, to_tsquery('simple', array_to_string(
    ARRAY(SELECT '''' || typed.word || '''' FROM unnest(:before) AS typed (word))
    || ('(' || COALESCE('''' || array_to_string(completions.words, ''' | ''') || '''', '''' || :last || ''':*') || ')')
, ' & ')) AS query
FROM (SELECT array_agg(found.word ORDER BY found.documents DESC, found.word) AS words FROM (
    SELECT word, documents FROM search_words
    WHERE word ~>=~ :last AND word ~<~ (:last || chr(1114111))
    ORDER BY documents DESC, word
    LIMIT 10
) AS found) AS completions
"""


def complete(query: AutocompleteQuery) -> Suggestions:
    """Up to `limit` products whose names have the words typed, shortest name first, and completions of the last."""
    typed = words(query.q)[:MOST_WORDS]
    if not typed:
        return Suggestions(items=[], words=[], total=0, limit=query.limit, offset=query.offset)
    values = {"before": typed[:-1], "last": typed[-1], "rows": query.limit, "offset": query.offset}
    rows = _statement().all(**values)
    items = [NamedProduct(id=row.id, name=row.name) for row in rows if row.id is not None]
    completions = (rows[0].words or [])[: query.limit]
    return Suggestions(items=items, words=completions, total=len(items), limit=query.limit, offset=query.offset)


@cache
def _statement() -> Prepared:
    """One row for each product, one row without product when there is none; `words` on every row."""
    parameters = (bindparam("before", type_=ARRAY(Text)), bindparam("last", type_=Text))
    names = (column("words", ARRAY(Text)), column("query", TSQUERY))
    completed = text(_COMPLETED).bindparams(*parameters).columns(*names).cte("completed")
    matched = (
        select(Product.id, Product.name)
        .where(*conditions.listed(), Product.search_vector.op("@@")(select(completed.c.query).scalar_subquery()))
        .limit(literal_column(str(_LOOKED_AT)))
        .subquery("matched")
    )
    best = select(*matched.c).order_by(func.length(matched.c.name), matched.c.id)
    page = best.limit(bindparam("rows", type_=Integer)).offset(bindparam("offset", type_=Integer)).subquery("page")
    statement = select(completed.c.words, *page.c).select_from(completed).outerjoin(page, true())
    return Prepared(statement.order_by(func.length(page.c.name), page.c.id))
