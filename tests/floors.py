"""A small store with a floor plan for tests, drawn and published through the API, and a checker of ways."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.models import Product, StockLocation
from tests import factories
from tests.managing import Manager, make_manager

V1 = "/api/v1"
GROUND = ["E.........", ".##.##.##.", ".##.##.##.", "..........", ".##.##.##.", ".##.##.##.", ".........C"]
PLAN: dict[str, Any] = {"cell_cm": 50, "floors": {"0": GROUND}, "stairs": []}
ARROWS = {">": (1, 0), "<": (-1, 0), "v": (0, 1), "^": (0, -1)}


@dataclass
class Store:
    """A branch with a manager who draws it and anybody's client who walks it."""

    branch: StockLocation
    manager: Manager
    client: FlaskClient
    plan: dict[str, Any] = field(default_factory=lambda: PLAN)

    @property
    def path(self) -> str:
        return f"/branches/{self.branch.id}"

    def draw(self, plan: dict[str, Any]) -> Any:
        self.plan = plan
        return self.manager.done("PUT", f"{self.path}/layout", json=plan)

    def publish(self) -> Any:
        return self.manager.done("POST", f"{self.path}/layout/publish")

    def put(self, *places: tuple[Product, int, int]) -> Any:
        """Stand products on cells (column, row) of the ground floor."""
        rows = [{"product_id": product.id, "x": x, "y": y} for product, x, y in places]
        return self.manager.done("PUT", f"{self.path}/product-locations", json=rows)

    def route(self, *products: Product, headers: dict[str, str] | None = None, **body: Any) -> Any:
        """The answer to a route through products."""
        body.setdefault("items", [{"product_id": product.id} for product in products])
        return self.client.post(f"{V1}{self.path}/route", json=body, headers=headers)


def open_store(session: Session, client: FlaskClient, plan: dict[str, Any] | None = None) -> Store:
    store = Store(factories.make_location(session), make_manager(session, client), client)
    store.draw(plan or PLAN)
    return store


def walked(store: Store, legs: list[dict[str, Any]]) -> list[tuple[int, int, int]]:
    """Every cell of a route, by its corners."""
    cells: list[tuple[int, int, int]] = []
    for leg in legs:
        corners = [tuple(corner) for corner in leg["polyline"]]
        cells += corners[:1]
        for one, other in pairwise(corners):
            cells += between(one, other)
    return cells


def between(one: tuple[int, ...], other: tuple[int, ...]) -> list[Any]:
    """The cells after one corner up to the next."""
    across, down = other[1] - one[1], other[2] - one[2]
    length = 0 if one[0] != other[0] else abs(across) + abs(down)
    assert across * down == 0 or one[0] != other[0]
    if not length:
        return [other]
    return [(one[0], one[1] + across * step // length, one[2] + down * step // length) for step in range(1, length + 1)]


def assert_walkable(store: Store, legs: list[dict[str, Any]]) -> None:
    """Every cell of every leg may be walked on and entered from the one before; legs hang together."""
    floors = {int(name): rows for name, rows in store.plan["floors"].items()}
    stairs = {frozenset((tuple(one), tuple(other))) for one, other, _ in store.plan["stairs"]}
    cells = walked(store, legs)
    assert {floors[floor][y][x] for floor, x, y in cells} <= set(".ECS><v^")
    for before, after in pairwise(legs):
        assert before["polyline"][-1] == after["polyline"][0]
    for one, other in pairwise(cells):
        if one != other and frozenset((one, other)) not in stairs:
            step = (other[1] - one[1], other[2] - one[2])
            assert one[0] == other[0]
            assert abs(step[0]) + abs(step[1]) == 1
            assert ARROWS.get(floors[one[0]][one[2]][one[1]], step) == step
            entered = ARROWS.get(floors[other[0]][other[2]][other[1]])
            assert entered is None or entered != (-step[0], -step[1])
