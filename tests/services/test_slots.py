"""Delivery slots under any sequence of bookings and cancellations."""

from collections import Counter
from datetime import UTC, date, datetime, time

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.config import load_settings
from app.domain.slots import Window, open_dates
from app.services import invariants
from tests.conftest import rolled_back
from tests.shopping import Shop, Shopper, make_shopper, open_shop

WINDOW = Window(day_of_week=0, start=time(8), end=time(10), cutoff_minutes=120)

bookings = st.tuples(st.just("book"), st.none() | st.integers(0, 1))
cancellations = st.tuples(st.just("cancel"), st.integers(0, 9))


def days() -> list[date]:
    """The dates the shop's slot can be booked for."""
    current = load_settings()
    return list(open_dates(WINDOW, datetime.now(UTC), current.zone, current.slot_horizon_days))


def book(shopper: Shopper, shop: Shop, day: date | None) -> tuple[int, int | None]:
    """Buy one piece for a date, or for the next with room; answers the status and the order's id."""
    shopper.add(shop.products[0])
    wish = {"delivery_date": day.isoformat()} if day else {}
    answer = shopper.confirm(shop, **wish)
    return answer.status_code, answer.json["data"]["order_id"] if answer.status_code == 201 else None


def booked(session: Session) -> dict[date, tuple[int, int]]:
    """(booked, live bookings) of each date."""
    rows = session.execute(
        text("""
            SELECT delivery_date, booked, capacity,
                   (SELECT count(*) FROM slot_bookings WHERE occurrence_id = slot.id AND released_at IS NULL) AS live
            FROM slot_occurrences AS slot
        """)
    ).all()
    assert all(row.booked <= row.capacity for row in rows)
    return {row.delivery_date: (row.booked, row.live) for row in rows}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(capacity=st.integers(1, 3), steps=st.lists(bookings | cancellations, min_size=3, max_size=12))
def test_no_date_is_booked_above_its_capacity_and_a_cancelled_place_is_free_again(
    app: Flask, capacity: int, steps: list[tuple[str, int | None]]
) -> None:
    dates = days()
    expected: Counter[date] = Counter()
    orders: list[tuple[int, date]] = []

    with rolled_back(app) as session:
        shop = open_shop(session, capacity=capacity)
        shopper = make_shopper(session, app.test_client())
        for action, number in steps:
            if action == "cancel":
                if not orders:
                    continue
                order_id, day = orders.pop(number % len(orders))  # type: ignore[operator]
                assert shopper.post(f"/orders/{order_id}/cancel").status_code == 200
                expected[day] -= 1
                continue
            asked = dates if number is None else [dates[number]]
            free = [day for day in asked if expected[day] < capacity]
            status, order_id = book(shopper, shop, None if number is None else dates[number])
            assert status == (201 if free else 409)
            if free:
                expected[free[0]] += 1
                orders.append((order_id, free[0]))

        found = booked(session)
        assert {day: counts for day, counts in found.items() if counts != (0, 0)} == {
            day: (count, count) for day, count in expected.items() if count
        }
        assert {name: n for name, n in invariants.violations().items() if n} == {}


def test_a_full_date_is_refused_by_name(app: Flask) -> None:
    with rolled_back(app) as session:
        shop = open_shop(session, capacity=1)
        first, second = make_shopper(session, app.test_client()), make_shopper(session, app.test_client())
        book(first, shop, days()[0])
        second.add(shop.products[0])

        answer = second.confirm(shop, delivery_date=days()[0].isoformat())

        assert answer.status_code == 409
        assert answer.json["error"]["code"] == "SLOT_FULL"
