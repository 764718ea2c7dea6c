"""The gate: tokens and devices that a trolley goes out by, and trolleys that hear the beacon of the way out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AssistReason, IncidentKind, Role, TrolleyState, WeightState
from app.models import AuditEvent, BeaconPlace, CartSession, Order, TrolleyIncident, UserBranch
from tests import factories
from tests.scanning import Trip, assists, on_the_shelf, opened_of, start_trip, trolley_of
from tests.trolleys import DECLINED_CARD

EXIT = "/api/v1/ops/trolleys/exit"


@pytest.fixture
def trip(session: Session, client: FlaskClient) -> Trip:
    """A trolley with one product of 10.00 in it."""
    made = start_trip(session, client)
    _, code = on_the_shelf(session, made, price=Decimal("10.00"))
    made.code("a", code, 500)
    made.code("a", code, 500)
    return made


@pytest.fixture
def gate(session: Session, trip: Trip) -> dict[str, str]:
    """Headers of somebody who works at the trolley's branch."""
    return staff_of(session, trip.walk.branch.id)


def staff_of(session: Session, branch_id: int) -> dict[str, str]:
    user = factories.make_user(session, role=Role.EMPLOYEE)
    session.add(UserBranch(user_id=user.id, stock_location_id=branch_id))
    session.commit()
    return factories.sign_in(session, user)


def leave(client: FlaskClient, headers: Mapping[str, str], **form: Any) -> TestResponse:
    return client.post(EXIT, json=form, headers=headers)


def paid_token(session: Session, trip: Trip) -> str:
    assert trip.walk.pay(session).status_code == 201
    return token_of(trip)


def token_of(trip: Trip) -> str:
    path = f"/api/v1/carts/{trip.walk.opened.cart_id}/exit-token"
    token: str = trip.walk.client.get(path, headers=trip.walk.headers).json["data"]["exit_token"]
    return token


def error_of(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_a_paid_trolley_goes_out_once(session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]) -> None:
    token = paid_token(session, trip)

    out = leave(client, gate, token=token)
    again = leave(client, gate, token=token)

    opened, order = opened_of(session, trip), session.scalars(select(Order)).one()
    assert out.status_code == 200, out.json
    assert {name: out.json["data"][name] for name in ("trolley", "session_id", "order_id", "order_number")} == {
        "trolley": trip.walk.trolley.id,
        "session_id": opened.id,
        "order_id": order.id,
        "order_number": order.order_number,
    }
    assert [out.json["data"][name] for name in ("items_count", "total_products", "state")] == [1, 2, "paid"]
    assert datetime.fromisoformat(out.json["data"]["paid_at"]) == order.delivered_at
    assert error_of(again) == (409, "EXIT_CLOSED")
    assert opened.exited_at is not None
    assert datetime.fromisoformat(again.json["error"]["details"]["exited_at"]) == opened.exited_at
    assert session.scalars(select(AuditEvent).where(AuditEvent.action == "EXIT")).one().entity_id == opened.id


def test_a_token_may_be_typed(session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]) -> None:
    token = paid_token(session, trip).lower()

    assert leave(client, gate, token=f"{token[:8]}-{token[8:]}").status_code == 200


def test_only_the_newest_token_opens(session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]) -> None:
    old = paid_token(session, trip)
    new = token_of(trip)

    assert error_of(leave(client, gate, token=old)) == (404, "EXIT_UNKNOWN")
    assert leave(client, gate, token=new).status_code == 200


def test_the_token_of_a_walk_that_is_over_opens_nothing(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]
) -> None:
    token = paid_token(session, trip)
    trip.code("d")

    refused = leave(client, gate, token=token)

    assert error_of(refused) == (409, "EXIT_CLOSED")
    assert refused.json["error"]["details"] == {"exited_at": None}


@pytest.mark.parametrize("token", ["7K3M9QTV2B4C6D8E", "nothing", "7K3M9QTV"])
def test_an_unknown_token_opens_nothing(client: FlaskClient, gate: dict[str, str], token: str) -> None:
    assert error_of(leave(client, gate, token=token)) == (404, "EXIT_UNKNOWN")


