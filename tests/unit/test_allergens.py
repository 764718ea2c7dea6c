"""The words for allergens."""

from app.domain.allergens import REGULATED, with_synonyms


def test_there_are_the_fourteen_of_the_regulation() -> None:
    assert len(REGULATED) == 14


def test_a_word_brings_the_other_one_for_the_same_along() -> None:
    assert with_synonyms(["sesame", "milk", "milk"]) == ["milk", "sesame", "sesame-seeds"]
    assert with_synonyms(["sesame-seeds"]) == ["sesame", "sesame-seeds"]
    assert with_synonyms([]) == []
