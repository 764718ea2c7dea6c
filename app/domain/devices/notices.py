"""Notices that ride on an answer to a device, two at a time (smart-cart.md, B.5)."""

from collections.abc import Sequence

from app.domain.devices.wire import short
from app.domain.enums import TrolleyState

MAX_NOTICES = 2

Notice = tuple[int | str, ...]


def state_notice(state: TrolleyState) -> Notice:
    return ("st", state.number)


def message(text: str) -> Notice:
    """A line for the display, cut to 40 bytes."""
    return ("msg", short(text))


def firmware(version: str) -> Notice:
    return ("fw", version)


def rotation(kid: int, nonce: str) -> Notice:
    """The number of the next key and the 32 hex digits it is made with."""
    return ("rot", kid, nonce)


def heartbeat_every(seconds: int) -> Notice:
    return ("hb", seconds)


def tare() -> Notice:
    return ("tare",)


def locate() -> Notice:
    """Blink and beep, so that staff find the trolley."""
    return ("loc", 1)


def goodbye() -> Notice:
    return ("bye",)


def is_over(notice: Notice, session_id: int, state: TrolleyState) -> bool:
    """Whether a notice that waited tells of what is not so any more, now that the trolley stands like this.

    Another state, or the goodbye to an earlier shopper while the next one has the trolley (`session_id` 0: nobody has).
    """
    word, *rest = notice
    return (word == "st" and rest != [state.number]) or (word == "bye" and session_id != 0)


def first_notices(waiting: Sequence[Notice]) -> tuple[tuple[Notice, ...], tuple[Notice, ...]]:
    """Those that go with this answer and those that wait for the next one."""
    return tuple(waiting[:MAX_NOTICES]), tuple(waiting[MAX_NOTICES:])
