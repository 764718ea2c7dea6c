"""Planning a search costs more than running it, so its plan is made once."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.schemas.catalog import SearchQuery
from app.services.catalog import listing
from app.transaction import reading

_WORDS = """
    INSERT INTO search_words (word, documents) SELECT 'word' || n, n FROM generate_series(1, 5000) AS n
"""
_PLANS = "SELECT max(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%AS typed (word, place)%'"


@pytest.mark.parametrize("words", ["word", "word wort"])
def test_the_plan_of_a_search_is_kept(session: Session, words: str) -> None:
    session.execute(text(_WORDS))
    session.execute(text("ANALYZE search_words"))
    session.commit()

    for _ in range(20):
        listing.find(SearchQuery(q=words))

    with reading() as connection:
        assert connection.execute(text(_PLANS)).scalar_one() > 0
