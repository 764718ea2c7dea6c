"""How much work a device's request is: few statements, and news only of what changed."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import LiveEvent
from tests.conftest import Statements
from tests.scanning import Trip, on_the_shelf, start_trip
from tests.trolleys import weighed

TOTALS = ("a", "z", "st", "q", "w", "p")


@pytest.fixture
def trip(session: Session, client: FlaskClient) -> Trip:
    return start_trip(session, client)


def told(session: Session) -> int:
    """How many pieces of news there are for anybody."""
    return int(session.execute(select(func.count()).select_from(LiveEvent)).scalar_one())


def test_a_scan_and_the_weight_after_it_are_one_dozen_statements(
    session: Session, trip: Trip, statements: Statements
) -> None:
    _, known = on_the_shelf(session, trip)
    _, new = on_the_shelf(session, trip)
    trip.does("a", known, 500)
    counts = []

    for code, gross in ((known, 1000), (new, 1500)):
        statements.clear()
        trip.post(trip.event("a", code, 500), trip.event("w", "", gross))
        counts.append(len(statements))

    assert max(counts) <= 12, "\n".join(statements)


def test_a_weight_that_changes_nothing_is_half_a_dozen_statements_and_no_news(
    session: Session, trip: Trip, statements: Statements
) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)
    before = told(session)
    statements.clear()

    assert trip.code("w", "", 500) == 0

    assert len(statements) <= 6, "\n".join(statements)
    assert told(session) == before


@pytest.mark.parametrize("act", ["scan", "suspicion"])
def test_what_changes_the_basket_or_what_is_thought_of_its_weight_is_news(
    session: Session, trip: Trip, act: str
) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)
    before = told(session)

    trip.does("a", code, 500) if act == "scan" else trip.does("w", "", 900)

    assert told(session) == before + 1


def test_a_heartbeat_is_half_a_dozen_statements(trip: Trip, statements: Statements) -> None:
    trip.talker.beat()
    statements.clear()

    trip.talker.beat(x=100, y=100)

    assert len(statements) <= 6, "\n".join(statements)


def test_events_and_heartbeats_tell_the_same_standing(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip, weight_grams=480)
    apples = weighed(session, trip.walk.branch, price="3.33")
    apples.sku = "4011"
    session.commit()
    batches: tuple[Any, ...] = (
        (("a", code, 480), ("a", code, 481), ("p", "4011", 357)),
        (("r", code, -480), ("w", "", 837)),
        (("p", "4011", 211), ("w", "", 2000)),
        (("w", "", 2000), ("w", "", 2000), ("h", "", 0)),
        (("r", "4011", -568), ("r", code, -480)),
    )

    for batch in batches:
        events = trip.post(*(trip.event(*event) for event in batch)).json
        beat = trip.talker.beat().json
        assert [events[name] for name in TOTALS] == [beat[name] for name in TOTALS]
