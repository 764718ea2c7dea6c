"""Branches and delivery slots as managers edit them, over HTTP."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import LocationKind, Role
from app.domain.slots import day_number
from app.models import DeliverySlot, SlotOccurrence
from tests.conftest import Statements
from tests.factories import make_location, make_slot, make_warehouse
from tests.managing import Manager, assert_for_managers_only, audited, make_manager
from tests.shopping import make_shopper, open_shop

WINDOW = {"day_of_week": 2, "start_time": "08:00", "end_time": "10:00"}


def test_only_managers_and_admins_edit_branches_and_slots(client: FlaskClient, session: Session) -> None:
    assert_for_managers_only(
        session,
        client,
        ("GET", "/branches"),
        ("POST", "/branches"),
        ("PATCH", "/branches/1"),
        ("PATCH", "/branches/1/toggle?active=true"),
        ("GET", "/delivery-slots"),
        ("POST", "/delivery-slots"),
        ("PATCH", "/delivery-slots/1"),
        ("PATCH", "/delivery-slots/1/toggle?active=true"),
        ("GET", "/delivery-slots/1/dates"),
        ("PUT", "/delivery-slots/1/dates"),
    )
    admin = make_manager(session, client, role=Role.ADMIN)
    assert admin.done("POST", "/branches", status=201, json={"name": "Port", "address": "1 Quay"})["name"] == "Port"


def test_a_new_branch_is_an_active_store_that_shoppers_see(
    manager: Manager, client: FlaskClient, session: Session
) -> None:
    made = manager.done("POST", "/branches", status=201, json={"name": " Carmel  Market ", "address": "12 Herzl St."})

    assert made == {
        "id": made["id"],
        "name": "Carmel Market",
        "address": "12 Herzl St.",
        "is_active": True,
        "kind": "STORE",
    }
    assert [branch["id"] for branch in client.get("/api/v1/branches").json["data"]] == [made["id"]]
    new = {"name": "Carmel Market", "address": "12 Herzl St.", "kind": "STORE"}
    assert audited(session, "branch") == [("CREATE", None, new)]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Port"},
        {"address": "1 Quay"},
        {"name": "x", "address": "1 Quay"},
        {"name": "Port", "address": "1 Quay", "kind": "SHOP"},
        {"name": "Po\x00rt", "address": "1 Quay"},
        {"name": "Po\nrt", "address": "1 Quay"},
        {"name": "Port", "address": "1 Quay", "id": 7},
        {"name": "P" * 129, "address": "1 Quay"},
    ],
)
def test_a_malformed_branch_is_refused(manager: Manager, body: dict[str, Any]) -> None:
    assert manager.refused("POST", "/branches", json=body) == (400, "VALIDATION_ERROR")


def test_a_change_of_a_branch_leaves_what_it_does_not_name(manager: Manager, session: Session) -> None:
    branch = make_location(session, name="Old", address="1 Old Street")

    changed = manager.done("PATCH", f"/branches/{branch.id}", json={"name": "New"})

    assert (changed["name"], changed["address"]) == ("New", "1 Old Street")
    assert audited(session, "branch") == [("UPDATE", {"name": "Old"}, {"name": "New"})]


def test_an_unknown_branch_and_a_vendors_shop_are_not_found(manager: Manager, session: Session) -> None:
    shop = make_location(session, kind=LocationKind.SHOP)

    for branch_id in (shop.id, 999_999):
        assert manager.refused("PATCH", f"/branches/{branch_id}", json={"name": "Mine"}) == (404, "NOT_FOUND")
        assert manager.refused("PATCH", f"/branches/{branch_id}/toggle?active=false") == (404, "NOT_FOUND")


def test_a_closed_branch_is_listed_for_managers_only_and_can_be_opened_again(
    manager: Manager, client: FlaskClient, session: Session
) -> None:
    branch = make_location(session)

    closed = manager.done("PATCH", f"/branches/{branch.id}/toggle?active=false")
    seen = [row["id"] for row in client.get("/api/v1/branches").json["data"]]
    listed = [(row["id"], row["is_active"]) for row in manager.get("/branches")["data"]]
    opened = manager.done("PATCH", f"/branches/{branch.id}/toggle?active=true")

    assert (closed["is_active"], seen, listed, opened["is_active"]) == (False, [], [(branch.id, False)], True)
    assert audited(session, "branch") == [
        ("DEACTIVATE", {"is_active": True}, {"is_active": False}),
        ("ACTIVATE", {"is_active": False}, {"is_active": True}),
    ]


@pytest.mark.parametrize("query", ["", "?active=", "?active=perhaps", "?on=true"])
@pytest.mark.parametrize("path", ["branches", "delivery-slots"])
def test_a_toggle_must_say_which_way(manager: Manager, session: Session, path: str, query: str) -> None:
    branch = make_location(session)
    row = branch if path == "branches" else make_slot(session, branch)

    assert manager.refused("PATCH", f"/{path}/{row.id}/toggle{query}") == (400, "VALIDATION_ERROR")


def test_a_toggle_that_changes_nothing_leaves_no_trace(manager: Manager, session: Session) -> None:
    branch = make_location(session)

    manager.done("PATCH", f"/branches/{branch.id}/toggle?active=true")

    assert audited(session, "branch") == []


def test_the_delivery_source_cannot_be_closed_nor_made_a_store(manager: Manager, session: Session) -> None:
    source, other = make_warehouse(session), make_warehouse(session)

    closing = manager.refused("PATCH", f"/branches/{source.id}/toggle?active=false")
    remaking = manager.refused("PATCH", f"/branches/{source.id}", json={"kind": "STORE"})
    session.refresh(source)

    assert closing == remaking == (409, "DELIVERY_SOURCE_REQUIRED")
    assert (source.is_active, source.kind) == (True, LocationKind.WAREHOUSE)
    assert audited(session, "branch") == []
    assert manager.done("PATCH", f"/branches/{other.id}/toggle?active=false")["is_active"] is False


def test_a_delivery_source_named_by_setting_may_be_a_store_but_not_closed(
    app: Flask, manager: Manager, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch = make_warehouse(session)
    named = settings().model_copy(update={"delivery_source_branch_id": branch.id})
    monkeypatch.setitem(app.extensions, "settings", named)

    assert manager.done("PATCH", f"/branches/{branch.id}", json={"kind": "STORE"})["kind"] == "STORE"
    assert manager.refused("PATCH", f"/branches/{branch.id}/toggle?active=false")[0] == 409


def test_branches_are_paged_and_filtered_in_one_statement(
    manager: Manager, session: Session, statements: Statements
) -> None:
    ids = [make_location(session).id for _ in range(3)]
    make_location(session, is_active=False)
    manager.get("/branches")
    statements.clear()

    first = manager.get("/branches?limit=2&is_active=true")
    counted = [text for text in statements if "stock_locations" in text]
    rest = manager.get(f"/branches?limit=2&isActive=true&cursor={first['meta']['next_cursor']}")

    assert len(counted) == 1
    assert [row["id"] for row in first["data"] + rest["data"]] == ids
    assert first["pagination"] == first["meta"]
    assert first["meta"]["total"] == 3


def make_dates(session: Session, slot: DeliverySlot, *numbers: tuple[date, int, int]) -> None:
    """(date, booked, capacity) of a window."""
    for day, booked, capacity in numbers:
        session.add(SlotOccurrence(slot_id=slot.id, delivery_date=day, booked=booked, capacity=capacity))
    session.commit()


def capacities(session: Session, slot: DeliverySlot) -> dict[date, int]:
    session.expire_all()
    rows = session.query(SlotOccurrence).filter_by(slot_id=slot.id)
    return {row.delivery_date: row.capacity for row in rows}


def today() -> date:
    return datetime.now(settings().zone).date()


def coming(slot: DeliverySlot, *, weeks: int) -> date:
    """The slot's date in some weeks, at least a week ahead."""
    first = today() + timedelta(days=7 * weeks)
    return first + timedelta(days=(slot.day_of_week - day_number(first)) % 7)


