"""The catalogs: every message in every language, nothing left over, and the same placeholders everywhere."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from app.config import PROJECT
from app.domain.enums import Language
from app.services.messages.tongue import CATALOGS, Tongue

TRANSLATED = [language for language in Language if language is not Language.ENGLISH]
SPEAKING = ("services/events", "services/messages")
SAYING = {"say": 1, "marked": 1, "counted": 2}
"""What says words, with how many texts it begins."""

Words = tuple[str, ...]
"""A text, or the forms for one and for many."""


def said() -> Iterator[Words]:
    for path in (path for folder in SPEAKING for path in (PROJECT / "app" / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).split(".")[-1]
            texts = node.args[: SAYING.get(name, 0)]
            if texts and all(isinstance(text, ast.Constant) for text in texts):
                yield tuple(str(text.value) for text in texts if isinstance(text, ast.Constant))


def catalog(language: Language) -> Catalog:
    with (CATALOGS / language.value / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def forms(texts: str | tuple[str, ...] | list[str]) -> Words:
    return (texts,) if isinstance(texts, str) else tuple(texts)


def entries(language: Language) -> list[Message]:
    return [message for message in catalog(language) if message.id]


def placeholders(text: str) -> Counter[str]:
    return Counter(re.findall(r"\{(\w+)\}", text))


def test_the_words_of_the_shop_are_found() -> None:
    assert len(set(said())) > 80


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_no_translation_is_stale(language: Language) -> None:
    assert {forms(message.id) for message in entries(language)} == set(said())
    assert [message.id for message in entries(language) if message.fuzzy or not all(forms(message.string))] == []
    assert list(catalog(language).obsolete) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_source(language: Language) -> None:
    for message in entries(language):
        source, *_, last = (*forms(message.id), *forms(message.string))
        assert placeholders(last) == placeholders(source), message.id
        for form in forms(message.string):
            assert placeholders(form) <= placeholders(source), message.id
            assert form.count("\n\n") == source.count("\n\n"), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_code_or_link_stays_a_word_of_its_own(language: Language) -> None:
    for message in entries(language):
        for form in forms(message.string):
            for name in ("{code}", "{link}"):
                assert (name not in form) or name in form.split(), form


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_in_the_script_of_its_language(language: Language) -> None:
    script = {Language.HEBREW: r"[\u0590-\u05ff]", Language.HINDI: r"[\u0900-\u097f]"}[language]

    assert [m.id for m in entries(language) if not all(re.search(script, form) for form in forms(m.string))] == []


@pytest.mark.parametrize(
    ("language", "count", "words"),
    [
        (Language.ENGLISH, 1, "1 day"),
        (Language.ENGLISH, 3, "3 days"),
        (Language.HEBREW, 1, "יום אחד"),
        (Language.HEBREW, 2, "יומיים"),
        (Language.HEBREW, 3, "3 ימים"),
        (Language.HINDI, 1, "1 दिन"),
        (Language.HINDI, 3, "3 दिन"),
    ],
)
def test_a_count_takes_the_form_of_its_language(language: Language, count: int, words: str) -> None:
    assert Tongue(language, ZoneInfo("UTC")).counted("{count} day", "{count} days", count) == words


@pytest.mark.parametrize(
    ("language", "money", "day", "hour"),
    [
        (Language.ENGLISH, "₪1,234.50", "Sunday, 6 December 2026", "14:05"),
        (Language.HEBREW, "\u200f1,234.50\xa0\u200f₪", "יום ראשון, 6 בדצמבר 2026", "14:05"),
        (Language.HINDI, "₪1,234.50", "रविवार, 6 दिसंबर 2026", "2:05 pm"),
    ],
)
def test_money_days_and_hours_are_written_as_the_language_does(
    language: Language, money: str, day: str, hour: str
) -> None:
    say = Tongue(language, ZoneInfo("Asia/Jerusalem"))
    moment = datetime(2026, 12, 6, 12, 5, tzinfo=UTC)

    assert say.money(Decimal("1234.5"), "ILS") == money
    assert say.day(moment) == day
    assert say.hour(moment) == hour


def test_a_day_is_that_of_the_shop_and_not_of_greenwich() -> None:
    late = datetime(2026, 12, 6, 23, 0, tzinfo=UTC)

    assert Tongue(Language.ENGLISH, ZoneInfo("Asia/Jerusalem")).day(late) == "Monday, 7 December 2026"


def test_what_fills_a_placeholder_is_never_read_as_one() -> None:
    said_back = Tongue(Language.ENGLISH, ZoneInfo("UTC"))("You had asked: {question}", question="{shop} {0}")

    assert said_back == "You had asked: {shop} {0}"


def test_no_compiled_catalog_is_kept_beside_its_source() -> None:
    assert [path for path in Path(CATALOGS).rglob("*") if path.is_file() and path.suffix != ".po"] == []
