"""However a trolley's events reach us (batched, repeated, with lost answers and restarts), the cart is the same."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.domain.enums import SoldBy
from tests import factories
from tests.conftest import rolled_back
from tests.scanning import Trip, on_the_shelf, opened_of, start_trip, stored
from tests.shopping import assert_sound
from tests.trolleys import lines

GOODS = 3
HAPPENING = st.one_of(
    st.tuples(st.sampled_from(["a", "a", "r"]), st.integers(0, GOODS), st.sampled_from([0, 500, -500, 900])),
    st.tuples(st.sampled_from(["p", "r"]), st.just(-1), st.sampled_from([0, 250, 517, -250])),
    st.tuples(st.just("w"), st.none(), st.integers(0, 3000)),
    st.tuples(st.sampled_from(["h", "f", "x", "d"]), st.none(), st.sampled_from([0, 700])),
)
SENDING = st.fixed_dictionaries(
    {"back": st.integers(0, 4), "length": st.integers(1, 16), "is_lost": st.booleans(), "restarts": st.booleans()}
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=st.lists(HAPPENING, min_size=1, max_size=20), sendings=st.lists(SENDING, max_size=8))
def test_any_way_of_sending_gives_the_cart_and_the_answers_of_sending_once_in_order(
    app: Flask, happenings: list[tuple[str, int | None, int]], sendings: list[dict[str, Any]]
) -> None:
    with rolled_back(app) as session:
        client = app.test_client()
        once, often = start_trip(session, client), start_trip(session, client)
        for trip in (once, often):
            codes = shelve(session, trip)
            for kind, place, grams in happenings:
                trip.event(kind, "" if place is None else codes[place], grams)

        expected = {event[0]: once.post(event).json["r"][0] for event in once.sent}
        answered = deliver(often, sendings)

        assert answered == expected
        assert state(session, often) == state(session, once)
        assert [row[2] for row in stored(session)] == [
            result for s in expected for result in (expected[s][1], expected[s][1])
        ]
        assert_sound()


def shelve(session: Session, trip: Trip) -> list[str]:
    """Codes of pieces, of one nobody knows and, last, of what is weighed."""
    codes = [on_the_shelf(session, trip, age_limit=18 if place == 2 else None)[1] for place in range(GOODS)]
    plu = f"{trip.walk.trolley.id % 100_000:05d}"
    columns: dict[str, Any] = {"sku": plu, "sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 400}
    factories.make_product(session, stock={trip.walk.branch: 10}, **columns)
    return [*codes, "4000000000006", plu]


def deliver(trip: Trip, sendings: list[dict[str, Any]]) -> dict[int, list[int]]:
    """Send all events as the sendings say and then in peace; each answer to an event must be the one it had before."""
    answered: dict[int, list[int]] = {}
    acked = 0
    for way in [*sendings, *({"back": 0, "length": 16, "is_lost": False, "restarts": False} for _ in range(2))]:
        if way["restarts"]:
            trip.talker.boot, trip.talker.n = trip.talker.boot + 1, 0
        first = max(0, acked - way["back"])
        batch = trip.sent[first : first + way["length"]]
        if not batch:
            continue
        answer = trip.post(*batch)
        assert answer.status_code == 200, answer.data
        assert len(answer.data) <= 1024
        for row in answer.json["r"]:
            assert answered.setdefault(row[0], row) == row
        if not way["is_lost"]:
            acked = max(acked, batch[-1][0])
    return answered


def state(session: Session, trip: Trip) -> tuple[Any, ...]:
    """What the trip came to; products by their place, as each trip has its own."""
    opened = opened_of(session, trip)
    found = [(pieces, grams) for _, pieces, grams in lines(session, trip.walk)]
    return found, opened.state, opened.outcome, opened.weight_state, opened.expected_grams, opened.needs_check


def test_the_plan_of_a_batch_never_differs_from_what_the_basket_does(session: Session, client: FlaskClient) -> None:
    """Results are stored before the basket is changed: what they say must be what it then is."""
    trip = start_trip(session, client)
    codes = shelve(session, trip)
    for place in (0, 1, 0, 2, 1, 0):
        trip.event("a", codes[place], 500)
    trip.event("a", codes[-1], 517)
    for place in (0, 1):
        trip.event("r", codes[place], -500)

    body = trip.post(*trip.sent).json

    assert body["q"] == sum(pieces for _, pieces, _ in lines(session, trip.walk)) == 5
    assert {row[0]: row[2] for row in body["r"]} == {1: 1, 2: 1, 3: 2, 4: 1, 5: 2, 6: 3, 7: 1, 8: 2, 9: 1}
