"""Saying something in somebody's language: words from the catalogs, dates and money as that language writes them.

English is the source, written where it is said; `app/translations` holds the other languages. How to add one is told in
docs/messages.md.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import Translations

from app.config import PROJECT, settings
from app.domain.enums import Language

CATALOGS = PROJECT / "app" / "translations"
_LOCALES = {Language.ENGLISH: "en_GB"}
"""Where the locale is more than the language: the English of the shop counts its hours to twenty-four."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language and the time zone of the shop. Called with English words, it says them in the language."""

    language: Language
    zone: ZoneInfo

    def __call__(self, words: str, **values: str) -> str:
        """The words with their {placeholders} filled; in English where there is no translation."""
        return _translations(self.language).gettext(words).format(**values)

    def counted(self, one: str, many: str, count: int) -> str:
        """The form of the words that fits a count, which fills {count}."""
        form = _translations(self.language).ngettext(one, many, count)
        return form.format(count=format_decimal(count, locale=self.locale))

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount with the sign of its currency (ISO 4217)."""
        return format_currency(amount, currency, locale=self.locale)

    def day(self, moment: datetime) -> str:
        """The day of a moment in the shop, with its weekday."""
        return format_date(moment.astimezone(self.zone), "full", locale=self.locale)

    def hour(self, moment: datetime) -> str:
        """The time of a moment in the shop, to the minute."""
        return format_time(moment, "short", tzinfo=self.zone, locale=self.locale)

    @property
    def locale(self) -> Locale:
        return _locale(self.language)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.locale.text_direction


def tongue(language: Language | None) -> Tongue:
    """How to speak to somebody; None: in the language of the shop (DEFAULT_LANGUAGE)."""
    return Tongue(language or settings().default_language, settings().zone)


def marked(words: str) -> str:
    """The words themselves, which are said later: marks them for the catalogs where they stand in a table."""
    return words


@cache
def _locale(language: Language) -> Locale:
    return Locale.parse(_LOCALES.get(language, language.value))


@cache
def _translations(language: Language) -> NullTranslations:
    """The catalog of a language, read once in each process; the source language has none."""
    path = CATALOGS / language.value / "LC_MESSAGES" / "messages.po"
    if language is Language.ENGLISH:
        return NullTranslations()
    with path.open("rb") as file:
        catalog = read_po(file)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)
