"""The way through the aisles when several orders are picked in one walk."""

import re

_DIGITS = re.compile(r"(\d+)")


def bin_order(bin_location: str | None) -> tuple[bool, list[tuple[bool, int, str]]]:
    """The sort key of a bin: A-2 comes before A-10, and goods without a bin come last."""
    parts = _DIGITS.split((bin_location or "").strip().upper())
    key = [(False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts if part]
    return not key, key
