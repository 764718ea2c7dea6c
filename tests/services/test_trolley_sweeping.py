"""What time does to trolleys: lost, abandoned, emptied, suspended."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.enums import (
    AssistReason,
    DeviceStatus,
    IncidentKind,
    SessionOutcome,
    TrolleyState,
)
from app.models import AuditEvent, CartSession, Device
from app.services.trolleys import sweeping
from tests.devices import row_of
from tests.scanning import Trip, assists, backdate, incidents, on_the_shelf, opened_of, start_trip, trolley_of
from tests.shopping import assert_sound
from tests.trolleys import held, shelf

TARE = 12_000
NOTHING_DONE = {
    "trolleys_with_a_wrong_weight": 0,
    "trolleys_unloaded": 0,
    "trolleys_lost": 0,
    "trolleys_abandoned": 0,
    "trolleys_not_paid": 0,
    "devices_suspended": 0,
}


@pytest.fixture
def trip(session: Session, client: FlaskClient) -> Trip:
    return start_trip(session, client, tare_grams=TARE)


def ago(**age: float) -> datetime:
    return datetime.now(UTC) - timedelta(**age)


def quiet(session: Session, trip: Trip, **age: float) -> None:
    """Nothing has happened for so long, but the device is heard of."""
    moment = ago(**age)
    values = {"last_event_at": moment, "opened_at": moment}
    session.execute(update(CartSession).where(CartSession.id == trip.walk.opened.id).values(**values))
    session.commit()


def silent(session: Session, trip: Trip, **age: float) -> None:
    session.execute(update(CartSession).values(opened_at=ago(hours=48)))
    session.execute(update(Device).where(Device.device_id == trip.talker.device_id).values(last_seen_at=ago(**age)))
    session.commit()


def test_a_fresh_walk_is_left_alone(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.post(trip.event("a", code, 500), trip.event("w", grams=TARE + 500))

    assert sweeping.sweep() == NOTHING_DONE
    assert opened_of(session, trip).closed_at is None


def test_goods_nobody_comes_back_for_are_put_back_by_the_staff_and_never_charged(session: Session, trip: Trip) -> None:
    milk, code = on_the_shelf(session, trip, stock=5)
    trip.post(trip.event("a", code, 500), trip.event("w", grams=TARE + 500))
    quiet(session, trip, minutes=44)
    assert sweeping.sweep() == NOTHING_DONE
    quiet(session, trip, minutes=46)

    assert sweeping.sweep() == {**NOTHING_DONE, "trolleys_abandoned": 1}

    assert opened_of(session, trip).outcome is SessionOutcome.ABANDONED
    assert trolley_of(session, trip).state is TrolleyState.MAINTENANCE
    assert [assist.reason for assist in assists(session)] == [AssistReason.RESTOCK]
    assert (shelf(session, milk), held(session, milk)) == ((5, 0), [("RELEASED", 1)])
    assert trip.code("a", code, 500) == 5
    assert_sound()


def test_an_empty_trolley_nobody_comes_back_for_is_free(session: Session, trip: Trip) -> None:
    trip.code("w", grams=TARE)
    quiet(session, trip, minutes=46)

    assert sweeping.sweep()["trolleys_abandoned"] == 1

    assert opened_of(session, trip).outcome is SessionOutcome.LEFT
    assert (trolley_of(session, trip).state, assists(session)) == (TrolleyState.IDLE, [])


@pytest.mark.parametrize("state", [TrolleyState.PAYING, TrolleyState.PAID])
def test_who_is_paying_or_has_paid_has_not_gone(session: Session, trip: Trip, state: TrolleyState) -> None:
    trip.code("w", grams=TARE + 500)
    opened_of(session, trip).state = state
    session.commit()
    quiet(session, trip, hours=3)

    assert sweeping.sweep() == NOTHING_DONE


def test_a_trolley_nobody_hears_of_is_lost_and_comes_back_to_the_staff(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.code("a", code, 500)
    silent(session, trip, minutes=29)
    assert sweeping.sweep() == NOTHING_DONE
    silent(session, trip, minutes=31)

    assert sweeping.sweep() == {**NOTHING_DONE, "trolleys_lost": 1}
    assert sweeping.sweep() == NOTHING_DONE, "once is enough"

    assert (trolley_of(session, trip).state, opened_of(session, trip).state) == (TrolleyState.LOST, TrolleyState.LOST)
    assert [one.kind for one in incidents(session)] == [IncidentKind.LOST_TROLLEY]
    trip.talker.beat()
    assert trolley_of(session, trip).state is TrolleyState.MAINTENANCE
    assert trip.code("a", code, 500) == 6
    quiet(session, trip, minutes=46)
    assert sweeping.sweep()["trolleys_abandoned"] == 1
    assert opened_of(session, trip).outcome is SessionOutcome.ABANDONED
    assert_sound()


def test_a_trolley_that_sleeps_without_a_shopper_is_not_lost(session: Session, trip: Trip) -> None:
    opened = opened_of(session, trip)
    opened.closed_at, opened.outcome = datetime.now(UTC), SessionOutcome.LEFT
    session.commit()
    silent(session, trip, hours=30)

    assert sweeping.sweep() == NOTHING_DONE


def test_a_paid_trolley_that_is_lost_stays_paid(session: Session, trip: Trip) -> None:
    opened_of(session, trip).state = TrolleyState.PAID
    session.commit()
    silent(session, trip, minutes=31)

    assert sweeping.sweep()["trolleys_lost"] == 1

    assert (trolley_of(session, trip).state, opened_of(session, trip).state) == (TrolleyState.LOST, TrolleyState.PAID)


def test_the_key_of_a_trolley_lost_for_a_day_is_of_no_use(session: Session, trip: Trip) -> None:
    trolley_of(session, trip).state = TrolleyState.LOST
    silent(session, trip, hours=23)
    assert sweeping.sweep()["devices_suspended"] == 0
    silent(session, trip, hours=25)

    assert sweeping.sweep()["devices_suspended"] == 1

    assert row_of(session, trip.talker).status is DeviceStatus.SUSPENDED
    assert trip.talker.beat().status_code == 403
    assert session.scalars(select(AuditEvent).where(AuditEvent.action == "LOST")).one().entity_type == "device"


def test_a_paid_trolley_that_was_unloaded_is_free(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.post(trip.event("a", code, 500), trip.event("w", grams=TARE + 500))
    assert trip.walk.pay(session).status_code == 201
    trip.code("w", grams=TARE + 10)
    assert sweeping.sweep() == NOTHING_DONE
    backdate(session, minutes=2)

    assert sweeping.sweep() == {**NOTHING_DONE, "trolleys_unloaded": 1}

    assert opened_of(session, trip).outcome is SessionOutcome.PAID
    assert trolley_of(session, trip).state is TrolleyState.IDLE
