"""A trolley stands between the beacons it hears, nearer to the louder ones."""

from app.domain.devices.beacons import Spot, centroid
from app.domain.devices.bodies import Beacon

PLACES = {
    "0001": Spot(0, 0, 0),
    "0002": Spot(0, 1000, 0),
    "0003": Spot(0, 0, 1000),
    "1001": Spot(1, 500, 500),
}


def test_equal_signals_give_the_middle() -> None:
    assert centroid([Beacon("0001", -60), Beacon("0002", -60)], PLACES) == Spot(0, 500, 0)


def test_a_signal_twenty_decibels_louder_weighs_ten_times_as_much() -> None:
    assert centroid([Beacon("0001", -50), Beacon("0002", -70)], PLACES) == Spot(0, 91, 0)


def test_one_beacon_is_where_it_hangs() -> None:
    assert centroid([Beacon("0003", -80)], PLACES) == Spot(0, 0, 1000)


def test_the_floor_is_the_one_heard_loudest() -> None:
    heard = [Beacon("1001", -50), Beacon("0001", -70), Beacon("0002", -70), Beacon("0003", -70)]

    assert centroid(heard, PLACES) == Spot(1, 500, 500)


def test_unknown_beacons_do_not_count() -> None:
    assert centroid([Beacon("ffff", -30), Beacon("0001", -90)], PLACES) == Spot(0, 0, 0)
    assert centroid([Beacon("ffff", -30)], PLACES) is None
    assert centroid([], PLACES) is None


def test_only_the_six_loudest_count() -> None:
    places = {f"{number:04x}": Spot(0, 100, 0) for number in range(6)} | {"00ff": Spot(0, 9999, 0)}

    heard = [Beacon("00ff", -90), *(Beacon(f"{number:04x}", -60) for number in range(6))]

    assert centroid(heard, places) == Spot(0, 100, 0)
