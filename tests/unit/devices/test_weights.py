"""Weights are judged with the contract's tolerances; a failure that stands grows until staff come."""

import math
import random
from dataclasses import replace

import pytest

from app.domain.devices.weights import (
    Learned,
    Line,
    UnitWeight,
    Verdict,
    Watch,
    after_help,
    after_resolution,
    after_sample,
    after_time,
    check_basket,
    check_event,
    expected_g,
    tolerance,
    unit_weight,
)
from app.domain.enums import WeightState

MILK = UnitWeight(515, 15.45)
FITS, FAILS = Verdict.FITS, Verdict.FAILS


@pytest.mark.parametrize(("grams", "step", "expected"), [(100, 1, 15), (500, 1, 15), (1000, 1, 30), (100, 10, 20)])
def test_a_tolerance_is_the_largest_of_three(grams: int, step: int, expected: float) -> None:
    assert tolerance(grams, step) == expected


def test_a_products_own_tolerance_wins() -> None:
    learned = Learned(30, 520.0, 29 * 100.0)

    assert unit_weight(1000, 1, own_tolerance=5) == UnitWeight(1000, 5)
    assert unit_weight(1000, 1, own_tolerance=5, learned=learned) == UnitWeight(520.0, 5)
    assert unit_weight(None, 1, own_tolerance=5) is None


def test_a_learned_weight_counts_from_thirty_samples_on() -> None:
    few, enough = Learned(29, 520.0, 28 * 100.0), Learned(30, 520.0, 29 * 100.0)

    assert unit_weight(515, 1, learned=few) == UnitWeight(515, tolerance(515, 1))
    assert unit_weight(515, 1, learned=enough) == UnitWeight(520.0, 30.0)
    assert unit_weight(515, 1, learned=Learned(30, 520.0, 0.0)) == UnitWeight(520.0, 15)


def test_mean_and_deviation_are_learned_as_if_from_all_samples() -> None:
    weights = [random.Random(5).gauss(500, 8) for _ in range(200)]
    learned = Learned()

    for grams in weights:
        learned = learned.with_sample(grams)

    mean = sum(weights) / 200
    assert learned.mean == pytest.approx(mean)
    assert learned.deviation == pytest.approx(math.sqrt(sum((grams - mean) ** 2 for grams in weights) / 199))
    assert Learned().with_sample(5).deviation == 0


@pytest.mark.parametrize(
    ("delta", "units", "unit", "verdict"),
    [
        (515, 1, MILK, FITS),
        (530, 1, MILK, FITS),
        (531, 1, MILK, FAILS),
        (500, 1, MILK, FITS),
        (499, 1, MILK, FAILS),
        (-515, -1, MILK, FITS),
        (515, -1, MILK, FAILS),
        (4 * 515 + 30, 4, MILK, FITS),
        (4 * 515 + 31, 4, MILK, FAILS),
        (0, 1, MILK, Verdict.UNKNOWN),
        (515, 1, None, Verdict.UNWEIGHED),
    ],
)
def test_a_scan_is_held_against_the_change_of_weight(
    delta: int, units: int, unit: UnitWeight | None, verdict: Verdict
) -> None:
    assert check_event(delta, units, unit) is verdict


@pytest.mark.parametrize(
    ("gross", "lines", "verdict"),
    [
        (8000, [], FITS),
        (8030, [], FITS),
        (8031, [], FAILS),
        (7969, [], FAILS),
        (8000 + 515, [Line(1, MILK)], FITS),
        (8000 + 515 + 31, [Line(1, MILK)], FAILS),
        (8000 + 9 * 515 + 46, [Line(9, MILK)], FITS),
        (8000 + 9 * 515 + 47, [Line(9, MILK)], FAILS),
        (8000 + 515 + 900, [Line(1, MILK), Line(1, None)], Verdict.UNWEIGHED),
        (8000 + 400, [Line(1, MILK), Line(1, None)], FAILS),
    ],
)
def test_a_basket_is_held_against_all_its_lines(gross: int, lines: list[Line], verdict: Verdict) -> None:
    assert check_basket(gross, 8000, lines) is verdict


def test_the_expected_weight_leaves_out_what_has_none() -> None:
    assert expected_g([Line(2, MILK), Line(3, None)]) == 1030


def test_a_first_failure_only_asks_to_place_it_again() -> None:
    watch = after_sample(Watch(), FAILS, 100)

    assert watch.state is WeightState.SUSPECT
    assert not watch.blocks_checkout


def test_a_weight_that_fits_again_clears_a_suspicion() -> None:
    suspect = after_sample(Watch(), FAILS, 100)

    assert after_sample(suspect, FITS, 105).state is WeightState.OK
    assert after_sample(suspect, Verdict.UNWEIGHED, 105).state is WeightState.OK


def test_two_further_failures_are_a_mismatch() -> None:
    one = after_sample(after_sample(Watch(), FAILS, 100), FAILS, 101)
    two = after_sample(one, FAILS, 102)

    assert one.state is WeightState.SUSPECT
    assert two.state is WeightState.MISMATCH
    assert two.blocks_checkout
    assert two.mismatches == 1


@pytest.mark.parametrize(("now", "state"), [(109, WeightState.SUSPECT), (110, WeightState.MISMATCH)])
def test_a_suspicion_that_stands_ten_seconds_is_a_mismatch(now: int, state: WeightState) -> None:
    suspect = after_sample(Watch(), FAILS, 100)

    assert after_time(suspect, now).state is state
    assert after_sample(suspect, FAILS, now).state is state
    assert after_sample(suspect, Verdict.UNKNOWN, now).state is state


@pytest.mark.parametrize(("now", "state"), [(139, WeightState.MISMATCH), (140, WeightState.ASSIST)])
def test_a_mismatch_that_stands_thirty_seconds_calls_staff(now: int, state: WeightState) -> None:
    mismatch = after_time(after_sample(Watch(), FAILS, 100), 110)

    assert after_time(mismatch, now).state is state


def test_the_third_mismatch_of_a_session_calls_staff_at_once() -> None:
    watch = Watch()
    states = []

    for now in (100, 200, 300):
        watch = after_time(after_sample(watch, FAILS, now), now + 10)
        states.append(watch.state)
        watch = after_sample(watch, FITS, now + 20)

    assert states == [WeightState.MISMATCH, WeightState.MISMATCH, WeightState.ASSIST]
    assert watch.state is WeightState.OK
    assert watch.mismatches == 3


def test_the_help_button_calls_staff_and_only_staff_end_it() -> None:
    watch = after_help(Watch(mismatches=1), 100)

    assert watch.state is WeightState.ASSIST
    assert after_sample(watch, FITS, 110) == watch
    assert after_help(watch, 120).since == 100
    assert after_resolution(watch, 130) == Watch(WeightState.OK, 130, mismatches=1)


def test_a_good_sample_changes_nothing_in_a_good_session() -> None:
    assert after_sample(Watch(since=5), FITS, 100) == Watch(since=5)
    assert after_time(Watch(since=5), 10_000) == Watch(since=5)
    assert replace(Watch(), state=WeightState.ASSIST).blocks_checkout
