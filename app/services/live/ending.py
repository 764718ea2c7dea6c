"""Whether this process is about to end: streams end first, as a server waits for its requests."""

from collections.abc import Callable

_signs: list[Callable[[], bool]] = []


def when(sign: Callable[[], bool]) -> None:
    """Take `sign`, asked about once a second by each stream, for the end of this process."""
    _signs.append(sign)


def is_near() -> bool:
    """Whether any sign says so."""
    return any(sign() for sign in _signs)
