"""What the demo shop's past looks like: who ordered what when, and what became of it. Nothing is written here.

Everything is drawn from one fixed seed, so that two shops set up on the same day have the same past.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.enums import FulfillmentType, SoldBy

DAYS, ORDERS = 60, 200
CUSTOMERS = (
    "Avi Mizrahi", "Chaya Stern", "Daniel Peretz", "Efrat Shalev", "Gil Amar", "Hila Baruch",
    "Karim Mansour", "Liat Golan", "Moshe Dahan", "Rania Khoury", "Tamar Weiss", "Yonatan Biton",
)  # fmt: skip
PICKERS = ("Lior Ben David", "Sara Azoulay")
LEAST_STOCK = 30
"""Pieces a product must have for the past to have sold some of them."""

_CANCELED, _PICKUP, _LATE = 0.07, 0.25, 0.08
_MOST_LINES, _POPULAR = 9, 120
_BUSY_DAYS = (0.9, 1.0, 1.0, 1.2, 1.6, 1.5, 0.6)  # from Monday: the shop fills up before the weekend


class Fate(StrEnum):
    """What became of a line."""

    PICKED = "PICKED"
    MISSING = "MISSING"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Good:
    """A product on the shelf of a place; the names are those of its columns. `price` is per kilogram where weighed."""

    id: int
    name: str
    sku: str
    unit: str
    sold_by: SoldBy
    price: Decimal
    tax_rate: Decimal
    deposit: Decimal
    estimated_weight_grams: int | None
    age_limit: int | None
    available: int


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly delivery window: day 0 is Sunday."""

    id: int
    day_of_week: int
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Place:
    """A branch with what it may sell; only the delivery source has windows."""

    id: int
    goods: Sequence[Good]
    windows: Sequence[Window] = ()


@dataclass(slots=True)
class PastLine:
    """`marked_at`: when the picker dealt with it. `weight_grams`: what was on the scale."""

    good: Good
    quantity: int
    fate: Fate
    marked_at: datetime
    weight_grams: int | None = None
    substitute: Good | None = None


@dataclass(slots=True)
class PastOrder:
    """One order that is over: delivered, or cancelled before anybody picked it."""

    place: Place
    customer: int
    picker: int
    fulfillment: FulfillmentType
    created_at: datetime
    slot_start: datetime
    slot_end: datetime
    window: Window | None
    ended_at: datetime
    is_canceled: bool
    lines: list[PastLine] = field(default_factory=list)

    @property
    def ready_at(self) -> datetime:
        return self.lines[-1].marked_at + timedelta(minutes=2)

    @property
    def was_driven(self) -> bool:
        """Whether somebody took it to the customer's door."""
        return self.window is not None and not self.is_canceled


class Shelf:
    """How much of every product a place still had, so that the past never sells more than there was."""

    def __init__(self, place: Place) -> None:
        self.goods = list(place.goods[:_POPULAR])
        self._weights = [1 / (rank + 8) for rank in range(len(self.goods))]
        self._left = {good.id: good.available - LEAST_STOCK // 2 for good in self.goods}

    def take(self, chance: random.Random, quantity: int) -> Good | None:
        """Some product, a popular one more often than another; None where too few are left of it."""
        (good,) = chance.choices(self.goods, self._weights)
        if self._left[good.id] < quantity:
            return None
        self._left[good.id] -= quantity
        return good


def plan(delivery: Place, stores: Sequence[Place], *, today: date, zone: ZoneInfo) -> list[PastOrder]:
    """About ORDERS orders over the DAYS days before today, oldest first."""
    chance = random.Random(20261121)  # noqa: S311 (a believable past, not a secret)
    shelves = {place.id: Shelf(place) for place in (delivery, *stores) if place.goods}
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    drawn = sorted(chance.choices(days, [_BUSY_DAYS[day.weekday()] for day in days], k=ORDERS))
    orders = []
    for day in drawn:
        open_stores = [place for place in stores if place.id in shelves]
        store = chance.choice(open_stores) if open_stores and chance.random() < _PICKUP else delivery
        order = _order(chance, store, day, zone)
        _fill(chance, order, shelves[store.id])
        if order.lines:
            orders.append(order)
    return orders


def _order(chance: random.Random, place: Place, day: date, zone: ZoneInfo) -> PastOrder:
    """An order for a day, as yet without lines."""
    todays = [window for window in place.windows if window.day_of_week == day.isoweekday() % 7]
    window = chance.choice(todays) if todays else None
    start = datetime.combine(day, window.start if window else time(chance.randint(9, 17)), tzinfo=zone)
    end = datetime.combine(day, window.end, tzinfo=zone) if window else start + timedelta(hours=2)
    is_canceled = chance.random() < _CANCELED
    created = start - timedelta(hours=chance.randint(10, 30), minutes=chance.randint(0, 59))
    delay = chance.randint(5, 40) if chance.random() < _LATE else -chance.randint(10, 80)
    return PastOrder(
        place=place,
        customer=min(int(chance.expovariate(0.25)), len(CUSTOMERS) - 1),
        picker=chance.randrange(len(PICKERS) + 1),
        fulfillment=FulfillmentType.DELIVERY if window else FulfillmentType.PICKUP,
        created_at=created,
        slot_start=start,
        slot_end=end,
        window=window,
        ended_at=created + timedelta(hours=2) if is_canceled else end + timedelta(minutes=delay),
        is_canceled=is_canceled,
    )


def _fill(chance: random.Random, order: PastOrder, shelf: Shelf) -> None:
    """Put lines into an order; the first is always found, so that there is something to hand over."""
    seen: set[int] = set()
    now = order.slot_start - timedelta(minutes=75)
    pace = (45, 60, 85)[order.picker]
    for _ in range(chance.randint(2, _MOST_LINES)):
        quantity = chance.choice((1, 1, 1, 2, 2, 3))
        good = shelf.take(chance, quantity)
        if good is None or good.id in seen:
            continue
        seen.add(good.id)
        now += timedelta(seconds=chance.randint(pace // 2, pace * 2))
        line = PastLine(good, quantity, Fate.PICKED, now)
        if order.lines and not order.is_canceled:
            _decide(chance, line, shelf, seen)
        if good.sold_by is SoldBy.WEIGHT and good.estimated_weight_grams:
            line.weight_grams = round(good.estimated_weight_grams * quantity * chance.uniform(0.94, 1.04))
        order.lines.append(line)


def _decide(chance: random.Random, line: PastLine, shelf: Shelf, seen: set[int]) -> None:
    """A few lines are not on the shelf; for most of these something else is offered."""
    drawn = chance.random()
    if drawn > 0.08:
        return
    line.fate = Fate.MISSING
    substitute = shelf.take(chance, line.quantity) if drawn > 0.025 else None
    if substitute is not None and substitute.id not in seen:
        seen.add(substitute.id)
        line.substitute = substitute
        line.fate = Fate.ACCEPTED if chance.random() < 0.75 else Fate.REFUSED
