"""Where the demo shop keeps its stock, how its range is sorted, and when it delivers."""

from datetime import time
from typing import NamedTuple

from app.domain.enums import LocationKind
from app.domain.slots import EARLIEST, LATEST, WINDOW

HOURS = int(WINDOW.total_seconds()) // 3600


class Place(NamedTuple):
    """`most` is the largest opening stock of one product there, in pieces."""

    kind: LocationKind
    name: str
    address: str
    most: int


PLACES: tuple[Place, ...] = (
    Place(LocationKind.WAREHOUSE, "Central Warehouse", "5 HaMelacha Street, Lod", 400),
    Place(LocationKind.STORE, "Market Street", "21 Allenby Street, Tel Aviv", 60),
    Place(LocationKind.STORE, "Harbour", "3 HaNamal Street, Haifa", 60),
    Place(LocationKind.STORE, "Garden City", "48 Weizmann Street, Kfar Saba", 40),
)


class Branching(NamedTuple):
    """A root of the category tree and its leaves; products hang on leaves."""

    root: str
    icon: str
    leaves: tuple[str, ...]


CATEGORIES: tuple[Branching, ...] = (
    Branching("Fresh Produce", "leaf", ("Produce - Fruit", "Produce - Vegetables")),
    Branching("Dairy", "milk", ("Milk and Yogurt", "Cheese and Eggs")),
    Branching("Bakery", "bread", ("Bread and Rolls", "Cakes and Pastries")),
    Branching("Meat and Fish", "fish", ("Meat and Poultry", "Fish and Seafood")),
    Branching("Pantry", "jar", ("Pasta and Grains", "Spices and Sauces")),
    Branching("Snacks", "cookie", ("Chips and Nuts", "Chocolate and Biscuits")),
    Branching("Drinks", "bottle", ("Water and Soft Drinks", "Wine and Beer")),
    Branching("Household", "home", ("Cleaning", "Personal Care")),
)

WINDOWS: tuple[tuple[int, time, time], ...] = tuple(
    (day, time(hour), time(hour + HOURS)) for day in range(7) for hour in range(EARLIEST.hour, LATEST.hour, HOURS)
)
"""(day from Sunday = 0, start, end): two-hour windows through the day, every day."""
