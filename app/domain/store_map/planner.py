"""The route through a shopping list: what a service calls. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.store_map import distances, tour
from app.domain.store_map.distances import DistanceTable
from app.domain.store_map.graph import Grid, grid_of
from app.domain.store_map.layout import Cell, Layout
from app.domain.store_map.legs import Leg, legs_of
from app.domain.store_map.places import nearest_walkable
from app.domain.store_map.stops import Item, Stops, gather
from app.domain.store_map.words import metres

DEFAULT_PROOF_MS = 5000


@dataclass(frozen=True, slots=True)
class StoreMap:
    """A published plan, ready for routes; keep it in memory, making one takes milliseconds."""

    layout: Layout
    grid: Grid
    table: DistanceTable


@dataclass(frozen=True, slots=True)
class Options:
    """How to plan. `max_ms`: CPU time for the order of a long list; with quality "exact", wall time for the proof."""

    end: Literal["checkout", "none"] = "checkout"
    frozen_last: bool = False
    quality: Literal["fast", "exact"] = "fast"
    max_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Steps of one cell, stairs counted with their cost; distances in metres. The last leg leads to a till.

    `lower_bound_m` is the length below which no route lies, None when nobody proved one.
    """

    steps: int
    distance_m: float
    optimal: bool
    lower_bound_m: float | None
    order: tuple[int, ...]
    legs: tuple[Leg, ...]
    unlocated: tuple[int, ...]
    unreachable: tuple[int, ...]


class StartOutside(ValueError):
    """The start is not on the plan, nor near a cell one can walk on."""


def load(layout: Layout, table: bytes | None = None) -> StoreMap:
    """The map of a plan without faults; `table` is what `publishing.publish` gave, None for a draft."""
    return StoreMap(layout, grid_of(layout), distances.EMPTY if table is None else distances.from_bytes(table))


def plan(store: StoreMap, start: Cell, items: Sequence[Item], options: Options = Options()) -> Route:
    """The shortest route found from a start through the items, and to a till unless the options end it before.

    The same input has the same answer on every machine, except that a slow one may not finish an exact proof.

    Raises:
        StartOutside: there is no walkable cell near the start.
    """
    origin = nearest_walkable(store.grid, start)
    if origin is None:
        raise StartOutside(f"{start} is not near a walkable cell")
    stops = gather(store.layout, store.grid, store.table, origin, items, to_till=options.end == "checkout")
    order, bound, is_optimal = _order(stops, options)
    while broken := stops.first_without_way(order):
        stops = stops.without(broken)
        order, bound, is_optimal = _order(stops, options)
    return _route(store, stops, order, bound if is_optimal or bound else None, is_optimal)


def _order(stops: Stops, options: Options) -> tuple[list[int], int, bool]:
    """The places in their order, a bound in steps (0: none known), and whether it is proved."""
    problem = stops.problem(options.frozen_last)
    proof_ms = options.max_ms or DEFAULT_PROOF_MS
    search_ms = options.max_ms if options.quality == "fast" else None
    places, is_optimal = tour.shortest(problem, search_ms)
    if is_optimal:
        return places, problem.length(places), True
    if options.quality == "fast":
        return places, 0, False
    from app.domain.store_map import exact  # noqa: PLC0415 (loads scipy)

    proof = exact.prove(problem, places, proof_ms / 1000)
    return proof.tour, proof.bound, proof.is_optimal


def _route(store: StoreMap, stops: Stops, order: Sequence[int], bound: int | None, is_optimal: bool) -> Route:
    legs = legs_of(store.grid, store.layout.cell_cm, stops.origin, stops.visits(order))
    steps = sum(leg.steps for leg in legs)
    cell_cm = store.layout.cell_cm
    return Route(
        steps=steps,
        distance_m=metres(steps, cell_cm),
        optimal=is_optimal,
        lower_bound_m=None if bound is None else metres(bound, cell_cm),
        order=tuple(leg.product_id for leg in legs if leg.product_id is not None),
        legs=tuple(legs),
        unlocated=stops.unlocated,
        unreachable=stops.unreachable,
    )
