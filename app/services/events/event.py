"""An outbox event as its handlers see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the outbox; `attempts` counts this try."""

    id: int
    topic: str
    payload: dict[str, Any]
    attempts: int

    @property
    def reference(self) -> str:
        """The name every message made from this event carries, the same on every try."""
        return f"outbox-{self.id}"


Handler = Callable[[Event], None]
