"""Routes through random small stores, against rules written down a second time."""

import itertools

import pytest
from hypothesis import given, settings

from app.domain.store_map import planner, publishing
from app.domain.store_map.layout import Layout
from app.domain.store_map.planner import Options, StartOutside, load, plan
from app.domain.store_map.stops import Item
from scripts.store_generator import SMALL, shopping_list, store
from tests.unit.store_map.stores import all_steps, stands, stores_with_lists, walked

START = (0, 0, 0)
OPEN = "......###"


def door(layout: Layout) -> tuple[int, int, int]:
    return layout.cells("E")[0]


def shortest_by_trying(layout: Layout, items: list[Item], *, frozen_last: bool) -> int | None:
    """The shortest route to a till by trying every order; None when the items cannot all be visited in one walk."""
    best = None
    for order in itertools.permutations(items):
        if frozen_last and sorted(order, key=lambda item: item.is_frozen) != list(order):
            continue
        reached = {door(layout): 0}
        for goals in [*(stands(layout, item) for item in order), set(layout.cells("C"))]:
            ahead: dict[tuple[int, int, int], int] = {}
            for cell, steps in reached.items():
                for other, more in all_steps(layout, cell).items():
                    if other in goals:
                        ahead[other] = min(steps + more, ahead.get(other, 10**9))
            reached = ahead
        if reached:
            best = min([*reached.values(), *([] if best is None else [best])])
    return best


@settings(max_examples=150, deadline=None)
@given(stores_with_lists())
def test_a_route_keeps_every_rule_of_the_store(made: tuple[Layout, list[Item]]) -> None:
    layout, items = made

    route = plan(load(layout), door(layout), items)

    here = door(layout)
    for leg in route.legs:
        assert leg.polyline[0] == here
        assert walked(layout, leg.polyline) == leg.steps
        here = leg.polyline[-1]
        if leg.product_id is not None:
            assert here in stands(layout, items[leg.product_id - 1])
    assert sum(leg.steps for leg in route.legs) == route.steps
    assert route.distance_m == route.steps / 2
    assert not route.legs or layout.sign(here) == "C"
    assert sorted([*route.order, *route.unlocated, *route.unreachable]) == [item.product_id for item in items]
    assert set(route.unlocated) == {item.product_id for item in items if not item.shelves}


@settings(max_examples=100, deadline=None)
@given(stores_with_lists())
def test_what_is_called_unreachable_alone_is_so(made: tuple[Layout, list[Item]]) -> None:
    layout, items = made
    store = load(layout)
    from_door, tills = all_steps(layout, door(layout)), set(layout.cells("C"))

    for item in items:
        route = plan(store, door(layout), [item])

        served = any(cell in from_door and tills & set(all_steps(layout, cell)) for cell in stands(layout, item))
        assert bool(route.order) == served


@pytest.mark.parametrize("frozen_last", [False, True])
@settings(max_examples=60, deadline=None)
@given(made=stores_with_lists())
def test_short_lists_are_as_short_as_trying_every_order(made: tuple[Layout, list[Item]], frozen_last: bool) -> None:
    layout, items = made[0], made[1][:4]

    route = plan(load(layout), door(layout), items, Options(frozen_last=frozen_last))

    visited = [item for item in items if item.product_id in route.order]
    assert route.optimal
    if route.legs:
        assert route.steps == shortest_by_trying(layout, visited, frozen_last=frozen_last)
        assert route.lower_bound_m == route.distance_m
    kinds = [items[product - 1].is_frozen for product in route.order]
    assert not frozen_last or kinds == sorted(kinds)


@settings(max_examples=40, deadline=None)
@given(stores_with_lists(OPEN))
def test_the_same_list_has_the_same_route_however_it_is_sorted(made: tuple[Layout, list[Item]]) -> None:
    layout, items = made
    store = load(layout)

    first = plan(store, door(layout), items)
    again = plan(store, door(layout), items)
    backwards = plan(store, door(layout), items[::-1])

    assert first == again
    assert backwards.steps == first.steps