def test_another_branch_knows_neither_token_nor_device(session: Session, client: FlaskClient, trip: Trip) -> None:
    token = paid_token(session, trip)
    stranger = staff_of(session, factories.make_location(session).id)

    assert error_of(leave(client, stranger, token=token)) == (404, "EXIT_UNKNOWN")
    assert error_of(leave(client, stranger, device_id=trip.talker.device_id)) == (404, "EXIT_UNKNOWN")
    assert opened_of(session, trip).exited_at is None


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"token": "7K3M9QTV2B4C6D8E", "device_id": "c0ffee01"},
        {"token": ""},
        {"token": 5},
        {"token": "a\x00b"},
        {"device_id": "C0FFEE01"},
        {"token": "7K3M9QTV2B4C6D8E", "more": 1},
    ],
)
def test_the_gate_asks_for_one_thing(client: FlaskClient, gate: dict[str, str], form: dict[str, Any]) -> None:
    assert error_of(leave(client, gate, **form)) == (400, "VALIDATION_ERROR")


def test_shoppers_do_not_open_the_gate(client: FlaskClient, trip: Trip) -> None:
    assert leave(client, trip.walk.headers, token="7K3M9QTV2B4C6D8E").status_code == 403
    assert leave(client, {}, token="7K3M9QTV2B4C6D8E").status_code == 401


def test_the_reader_lets_a_paid_trolley_out(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]
) -> None:
    assert trip.walk.pay(session).status_code == 201

    out, again = (leave(client, gate, device_id=trip.talker.device_id) for _ in range(2))

    assert (out.status_code, error_of(again)) == (200, (409, "EXIT_CLOSED"))


def test_the_reader_stops_who_has_not_paid(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]
) -> None:
    stopped = leave(client, gate, device_id=trip.talker.device_id)

    assert error_of(stopped) == (409, "NOT_PAID")
    assert stopped.json["error"]["details"] == {"state": "shopping"}
    assert opened_of(session, trip).state is TrolleyState.SHOPPING
    assert list(session.scalars(select(Order))) == []


def test_the_reader_has_the_shopper_pay_for_what_is_under_review(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]
) -> None:
    trip.code("f")

    out = leave(client, gate, device_id=trip.talker.device_id)

    order = session.scalars(select(Order)).one()
    assert out.status_code == 200, out.json
    assert (order.user_id, order.final_total, out.json["data"]["order_id"]) == (
        trip.walk.user.id,
        Decimal("20.00"),
        order.id,
    )
    assert opened_of(session, trip).state is TrolleyState.PAID


def test_nobody_pays_at_the_gate_with_a_token(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]
) -> None:
    trip.code("f")

    assert error_of(leave(client, gate, token="7K3M9QTV2B4C6D8E")) == (404, "EXIT_UNKNOWN")
    assert list(session.scalars(select(Order))) == []


def test_a_card_that_is_declined_keeps_the_gate_shut(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]
) -> None:
    card = {"card_number": DECLINED_CARD, "is_default": True}
    added = client.post("/api/v1/me/payment-tokens", json=card, headers=trip.walk.headers)
    assert added.status_code == 201, added.json
    trip.code("f")

    assert error_of(leave(client, gate, device_id=trip.talker.device_id)) == (402, "PAYMENT_DECLINED")

    assert opened_of(session, trip).state is TrolleyState.REVIEW
    assert opened_of(session, trip).exited_at is None


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"needs_check": True}, "STAFF_CHECK_NEEDED"),
        ({"weight_state": WeightState.MISMATCH}, "WEIGHT_MISMATCH"),
    ],
)
def test_what_cannot_be_paid_for_stays_inside(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str], columns: dict[str, Any], code: str
) -> None:
    trip.code("f")
    session.execute(update(CartSession).values(**columns))
    session.commit()

    assert error_of(leave(client, gate, device_id=trip.talker.device_id)) == (409, code)


