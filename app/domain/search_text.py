"""Words as search compares them, the same when a product is written and when a customer types.

Case goes, Latin accents go, Hebrew points go; Devanagari vowel signs stay, as they carry meaning.
"""

import re
import unicodedata

_HEBREW_POINTS = range(0x0591, 0x05C8)
_LATIN_MARKS = range(0x0300, 0x0370)
_FOLDED = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963])*")
LONGEST_WORD = 64


def normalise(text: str) -> str:
    """The text in lower case without Latin accents and Hebrew points, words separated by single spaces."""
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """The normalised words of a text in order, each at most 64 characters."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if ord(char) not in _LATIN_MARKS and ord(char) not in _HEBREW_POINTS)
    folded = unicodedata.normalize("NFC", bare).translate(_FOLDED)
    return [word[:LONGEST_WORD] for word in _WORD.findall(folded)]


def one_character_deletions(word: str) -> set[str]:
    """Every word that is `word` with one character left out; words one typo apart share one.

    Source: symmetric delete spelling correction, W. Garbe, SymSpell (2012).
    """
    return {word[:place] + word[place + 1 :] for place in range(len(word))} if len(word) > 1 else set()