def small(rows: list[str]) -> planner.StoreMap:
    return load(Layout(50, {0: tuple(rows)}))


def test_an_empty_list_leads_straight_to_the_till() -> None:
    route = plan(small(["E..C"]), START, [])

    assert [(leg.product_id, leg.steps) for leg in route.legs] == [(None, 3)]
    assert route.legs[0].instruction == "Head right on the map for 1.5 m to the till."


def test_a_route_may_end_at_the_last_product() -> None:
    route = plan(small(["E..C"]), START, [Item(7, ((0, 1, 0),))], Options(end="none"))

    assert [(leg.product_id, leg.steps) for leg in route.legs] == [(7, 1)]


def test_of_several_tills_the_nearest_to_the_last_product_is_taken() -> None:
    route = plan(small(["C.E..C"]), (0, 2, 0), [Item(7, ((0, 4, 0),))])

    assert route.legs[-1].polyline[-1] == (0, 5, 0)


def test_of_several_shelves_the_best_for_the_whole_route_is_taken() -> None:
    """The one at the start is nearer, but the other costs nothing on the way."""
    items = [Item(1, ((0, 0, 0), (0, 5, 1))), Item(2, ((0, 6, 1),))]

    route = plan(small(["....####", "...E...C"]), (0, 3, 1), items)

    assert route.steps == 4
    assert route.order == (1, 2)


def test_products_before_the_same_cell_are_taken_in_one_stop() -> None:
    route = plan(small(["##", "EC"]), (0, 0, 1), [Item(1, ((0, 0, 0),), "Milk"), Item(2, ((0, 0, 0),), "Oat milk")])

    assert [leg.steps for leg in route.legs] == [0, 0, 1]
    assert route.legs[1].instruction == "Stay where you are; Oat milk is beside you."


def test_two_dead_ends_cannot_be_visited_in_one_walk() -> None:
    """Two one-way aisles, each with a till of its own: one product is told as unreachable, not forced into the walk."""
    store = small(["C<.<E>.>C"])

    route = plan(store, (0, 4, 0), [Item(1, ((0, 2, 0),)), Item(2, ((0, 6, 0),))])

    assert len(route.order) == len(route.unreachable) == 1
    assert route.steps == 4


def test_a_start_inside_a_shelf_begins_at_the_nearest_floor() -> None:
    route = plan(small(["###", "E.C"]), (0, 1, 0), [])

    assert route.legs[0].polyline[0] == (0, 1, 1)


@pytest.mark.parametrize("start", [(1, 0, 0), (0, 50, 50)])
def test_a_start_far_from_the_plan_is_refused(start: tuple[int, int, int]) -> None:
    with pytest.raises(StartOutside):
        plan(small(["E.C"]), start, [])


def test_a_product_named_twice_is_visited_once() -> None:
    item = Item(1, ((0, 1, 0),))

    assert plan(small(["E.C"]), START, [item, item]).order == (1,)


def test_the_price_of_frozen_last_is_walked() -> None:
    store = small(["E....C"])
    items = [Item(1, ((0, 1, 0),), is_frozen=True), Item(2, ((0, 3, 0),))]

    freely = plan(store, START, items)
    kept = plan(store, START, items, Options(frozen_last=True))

    assert (freely.order, freely.steps) == ((1, 2), 5)
    assert (kept.order, kept.steps) == ((2, 1), 9)


def test_a_long_list_is_proved_when_asked_for() -> None:
    layout = store(SMALL)
    shelves = dict(enumerate(shopping_list(layout, 20, 3)))
    items = [Item(number, tuple(cells)) for number, cells in shelves.items()]
    published = load(layout, publishing.publish(layout, shelves))

    fast = plan(published, door(layout), items)
    exact = plan(published, door(layout), items, Options(quality="exact", max_ms=20_000))
    draft = plan(load(layout), door(layout), items)

    assert (fast.optimal, fast.lower_bound_m) == (False, None)
    assert (exact.optimal, exact.lower_bound_m) == (True, exact.distance_m)
    assert fast.distance_m >= exact.distance_m
    assert draft == fast
