"""Everybody at once, each in a thread of their own, until all checkouts are made."""

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from scripts.chaos.record import Record, Wrong


class Actor(Protocol):
    """Somebody with something to do again and again."""

    name: str

    def turn(self) -> None:
        """Do it once. Raises Wrong."""

    def close(self) -> None:
        """Let go of the connection."""


class Crowd:
    """Buyers make the checkouts the record wants; helpers (pickers, vendors) work until the buyers have ended."""

    def __init__(self, record: Record, buyers: Sequence[Actor], helpers: Sequence[Actor]) -> None:
        self._record = record
        self._helpers_end = threading.Event()
        self._actors = [*buyers, *helpers]
        self._buyers = [self._thread(buyer, self._buy) for buyer in buyers]
        self._helpers = [self._thread(helper, self._help) for helper in helpers]

    def __enter__(self) -> Self:
        for thread in (*self._buyers, *self._helpers):
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._record.is_over.set()
        self._helpers_end.set()
        for thread in (*self._buyers, *self._helpers):
            thread.join(timeout=5)
        for actor in self._actors:
            actor.close()

    def is_buying(self) -> bool:
        return any(thread.is_alive() for thread in self._buyers)

    def end_helpers(self, seconds: float = 60) -> None:
        """Let the helpers finish what they are at."""
        self._helpers_end.set()
        give_up = time.monotonic() + seconds
        for thread in self._helpers:
            thread.join(timeout=max(0.0, give_up - time.monotonic()))

    def _thread(self, actor: Actor, work: Callable[[Actor], None]) -> threading.Thread:
        return threading.Thread(target=self._guarded, args=(actor, work), name=actor.name, daemon=True)

    def _guarded(self, actor: Actor, work: Callable[[Actor], None]) -> None:
        """A thread that ends in silence would look like a kept promise."""
        try:
            work(actor)
        except Wrong as wrong:
            self._record.blame(f"{actor.name}: {wrong}")
        except Exception:  # noqa: BLE001 (as above)
            self._record.blame(f"{actor.name}: {traceback.format_exc(limit=-3)}")

    def _buy(self, buyer: Actor) -> None:
        while self._record.take_one():
            buyer.turn()
            self._record.finish_one()

    def _help(self, helper: Actor) -> None:
        while not self._helpers_end.is_set():
            helper.turn()
