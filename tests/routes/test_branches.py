"""Branches and delivery slots over HTTP."""

from datetime import UTC, date, datetime, time

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind
from app.models import SlotOccurrence
from app.schemas.branches import SlotQuery
from app.services import slots
from tests.conftest import Statements
from tests.factories import make_location, make_slot, make_warehouse

BRANCHES = "/api/v1/branches"
SLOTS = "/api/v1/delivery-slots"
SATURDAY_NOON = datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_branches_are_active_stores_and_warehouses(client: FlaskClient, session: Session) -> None:
    shown = [make_warehouse(session).id, make_location(session).id]
    make_location(session, is_active=False)
    make_location(session, kind=LocationKind.SHOP)

    body = client.get(BRANCHES).json

    assert [branch["id"] for branch in body["data"]] == shown
    assert set(body["data"][0]) >= {"id", "name", "address", "is_active"}
    assert body["pagination"] == body["meta"]
    assert body["pagination"]["total"] == 2


def test_branches_are_paged_by_offset_and_cursor(client: FlaskClient, session: Session) -> None:
    ids = [make_location(session).id for _ in range(3)]

    first = client.get(f"{BRANCHES}?limit=2").json
    by_cursor = client.get(BRANCHES, query_string={"limit": 2, "cursor": first["meta"]["next_cursor"]}).json
    by_offset = client.get(f"{BRANCHES}?limit=2&offset=2").json

    assert [branch["id"] for branch in first["data"]] == ids[:2]
    assert [branch["id"] for branch in by_cursor["data"]] == ids[2:]
    assert [branch["id"] for branch in by_offset["data"]] == ids[2:]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "offset=-1", "limit=x"])
def test_a_malformed_page_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"{BRANCHES}?{query}").status_code == 400


def test_the_delivery_source_is_the_oldest_active_warehouse(client: FlaskClient, session: Session) -> None:
    make_warehouse(session, is_active=False)
    source = make_warehouse(session, name="Central")
    make_warehouse(session)

    body = client.get(f"{BRANCHES}/delivery-source").json

    assert body["data"] == {"id": source.id, "name": "Central"}


def test_without_a_warehouse_the_delivery_source_is_a_configuration_error(
    client: FlaskClient, session: Session
) -> None:
    make_location(session)

    answer = client.get(f"{BRANCHES}/delivery-source")

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "CONFIG_ERROR")


def test_one_branch_has_a_page_and_a_closed_one_has_none(client: FlaskClient, session: Session) -> None:
    shown, closed = make_location(session), make_location(session, is_active=False)

    assert client.get(f"{BRANCHES}/{shown.id}").json["data"]["id"] == shown.id
    assert client.get(f"{BRANCHES}/{closed.id}").status_code == 404


def test_slots_are_filtered_by_day_and_branch(client: FlaskClient, session: Session) -> None:
    one, two = make_location(session), make_location(session)
    sunday, monday = make_slot(session, one), make_slot(session, one, day_of_week=1)
    elsewhere = make_slot(session, two)

    def ids(query: str) -> list[int]:
        return [slot["id"] for slot in client.get(f"{SLOTS}?{query}").json["data"]]

    assert ids("") == [sunday.id, monday.id, elsewhere.id]
    assert ids("dayOfWeek=0") == [sunday.id, elsewhere.id]
    assert ids(f"day_of_week=0&branchId={one.id}") == [sunday.id]
    assert ids("branchId=999999") == []


def test_slots_that_are_off_or_of_a_closed_branch_are_not_shown(client: FlaskClient, session: Session) -> None:
    closed = make_location(session, is_active=False)
    make_slot(session, closed)
    off = make_slot(session, make_location(session))
    off.is_active = False
    session.commit()

    assert client.get(SLOTS).json["data"] == []


@pytest.mark.parametrize("day", ["7", "-1", "sunday", "1.5"])
def test_a_day_outside_the_week_is_refused(client: FlaskClient, day: str) -> None:
    answer = client.get(f"{SLOTS}?dayOfWeek={day}")

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_a_slot_shows_times_with_seconds(client: FlaskClient, session: Session) -> None:
    branch = make_location(session)
    make_slot(session, branch, start_time=time(8, 30), end_time=time(10, 30))

    slot = client.get(SLOTS).json["data"][0]

    assert (slot["branch_id"], slot["day_of_week"]) == (branch.id, 0)
    assert (slot["start_time"], slot["end_time"]) == ("08:30:00", "10:30:00")
    assert len(slot["next_dates"]) >= 2


def test_next_dates_tell_the_places_left_and_when_orders_close(session: Session) -> None:
    slot = make_slot(session, make_location(session), capacity=50, cutoff_minutes=120)
    session.add(SlotOccurrence(slot_id=slot.id, delivery_date=date(2026, 11, 29), capacity=40, booked=40))
    session.commit()

    (shown,) = slots.list_slots(SlotQuery(), now=SATURDAY_NOON)

    assert [(day.date, day.remaining) for day in shown.next_dates] == [
        (date(2026, 11, 22), 50),
        (date(2026, 11, 29), 0),
    ]
    assert shown.next_dates[0].closes_at == datetime(2026, 11, 22, 4, tzinfo=UTC)


def test_all_slots_with_their_dates_take_one_statement(
    client: FlaskClient, session: Session, statements: Statements
) -> None:
    branch = make_location(session)
    for day in range(7):
        make_slot(session, branch, day_of_week=day)
    statements.clear()

    assert len(client.get(SLOTS).json["data"]) == 7
    assert len(statements) == 1
