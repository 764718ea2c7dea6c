"""What the clients were answered: the evidence the shop is judged by. Never taken from the database."""

import math
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


class Wrong(Exception):
    """An answer nobody should get; the message says which, in one line."""


@dataclass(frozen=True)
class Bought:
    """An acknowledged order. `lines` are pieces by product, as the cart was shown before the confirm."""

    key: str
    cart_id: int | None
    order_id: int
    order_number: str
    total: Decimal
    place: int
    """The stock location the goods come from."""
    paid_by: str
    lines: Mapping[int, int]
    buyer: str = ""


@dataclass
class Record:
    """The records of all clients; each only ever adds to it."""

    wanted: int
    """Checkouts to be made in all."""
    begun: int = 0
    done: int = 0
    bought: dict[int, Bought] = field(default_factory=dict)
    declined: set[int] = field(default_factory=set)
    """Orders whose card was refused, as their shoppers were told."""
    cancelled: set[int] = field(default_factory=set)
    """Orders that ended unsold, as their shopper or their vendor was told."""
    ready: set[int] = field(default_factory=set)
    """Orders the staff were told are packed, and so charged."""
    loads: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    """By the key of the request, whose wallet was loaded and with how much."""
    balances: dict[str, Decimal] = field(default_factory=dict)
    """What the shop said at the end is in whose wallet."""
    counts: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    last_call: float = math.inf
    """When no checkout is begun any more, on the monotonic clock."""

    def take_one(self) -> bool:
        """Whether another checkout is to be begun; if so it is counted."""
        with self.lock:
            begins = self.goes_on()
            self.begun += begins
            return begins

    def goes_on(self) -> bool:
        """Whether there are checkouts left to begin, and time for them."""
        return self.begun < self.wanted and not self.is_over.is_set() and time.monotonic() < self.last_call

    def finish_one(self) -> None:
        with self.lock:
            self.done += 1

    def acknowledge(self, bought: Bought) -> None:
        """Keep an order. A second acknowledgement must tell the same."""
        with self.lock:
            known = self.bought.setdefault(bought.order_id, bought)
        if (known.order_number, known.total) != (bought.order_number, bought.total):
            self.blame(f"order {bought.order_id} was acknowledged as {known} and as {bought}")

    def blame(self, fault: str) -> None:
        """Keep a fault; the run ends at the first."""
        with self.lock:
            self.faults.append(fault)
        self.is_over.set()

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def live(self) -> list[Bought]:
        """Acknowledged orders that nobody was told have ended unsold."""
        return [bought for bought in self.bought.values() if bought.order_id not in self.cancelled]