def test_a_new_slot_is_offered_to_shoppers(manager: Manager, client: FlaskClient, session: Session) -> None:
    branch = make_location(session)

    slot = manager.done("POST", "/delivery-slots", status=201, json={"branch_id": branch.id, **WINDOW})

    assert slot == {
        "id": slot["id"],
        "branch_id": branch.id,
        "branch_name": branch.name,
        "day_of_week": 2,
        "start_time": "08:00:00",
        "end_time": "10:00:00",
        "capacity": 50,
        "cutoff_minutes": 120,
        "is_active": True,
    }
    assert [row["id"] for row in client.get("/api/v1/delivery-slots").json["data"]] == [slot["id"]]
    ((action, old, new),) = audited(session, "delivery_slot")
    assert (action, old, new["start_time"], new["branch_id"]) == ("CREATE", None, "08:00:00", branch.id)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("05:00", "07:00"),
        ("21:00", "23:00"),
        ("08:00", "11:00"),
        ("08:00", "09:59:59"),
        ("10:00", "08:00"),
        ("08:00:30", "10:00"),
    ],
)
def test_a_window_of_another_length_or_outside_the_hours_is_refused(
    manager: Manager, session: Session, start: str, end: str
) -> None:
    slot = make_slot(session, make_location(session))
    times = {"start_time": start, "end_time": end}
    body = {"branch_id": slot.stock_location_id, "day_of_week": 3, **times}

    assert manager.refused("POST", "/delivery-slots", json=body) == (400, "INVALID_SLOT")
    assert manager.refused("PATCH", f"/delivery-slots/{slot.id}", json=times) == (400, "INVALID_SLOT")


