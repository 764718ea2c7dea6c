"""Words as search compares them."""

import pytest

from app.domain.search_text import LONGEST_WORD, normalise, one_character_deletions, words


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("Whole Milk 3%", "whole milk 3"),
        ("Crème  BRÛLÉE", "creme brulee"),
        ("חָלָב טָרִי", "חלב טרי"),
        ("दूध हिन्दी", "दूध हिन्दी"),
        ("Straße, Smørrebrød", "strasse smorrebrod"),
        ("under_score-and.dots", "under score and dots"),
        ("7up & 100g", "7up 100g"),
        ("ﬁne ½", "fine 1 2"),
        ("🍎 !!! ()&|:*<->'\"\\", ""),
        ("", ""),
    ],
)
def test_case_accents_and_points_go_and_meaning_stays(text: str, normalised: str) -> None:
    assert normalise(text) == normalised


def test_a_word_is_cut_at_its_longest() -> None:
    assert words("a" * 500) == ["a" * LONGEST_WORD]


@pytest.mark.parametrize(
    ("word", "deletions"),
    [("milk", {"ilk", "mlk", "mik", "mil"}), ("aa", {"a"}), ("a", set()), ("", set()), ("חלב", {"לב", "חב", "חל"})],
)
def test_deletions_leave_out_one_character_each(word: str, deletions: set[str]) -> None:
    assert one_character_deletions(word) == deletions
