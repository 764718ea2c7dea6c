"""The scale against what was scanned: suspicion, mismatch, the staff, and what is learned of true weights."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.enums import AssistOutcome, AssistReason, TrolleyState, WeightState
from app.models import CartSession, ProductWeight
from app.services.trolleys import sweeping
from tests.factories import make_cart
from tests.scanning import Trip, assists, on_the_shelf, opened_of, start_trip

TARE = 12_000


@pytest.fixture
def trip(session: Session, client: FlaskClient) -> Trip:
    return start_trip(session, client, tare_grams=TARE)


def weight(session: Session, trip: Trip) -> tuple[WeightState, int, TrolleyState]:
    opened = opened_of(session, trip)
    return opened.weight_state, opened.mismatches, opened.state


def test_a_basket_that_weighs_what_was_scanned_is_right(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)

    assert trip.code("w", grams=TARE) == 0
    assert [trip.code("a", code, grams) for grams in (500, 512, 0)] == [0, 0, 0]
    assert trip.code("w", grams=TARE + 1510) == 0

    assert weight(session, trip) == (WeightState.OK, 0, TrolleyState.SHOPPING)
    assert opened_of(session, trip).gross_grams == TARE + 1510


def test_a_scan_that_weighs_something_else_stays_in_the_cart_and_raises_suspicion(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)

    body = trip.post(trip.event("a", code, 1500)).json

    assert body["r"] == [[1, 3, 1, 1000]]
    assert body["n"] == [["msg", "Please put the last item in again"]]
    assert weight(session, trip)[0] is WeightState.SUSPECT
    assert trip.code("w", grams=TARE + 500) == 0
    assert weight(session, trip) == (WeightState.OK, 0, TrolleyState.SHOPPING)


def test_two_more_wrong_samples_are_a_mismatch_and_it_cannot_be_paid(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.code("a", code, 500)

    assert [trip.code("w", grams=TARE + 900) for _ in range(3)] == [3, 3, 3]

    assert weight(session, trip) == (WeightState.MISMATCH, 1, TrolleyState.SHOPPING)
    refused = trip.walk.pay(session)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "WEIGHT_MISMATCH")
    assert trip.code("f") == 3
    assert trip.code("w", grams=TARE + 500) == 0
    assert trip.code("f") == 0


def test_a_wrong_sample_ten_seconds_later_is_a_mismatch_and_thirty_on_the_staff_come(
    session: Session, trip: Trip
) -> None:
    now = int(time.time())
    opened_of(session, trip).opened_at = datetime.now(UTC) - timedelta(minutes=5)
    session.commit()

    for seconds in (50, 39):
        trip.code("w", grams=TARE + 900, at=now - seconds)
    assert weight(session, trip) == (WeightState.MISMATCH, 1, TrolleyState.SHOPPING)
    body = trip.post(trip.event("w", grams=TARE + 900, at=now - 5)).json

    assert weight(session, trip) == (WeightState.ASSIST, 1, TrolleyState.ASSIST)
    assert (body["st"], body["n"]) == (5, [["msg", "Somebody of the staff is coming"], ["st", 5]])
    (called,) = assists(session)
    assert (called.reason, called.expected_grams, called.gross_grams) == (AssistReason.WEIGHT, 0, TARE + 900)


def test_the_sweep_takes_a_wrong_weight_further_without_any_event(session: Session, trip: Trip) -> None:
    trip.code("w", grams=TARE + 900)
    wait(session, seconds=11)

    assert sweeping.sweep()["trolleys_with_a_wrong_weight"] == 1
    assert weight(session, trip)[0] is WeightState.MISMATCH
    assert sweeping.sweep()["trolleys_with_a_wrong_weight"] == 0
    wait(session, seconds=31)
    assert sweeping.sweep()["trolleys_with_a_wrong_weight"] == 1
    assert weight(session, trip) == (WeightState.ASSIST, 1, TrolleyState.ASSIST)
    assert [assist.reason for assist in assists(session)] == [AssistReason.WEIGHT]
    assert trip.talker.beat().json["n"] == [
        ["msg", "The weight does not fit: check the cart"],
        ["msg", "Somebody of the staff is coming"],
    ]
    assert trip.talker.beat().json["n"] == [["st", 5]]


def wait(session: Session, *, seconds: int) -> None:
    """Let the weight state be older than it is."""
    session.execute(update(CartSession).values(weight_since=CartSession.weight_since - timedelta(seconds=seconds)))
    session.commit()


def test_the_third_mismatch_calls_the_staff(session: Session, trip: Trip) -> None:
    for _ in range(2):
        for grams in (900, 900, 900, 0):
            trip.code("w", grams=TARE + grams)
    assert weight(session, trip) == (WeightState.OK, 2, TrolleyState.SHOPPING)

    for _ in range(3):
        trip.code("w", grams=TARE + 900)

    assert weight(session, trip) == (WeightState.ASSIST, 3, TrolleyState.ASSIST)


def test_a_weight_that_is_right_again_calls_the_staff_off(session: Session, trip: Trip) -> None:
    test_the_third_mismatch_calls_the_staff(session, trip)

    body = trip.post(trip.event("w", grams=TARE)).json

    assert body["st"] == 1
    assert weight(session, trip) == (WeightState.OK, 3, TrolleyState.SHOPPING)
    (called,) = assists(session)
    assert (called.outcome, called.resolved_by) == (AssistOutcome.CORRECTED, None)


def test_who_asked_for_help_waits_for_the_staff_whatever_the_weight(session: Session, trip: Trip) -> None:
    trip.code("h")

    trip.code("w", grams=TARE)

    assert weight(session, trip) == (WeightState.ASSIST, 0, TrolleyState.ASSIST)
    assert [assist.outcome for assist in assists(session)] == [None]


def test_help_during_the_review_ends_it_and_scans_count_again_at_once(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)

    together = trip.post(trip.event("a", code, 500), trip.event("f"), trip.event("h"), trip.event("a", code, 500)).json

    assert ([row[1] for row in together["r"]], together["st"], together["q"]) == ([0, 0, 0, 0], 5, 2)
    assert opened_of(session, trip).snapshot is None


def test_something_put_in_unscanned_counts_against_the_basket(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)

    assert trip.code("x", grams=700) == 3
    assert weight(session, trip)[0] is WeightState.SUSPECT
    trip.code("a", code, 0)
    assert trip.code("w", grams=TARE + 500) == 0
    assert weight(session, trip)[0] is WeightState.OK


def test_goods_of_unknown_weight_are_only_too_light_when_the_rest_is(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip, weight_grams=None)
    _, milk = on_the_shelf(session, trip)

    assert [trip.code("a", code, 321), trip.code("a", milk, 500)] == [0, 0]
    assert trip.code("w", grams=TARE + 821) == 0
    assert trip.code("w", grams=TARE + 300) == 3


def test_a_products_own_tolerance_is_the_one_that_counts(session: Session, trip: Trip) -> None:
    _, loose = on_the_shelf(session, trip, weight_tolerance_grams=100)
    _, strict = on_the_shelf(session, trip, weight_tolerance_grams=2)

    assert [trip.code("a", loose, 590), trip.code("a", strict, 505)] == [0, 3]


def test_accepted_scans_teach_what_a_product_weighs_and_thirty_of_them_replace_the_label(
    session: Session, trip: Trip
) -> None:
    milk, code = on_the_shelf(session, trip, stock=200)
    for number in range(30):
        trip.code("a", code, 508 + number % 3)
    known = session.execute(select(ProductWeight)).scalar_one()
    assert (known.product_id, known.samples, round(known.mean_grams, 3)) == (milk.id, 30, 509.0)
    assert known.squares == pytest.approx(20.0)

    assert trip.code("a", code, 523) == 0
    assert trip.code("a", code, 492) == 3
    session.expire_all()
    assert session.execute(select(ProductWeight)).scalar_one().samples == 31, "a refused scan teaches nothing"


def test_a_removal_is_weighed_like_a_scan(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.post(*(trip.event("a", code, 500) for _ in range(2)))

    assert trip.does("r", code, -505)[:2] == [1, 1]
    assert trip.does("r", code, -900)[:2] == [3, 0]
    assert weight(session, trip)[0] is WeightState.SUSPECT


def test_what_is_being_paid_is_not_stopped_by_the_scale(session: Session, trip: Trip) -> None:
    opened_of(session, trip).state = TrolleyState.PAYING
    session.commit()

    assert [trip.code("w", grams=TARE + 5000) for _ in range(4)] == [0, 0, 0, 0]

    assert weight(session, trip) == (WeightState.OK, 0, TrolleyState.PAYING)


def test_another_trolleys_weight_is_its_own(session: Session, client: FlaskClient, trip: Trip) -> None:
    assert make_cart(session) != trip.walk.opened.cart_id
    other = start_trip(session, client)
    other.code("w", grams=5000)

    assert weight(session, trip)[0] is WeightState.OK
    assert opened_of(session, other).weight_since is not None
    assert opened_of(session, other).weight_since <= datetime.now(UTC)  # type: ignore[operator]