@pytest.mark.parametrize(
    "change",
    [
        {"day_of_week": 7},
        {"day_of_week": -1},
        {"day_of_week": True},
        {"start_time": "8 o'clock"},
        {"start_time": 28800},
        {"start_time": "08:00Z"},
        {"capacity": -1},
        {"capacity": 100_001},
        {"cutoff_minutes": -5},
        {"colour": "green"},
    ],
)
def test_a_malformed_slot_is_refused(manager: Manager, session: Session, change: dict[str, Any]) -> None:
    slot = make_slot(session, make_location(session))
    body = {"branch_id": slot.stock_location_id, **WINDOW, **change}

    assert manager.refused("POST", "/delivery-slots", json=body) == (400, "VALIDATION_ERROR")
    assert manager.refused("PATCH", f"/delivery-slots/{slot.id}", json=change) == (400, "VALIDATION_ERROR")


def test_a_second_slot_at_the_same_start_is_a_conflict(manager: Manager, session: Session) -> None:
    branch = make_location(session)
    body = {"branch_id": branch.id, **WINDOW}
    manager.done("POST", "/delivery-slots", status=201, json=body)
    other = make_slot(session, branch, day_of_week=5)

    assert manager.refused("POST", "/delivery-slots", json=body) == (409, "DUPLICATE_SLOT")
    assert manager.refused("PATCH", f"/delivery-slots/{other.id}", json=WINDOW) == (409, "DUPLICATE_SLOT")


def test_a_slot_needs_a_branch_of_the_supermarket(manager: Manager, session: Session) -> None:
    shop = make_location(session, kind=LocationKind.SHOP)

    for branch_id in (shop.id, 999_999):
        body = {"branch_id": branch_id, **WINDOW}
        assert manager.refused("POST", "/delivery-slots", json=body) == (404, "NOT_FOUND")


def test_a_slot_is_changed_in_part_and_keeps_its_branch(manager: Manager, session: Session) -> None:
    slot, elsewhere = make_slot(session, make_location(session)), make_location(session)
    body = {"branch_id": elsewhere.id, "start_time": "12:00:00", "end_time": "14:00:00"}

    changed = manager.done("PATCH", f"/delivery-slots/{slot.id}", json=body)

    assert (changed["branch_id"], changed["day_of_week"]) == (slot.stock_location_id, 0)
    assert (changed["start_time"], changed["end_time"]) == ("12:00:00", "14:00:00")
    assert audited(session, "delivery_slot") == [
        (
            "UPDATE",
            {"start_time": "08:00:00", "end_time": "10:00:00"},
            {"start_time": "12:00:00", "end_time": "14:00:00"},
        )
    ]


def test_an_unknown_slot_is_not_found(manager: Manager) -> None:
    assert manager.refused("PATCH", "/delivery-slots/999999", json={"capacity": 5})[0] == 404
    assert manager.refused("PATCH", "/delivery-slots/999999/toggle?active=true")[0] == 404
    assert manager.refused("GET", "/delivery-slots/999999/dates")[0] == 404
    assert manager.refused("PUT", "/delivery-slots/999999/dates", json={"date": "2027-01-03", "capacity": 0})[0] == 404


def test_a_slot_that_is_off_is_listed_for_managers_only(
    manager: Manager, client: FlaskClient, session: Session
) -> None:
    slot = make_slot(session, make_location(session))

    off = manager.done("PATCH", f"/delivery-slots/{slot.id}/toggle?active=false")

    assert off["is_active"] is False
    assert client.get("/api/v1/delivery-slots").json["data"] == []
    assert [(row["id"], row["is_active"]) for row in manager.get("/delivery-slots")["data"]] == [(slot.id, False)]
    assert manager.get("/delivery-slots?is_active=true")["data"] == []
    assert manager.done("PATCH", f"/delivery-slots/{slot.id}/toggle?active=true")["is_active"] is True
    assert [event[0] for event in audited(session, "delivery_slot")] == ["DEACTIVATE", "ACTIVATE"]