def way_out(session: Session, trip: Trip) -> None:
    """A beacon `e117` at the way out, another one in an aisle."""
    place = {"stock_location_id": trip.walk.branch.id, "floor": 0, "x_cm": 100, "y_cm": 100}
    session.add_all([BeaconPlace(beacon_id="e117", is_exit=True, **place), BeaconPlace(beacon_id="a151", **place)])
    session.commit()


def test_unpaid_goods_at_the_way_out_are_an_alarm(session: Session, trip: Trip) -> None:
    way_out(session, trip)

    near = trip.talker.beat(bc=[["e117", -80], ["a151", -50]]).json
    out = trip.talker.beat(bc=[["e117", -40], ["a151", -80]]).json

    incident = session.scalars(select(TrolleyIncident)).one()
    assert (near["st"], out["st"]) == (1, 6)
    assert (incident.kind, incident.details) == (IncidentKind.LOST_TROLLEY, {"exit_beacon": "e117"})
    assert trolley_of(session, trip).state is TrolleyState.LOST
    trip.talker.beat(bc=[["e117", -40]])
    assert trolley_of(session, trip).state is TrolleyState.MAINTENANCE
    assert len(list(session.scalars(select(TrolleyIncident)))) == 1


def test_a_paid_trolley_and_an_empty_one_pass_the_beacon_of_the_way_out(
    session: Session, client: FlaskClient, trip: Trip
) -> None:
    way_out(session, trip)
    empty = start_trip(session, client)
    session.add(
        BeaconPlace(stock_location_id=empty.walk.branch.id, beacon_id="e117", floor=0, x_cm=0, y_cm=0, is_exit=True)
    )
    session.commit()
    assert trip.walk.pay(session).status_code == 201

    states = [each.talker.beat(bc=[["e117", -40]], g=20).json["st"] for each in (trip, empty)]

    assert states == [4, 1]
    assert list(session.scalars(select(TrolleyIncident))) == []


def test_goods_nobody_scanned_are_an_alarm_too(session: Session, client: FlaskClient) -> None:
    bare = start_trip(session, client, tare_grams=1000)
    way_out(session, bare)

    assert bare.talker.beat(bc=[["e117", -40]], g=1500).json["st"] == 6


def test_the_staff_bring_another_trolley_when_the_battery_is_low(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]
) -> None:
    told = [trip.talker.beat(b=battery).json["n"] for battery in (8, 7, 6)]

    (call,) = assists(session)
    assert told == [[], [["msg", "Battery low: please change carts"]], []]
    assert call.reason is AssistReason.LOW_BATTERY
    (waiting,) = client.get("/api/v1/ops/assist", headers=gate).json["data"]
    assert (waiting["reason"], waiting["trolley"]) == ("low_battery", trip.walk.trolley.id)


def test_settling_a_low_battery_says_nothing_of_the_weight(
    session: Session, client: FlaskClient, trip: Trip, gate: dict[str, str]
) -> None:
    trip.talker.beat(b=5)
    (call,) = assists(session)
    for _ in range(3):
        trip.code("w", grams=9000)
    assert opened_of(session, trip).weight_state is WeightState.MISMATCH

    path = f"/api/v1/ops/assist/{call.id}/resolve"
    settled = client.post(path, json={"outcome": "accepted"}, headers=gate)

    assert settled.status_code == 200
    assert opened_of(session, trip).weight_state is WeightState.MISMATCH
    assert opened_of(session, trip).baseline_grams == 0


def test_who_changes_trolleys_needs_nobody_for_the_battery(session: Session, client: FlaskClient, trip: Trip) -> None:
    other = factories.make_trolley(session, trip.walk.branch)
    factories.make_device(session, other)
    trip.talker.beat(b=5)
    path = f"/api/v1/carts/{trip.walk.opened.cart_id}/transfer"

    moved = trip.walk.client.post(path, json={"trolley": other.id}, headers=trip.walk.headers)

    assert moved.status_code == 200, moved.json
    (call,) = assists(session)
    assert call.resolved_at is not None
    assert call.resolved_at <= datetime.now(UTC)
