"""What a filled shop has to offer to the cases."""

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """Ids and words; the same for the same sizes."""

    branch_id: int
    """A store people pick up at."""
    warehouse_id: int
    """Where deliveries come from."""
    products: tuple[int, ...]
    """Own range, sold by the piece to everybody, with plenty of stock in both places; 20,000 at most."""
    users: tuple[int, ...]
    """Customers with orders of the past; 4,000 at most."""
    words: tuple[str, ...]
    """Words of the search vocabulary with at least five letters; 2,000 at most."""
    categories: tuple[int, ...]
    count: int
    """How many products there are."""
    orders: int