def test_slots_are_filtered_by_branch_and_day_and_listed_in_one_statement(
    manager: Manager, session: Session, statements: Statements
) -> None:
    one, two = make_location(session), make_location(session)
    sunday, monday = make_slot(session, one), make_slot(session, one, day_of_week=1)
    elsewhere = make_slot(session, two, day_of_week=1)
    statements.clear()

    listed = [row["id"] for row in manager.get("/delivery-slots")["data"]]

    assert listed == [sunday.id, monday.id, elsewhere.id]
    assert len([text for text in statements if "delivery_slots" in text]) == 1
    found = manager.get(f"/delivery-slots?branchId={one.id}&dayOfWeek=1")["data"]
    assert [row["id"] for row in found] == [monday.id]


def test_a_new_capacity_counts_for_coming_dates_but_not_below_what_is_booked(
    manager: Manager, session: Session
) -> None:
    slot = make_slot(session, make_location(session), capacity=20)
    past, near, full = (coming(slot, weeks=weeks) for weeks in (-2, 1, 2))
    make_dates(session, slot, (past, 20, 20), (near, 3, 20), (full, 20, 20))

    manager.done("PATCH", f"/delivery-slots/{slot.id}", json={"capacity": 10})
    lowered = capacities(session, slot)
    manager.done("PATCH", f"/delivery-slots/{slot.id}", json={"capacity": 40})

    assert lowered == {past: 20, near: 10, full: 20}
    assert capacities(session, slot) == {past: 20, near: 40, full: 40}


def test_a_date_that_was_closed_stays_closed_when_the_capacity_rises(manager: Manager, session: Session) -> None:
    slot = make_slot(session, make_location(session), capacity=20)
    holiday = coming(slot, weeks=1)

    closed = manager.done("PUT", f"/delivery-slots/{slot.id}/dates", json={"date": str(holiday), "capacity": 0})
    manager.done("PATCH", f"/delivery-slots/{slot.id}", json={"capacity": 40})

    assert closed == {"slot_id": slot.id, "date": str(holiday), "booked": 0, "capacity": 0, "is_open": True}
    assert capacities(session, slot) == {holiday: 0}
    assert audited(session, "delivery_slot")[0] == ("UPDATE", {"capacity": 20}, {"capacity": 0})


def test_a_closed_date_takes_no_more_orders(manager: Manager, client: FlaskClient, session: Session) -> None:
    shop, shopper = open_shop(session), make_shopper(session, client)
    shopper.add(shop.products[0])
    for row in manager.get(f"/delivery-slots/{shop.slot.id}/dates")["data"]:
        manager.done("PUT", f"/delivery-slots/{shop.slot.id}/dates", json={"date": row["date"], "capacity": 0})

    answer = shopper.confirm(shop)

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "SLOT_FULL")


def test_closing_a_date_keeps_the_orders_it_has(manager: Manager, session: Session) -> None:
    slot = make_slot(session, make_location(session), capacity=20)
    day = coming(slot, weeks=1)
    make_dates(session, slot, (day, 3, 20))

    closed = manager.done("PUT", f"/delivery-slots/{slot.id}/dates", json={"date": str(day), "capacity": 0})

    assert (closed["booked"], closed["capacity"]) == (3, 3)


def test_the_dates_of_a_slot_show_what_is_booked_beside_those_nobody_took(manager: Manager, session: Session) -> None:
    slot = make_slot(session, make_location(session), capacity=20)
    past, booked = coming(slot, weeks=-2), coming(slot, weeks=1)
    make_dates(session, slot, (past, 5, 20), (booked, 7, 25))

    rows = {
        row["date"]: (row["booked"], row["capacity"]) for row in manager.get(f"/delivery-slots/{slot.id}/dates")["data"]
    }

    assert str(past) not in rows
    assert rows.pop(str(booked)) == (7, 25)
    assert set(rows.values()) == {(0, 20)}


def test_a_date_of_another_weekday_past_or_far_ahead_is_refused(manager: Manager, session: Session) -> None:
    slot = make_slot(session, make_location(session))

    for day in (coming(slot, weeks=1) + timedelta(days=1), coming(slot, weeks=-2), coming(slot, weeks=60)):
        body = {"date": str(day), "capacity": 1}
        assert manager.refused("PUT", f"/delivery-slots/{slot.id}/dates", json=body) == (400, "INVALID_SLOT")
