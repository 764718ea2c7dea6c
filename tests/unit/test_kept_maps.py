"""The maps a process keeps in memory."""

from app.domain.store_map import planner
from app.domain.store_map.layout import Layout
from app.services.store_maps.kept import KeptMaps

STORE = planner.load(Layout(50, {0: ("E.C",)}))


def test_what_was_kept_is_found_again_and_nothing_else() -> None:
    kept = KeptMaps()

    kept.keep((1, "a"), STORE)

    assert kept.get((1, "a")) is STORE
    assert kept.get((1, "b")) is None


def test_the_map_that_was_not_asked_for_the_longest_goes_first() -> None:
    kept = KeptMaps(most_maps=2)
    kept.keep((1, "a"), STORE)
    kept.keep((2, "a"), STORE)
    kept.get((1, "a"))

    kept.keep((3, "a"), STORE)

    assert [kept.get((number, "a")) is not None for number in (1, 2, 3)] == [True, False, True]


def test_large_maps_make_room_for_each_other_but_one_stays() -> None:
    kept = KeptMaps(most_bytes=1)
    kept.keep((1, "a"), STORE)

    kept.keep((2, "a"), STORE)

    assert [kept.get((number, "a")) is not None for number in (1, 2)] == [False, True]
