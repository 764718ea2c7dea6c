"""The staff and the trolleys: calls, incidents, the live list, release, and baskets that a till takes over."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AssistOutcome, AssistReason, CartStatus, Role, SessionOutcome, TrolleyState, WeightState
from app.models import AuditEvent, Cart, CartSession, HandoffCode, Reservation, TrolleyAssist, UserBranch
from app.services import reservations
from app.services.trolleys import checking
from app.transaction import transaction
from tests import factories
from tests.devices import row_of
from tests.scanning import Trip, assists, on_the_shelf, opened_of, start_trip, trolley_of
from tests.shopping import assert_sound
from tests.trolleys import held, lines, shelf, weighed

OPS = "/api/v1/ops"


@pytest.fixture
def trip(session: Session, client: FlaskClient) -> Trip:
    return start_trip(session, client)


@pytest.fixture
def employee(session: Session, trip: Trip) -> dict[str, str]:
    """Headers of somebody who works at the trolley's branch."""
    return employee_of(session, trip.walk.branch.id)


def employee_of(session: Session, branch_id: int) -> dict[str, str]:
    user = factories.make_user(session, role=Role.EMPLOYEE)
    session.add(UserBranch(user_id=user.id, stock_location_id=branch_id))
    session.commit()
    return factories.sign_in(session, user)


def resolve(client: FlaskClient, headers: dict[str, str], assist_id: int, outcome: str, **more: Any) -> TestResponse:
    return client.post(f"{OPS}/assist/{assist_id}/resolve", json={"outcome": outcome, **more}, headers=headers)


def test_a_call_is_seen_taken_and_settled(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    trip.talker.beat(x=250, y=430, fl=1)
    trip.code("w", grams=700)
    trip.code("h")

    (waiting,) = client.get(f"{OPS}/assist?status=open", headers=employee).json["data"]
    assert (waiting["reason"], waiting["trolley"], waiting["branch_id"]) == (
        "help",
        trip.walk.trolley.id,
        trip.walk.branch.id,
    )
    assert (waiting["floor"], waiting["x_cm"], waiting["y_cm"]) == (1, 250, 430)
    taken = client.post(f"{OPS}/assist/{waiting['id']}/ack", headers=employee).json["data"]
    assert taken["ack_at"] is not None
    settled = resolve(client, employee, waiting["id"], "corrected", note="Showed the way.").json["data"]

    assert (settled["outcome"], settled["note"]) == ("corrected", "Showed the way.")
    opened = opened_of(session, trip)
    assert (opened.state, opened.weight_state) == (TrolleyState.SHOPPING, WeightState.OK)
    assert client.get(f"{OPS}/assist", headers=employee).json["data"] == []
    assert client.get(f"{OPS}/assist?status=resolved", headers=employee).json["meta"]["total"] == 1
    noted = session.scalars(select(AuditEvent).where(AuditEvent.entity_type == "trolley_assist")).one()
    assert noted.old_value == {"reason": "help", "expected_grams": 0, "gross_grams": 700}
    assert noted.new_value is not None
    assert (noted.new_value["outcome"], noted.new_value["gross_grams"]) == ("corrected", 700)
    assert trip.talker.beat().json["st"] == 1


def test_one_of_the_staff_comes_and_settles_it_once(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    trip.code("h")
    (call,) = assists(session)
    colleague = employee_of(session, trip.walk.branch.id)
    path = f"{OPS}/assist/{call.id}/ack"

    codes = [client.post(path, headers=headers).status_code for headers in (employee, employee, colleague)]
    settled = [resolve(client, headers, call.id, "accepted").status_code for headers in (colleague, employee)]
    too_late = client.post(path, headers=employee)

    assert (codes, settled) == ([200, 200, 409], [200, 409])
    assert (too_late.status_code, too_late.json["error"]["code"]) == (409, "ASSIST_RESOLVED")


def test_accepting_a_weight_makes_it_the_right_one(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip)
    trip.code("a", code, 0)
    for _ in range(3):
        trip.code("w", grams=1300)
    session.execute(update(CartSession).values(weight_since=datetime.now(UTC) - timedelta(seconds=40)))
    session.commit()
    trip.code("w", grams=1300)
    (call,) = assists(session)

    assert resolve(client, employee, call.id, "accepted").status_code == 200

    opened = opened_of(session, trip)
    assert (opened.baseline_grams, opened.weight_state, opened.state) == (800, WeightState.OK, TrolleyState.SHOPPING)
    assert trip.code("w", grams=1300) == 0
    assert trip.walk.pay(session).status_code == 201


def test_correcting_leaves_the_baseline_so_that_the_scale_goes_on_watching(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    trip.code("w", grams=1300)
    trip.code("h")
    (call,) = assists(session)

    resolve(client, employee, call.id, "corrected")

    assert opened_of(session, trip).baseline_grams == 0
    assert trip.code("w", grams=1300) == 3


def test_an_age_check_that_passes_lets_pay_and_does_not_come_again(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip, age_limit=18)
    trip.code("a", code, 500)
    (call,) = assists(session)

    resolve(client, employee, call.id, "accepted")

    assert trip.code("a", code, 500) == 0
    assert not opened_of(session, trip).needs_check
    assert trip.walk.pay(session).status_code == 201


def test_nobody_need_come_to_a_walk_that_ended(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip, age_limit=18)
    trip.code("a", code, 500)
    trip.code("x")
    assert {call.reason for call in assists(session)} == {AssistReason.AGE_CHECK, AssistReason.TAMPER}

    client.post("/api/v1/cart/disconnect", headers=trip.walk.headers)

    waiting = client.get(f"{OPS}/assist?status=open", headers=employee).json["data"]
    assert [call["reason"] for call in waiting] == ["tamper"]
    ended = {call.reason: (call.outcome, call.note) for call in assists(session)}
    assert ended[AssistReason.AGE_CHECK] == (AssistOutcome.CORRECTED, "The walk ended.")


def test_an_age_check_that_fails_takes_the_goods_out(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    wine, code = on_the_shelf(session, trip, stock=5, age_limit=18)
    milk, milk_code = on_the_shelf(session, trip)
    trip.post(trip.event("a", code, 500), trip.event("a", code, 500), trip.event("a", milk_code, 500), trip.event("f"))
    (call,) = assists(session)

    resolve(client, employee, call.id, "removed")

    opened = opened_of(session, trip)
    assert (opened.needs_check, opened.state, opened.snapshot) == (False, TrolleyState.SHOPPING, None)
    assert (lines(session, trip.walk), shelf(session, wine)) == ([(milk.id, 1, None)], (5, 0))
    assert_sound()


def test_one_check_that_passes_does_not_answer_another(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip, age_limit=18)
    trip.code("a", code, 500)
    call_spot_check(session, trip)

    for call in assists(session):
        assert opened_of(session, trip).needs_check
        resolve(client, employee, call.id, "accepted")

    assert not opened_of(session, trip).needs_check


def call_spot_check(session: Session, trip: Trip) -> None:
    opened = opened_of(session, trip)
    opened.needs_check = True
    place = {"trolley_id": opened.trolley_id, "stock_location_id": opened.stock_location_id}
    session.add(TrolleyAssist(session_id=opened.id, reason=AssistReason.SPOT_CHECK, **place))
    session.commit()


def test_a_dear_basket_is_looked_into_before_it_is_paid(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip, price=Decimal("10000.00"))

    body = trip.post(trip.event("a", code, 500), trip.event("f")).json

    assert [row[1] for row in body["r"]] == [0, 0]
    (call,) = assists(session)
    assert call.reason is AssistReason.SPOT_CHECK
    assert trip.walk.pay(session).json["error"]["code"] == "STAFF_CHECK_NEEDED"
    resolve(client, employee, call.id, "accepted")
    assert opened_of(session, trip).state is TrolleyState.REVIEW
    assert trip.walk.pay(session).status_code == 201


def test_who_pays_without_a_review_is_looked_into_all_the_same(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip, price=Decimal("10000.00"))
    trip.code("a", code, 500)

    refused = [trip.walk.pay(session) for _ in range(2)]

    assert [answer.json["error"]["code"] for answer in refused] == ["STAFF_CHECK_NEEDED"] * 2
    (call,) = assists(session)
    resolve(client, employee, call.id, "accepted")
    assert trip.walk.pay(session).status_code == 201


def test_what_is_added_after_a_check_is_checked_again(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip, price=Decimal("10000.00"))
    trip.code("a", code, 500)
    trip.walk.pay(session)
    resolve(client, employee, assists(session)[0].id, "accepted")
    earlier = datetime.now(UTC) - timedelta(hours=1)
    session.execute(update(TrolleyAssist).values(resolved_at=earlier))
    session.commit()
    trip.code("a", code, 500)

    with transaction() as opened_session:
        found = checking.reasons(opened_session, opened_of(session, trip))

    assert found == ("basket_value",)


def test_the_staff_of_other_branches_see_and_touch_nothing(session: Session, client: FlaskClient, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.post(trip.event("a", code, 500), trip.event("h"), trip.event("x"), trip.event("f"))
    stranger = employee_of(session, factories.make_location(session).id)
    call = assists(session)[0]
    handoff = hand_off(session, trip)
    incident = client.get(f"{OPS}/incidents", headers=manager(session)).json["data"][0]["id"]
    trolley_of(session, trip).state = TrolleyState.MAINTENANCE
    session.commit()

    lists = [client.get(f"{OPS}/{name}", headers=stranger).json["data"] for name in ("assist", "incidents", "trolleys")]
    touched = [
        client.post(f"{OPS}/assist/{call.id}/ack", headers=stranger),
        resolve(client, stranger, call.id, "accepted"),
        client.post(f"{OPS}/incidents/{incident}/resolve", headers=stranger),
        client.post(f"{OPS}/trolleys/{trip.walk.trolley.id}/release", headers=stranger),
        client.post(f"/api/v1/pos/handoff/{handoff}", headers=stranger),
    ]

    assert lists == [[], [], []]
    assert [answer.status_code for answer in touched] == [404] * 5
    everything = client.get(f"{OPS}/assist?status=all", headers=manager(session)).json["data"]
    assert [one["resolved_at"] for one in everything] == [None, None]


def manager(session: Session) -> dict[str, str]:
    return factories.sign_in(session, factories.make_user(session, role=Role.MANAGER))


def test_shoppers_do_not_enter(client: FlaskClient, trip: Trip) -> None:
    assert client.get(f"{OPS}/assist", headers=trip.walk.headers).status_code == 403
    assert client.post("/api/v1/pos/handoff/" + "1" * 20, headers=trip.walk.headers).status_code == 403


def test_an_outcome_nobody_knows_and_an_endless_note_are_refused(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    trip.code("h")
    call = assists(session)[0]

    codes = [resolve(client, employee, call.id, "fine").status_code]
    codes += [resolve(client, employee, call.id, "accepted", note="n" * 401).status_code]

    assert codes == [400, 400]


def test_incidents_are_resolved_once(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    trip.code("x")
    (shown,) = client.get(f"{OPS}/incidents", headers=employee).json["data"]
    assert (shown["kind"], shown["details"], shown["trolley"]) == ("tamper", {"events": [1]}, trip.walk.trolley.id)

    codes = [client.post(f"{OPS}/incidents/{shown['id']}/resolve", headers=employee).status_code for _ in range(2)]

    assert codes == [200, 409]
    assert client.get(f"{OPS}/incidents", headers=employee).json["data"] == []
    assert len(client.get(f"{OPS}/incidents?status=all", headers=employee).json["data"]) == 1


def test_the_live_list_shows_each_trolley_as_it_is(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip)
    trip.post(trip.event("a", code, 500), trip.event("a", code, 500), trip.event("h"))
    idle = factories.make_trolley(session, trip.walk.branch)

    first, second = client.get(f"{OPS}/trolleys", headers=employee).json["data"]

    assert (first["id"], first["state"], first["units"], first["total"]) == (trip.walk.trolley.id, "assist", 2, 20.0)
    assert (first["online"], first["open_assists"], first["weight_state"]) == (True, 1, "assist")
    assert 0 <= first["session_seconds"] < 60
    assert (second["id"], second["state"], second["online"], second["session_id"]) == (idle.id, "idle", False, None)
    found = client.get(f"{OPS}/trolleys?state=idle", headers=employee).json["data"]
    assert [one["id"] for one in found] == [idle.id]


def test_the_live_list_counts_trolleys_and_not_what_lies_in_them(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, code = on_the_shelf(session, trip, price=Decimal("17.90"))
    trip.code("a", code, 500)

    shown = client.get(f"{OPS}/trolleys", headers=employee).json

    assert (shown["meta"]["total"], shown["data"][0]["total"]) == (1, 17.9)


def test_the_lists_take_one_statement_each_whatever_is_in_them(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str], statements: list[str]
) -> None:
    names = ("assist", "incidents", "trolleys")
    before = []
    for name in names:
        statements.clear()
        client.get(f"{OPS}/{name}", headers=employee)
        before.append(len(statements))
    trip.post(trip.event("h"), trip.event("x"))
    factories.make_trolley(session, trip.walk.branch)

    after = []
    for name in names:
        statements.clear()
        client.get(f"{OPS}/{name}", headers=employee)
        after.append(len(statements))

    assert before == after


def test_a_released_trolley_is_idle_and_its_walk_is_over(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    milk, code = on_the_shelf(session, trip, stock=5)
    trip.code("a", code, 500)
    path = f"{OPS}/trolleys/{trip.walk.trolley.id}/release"
    refused = client.post(path, headers=employee)
    trip.post([1, "a", code, 501, 0])

    released = client.post(path, headers=employee)

    assert (refused.status_code, refused.json["error"]["code"]) == (409, "TROLLEY_NOT_RELEASABLE")
    assert (released.status_code, released.json["data"]["state"]) == (200, "idle")
    assert opened_of(session, trip).outcome is SessionOutcome.LEFT
    assert (shelf(session, milk), held(session, milk)) == ((5, 0), [("RELEASED", 1)])
    assert_sound()


def test_a_trolley_that_is_being_paid_is_not_released(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    trolley_of(session, trip).state = TrolleyState.MAINTENANCE
    opened_of(session, trip).state = TrolleyState.PAYING
    session.commit()

    assert client.post(f"{OPS}/trolleys/{trip.walk.trolley.id}/release", headers=employee).status_code == 409
    assert opened_of(session, trip).closed_at is None


def hand_off(session: Session, trip: Trip) -> str:
    """The code the shopper shows at the till."""
    if opened_of(session, trip).state is not TrolleyState.REVIEW:
        session.execute(update(CartSession).values(state=TrolleyState.REVIEW, weight_state=WeightState.OK))
        session.commit()
    path = f"/api/v1/carts/{trip.walk.cart_id(session)}/handoff"
    return str(trip.walk.client.get(path, headers=trip.walk.headers).json["data"]["code"])


def test_a_till_takes_the_basket_over_once_and_the_goods_are_sold(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    milk, code = on_the_shelf(session, trip, stock=5, price=Decimal("27.00"), deposit=Decimal("0.50"))
    fruit = weighed(session, trip.walk.branch)
    trip.post(trip.event("a", code, 500), trip.event("a", code, 500), trip.event("f"))
    session.execute(update(CartSession).values(state=TrolleyState.SHOPPING))
    session.commit()
    trip.walk.put(fruit, 1, grams=517)
    handoff = hand_off(session, trip)

    taken = client.post(f"/api/v1/pos/handoff/{handoff}", headers=employee)
    again = client.post(f"/api/v1/pos/handoff/{handoff}", headers=employee)

    assert taken.status_code == 200, taken.json
    found = [
        (line["product_id"], line["quantity"], line["weight_grams"], line["line_total"], line["gtin"])
        for line in taken.json["data"]["lines"]
    ]
    assert found == [(milk.id, 2, None, 54.0, code), (fruit.id, 1, 517, 6.38, None)]
    assert (taken.json["data"]["deposits"], taken.json["data"]["total"]) == (1.0, 61.38)
    assert (again.status_code, again.json["error"]["code"]) == (410, "HANDOFF_GONE")
    opened = opened_of(session, trip)
    assert (opened.outcome, trolley_of(session, trip).state) == (SessionOutcome.AT_TILL, TrolleyState.IDLE)
    cart = session.get_one(Cart, opened.cart_id, populate_existing=True)
    assert cart.status is CartStatus.CHECKED_OUT
    assert (shelf(session, milk), shelf(session, fruit)) == ((3, 0), (9, 0))
    assert held(session, milk) == [("CONSUMED", 2)]
    assert_sound()


def test_a_basket_whose_reservation_ran_out_is_sold_at_the_till_all_the_same(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    milk, code = on_the_shelf(session, trip, stock=1)
    trip.post(trip.event("a", code, 500), trip.event("a", code, 500), trip.event("f"))

    session.execute(update(Reservation).values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))
    session.commit()
    assert reservations.expire_due() == 1

    assert client.post(f"/api/v1/pos/handoff/{hand_off(session, trip)}", headers=employee).status_code == 200

    assert shelf(session, milk) == (0, 0)
    assert_sound()


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"state": TrolleyState.SHOPPING}, "TROLLEY_NOT_PAYABLE"),
        ({"needs_check": True}, "STAFF_CHECK_NEEDED"),
        ({"weight_state": WeightState.MISMATCH}, "WEIGHT_MISMATCH"),
    ],
)
def test_a_basket_that_is_not_right_is_not_taken_over(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str], columns: dict[str, Any], code: str
) -> None:
    milk, barcode = on_the_shelf(session, trip, stock=5)
    trip.post(trip.event("a", barcode, 500), trip.event("f"))
    handoff = hand_off(session, trip)
    session.execute(update(CartSession).values(**columns))
    session.commit()

    refused = client.post(f"/api/v1/pos/handoff/{handoff}", headers=employee)

    assert (refused.status_code, refused.json["error"]["code"]) == (409, code)
    assert shelf(session, milk) == (4, 1)
    assert session.scalars(select(HandoffCode.used_at)).one() is None


def test_codes_that_are_too_old_or_unknown(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    _, barcode = on_the_shelf(session, trip)
    trip.post(trip.event("a", barcode, 500), trip.event("f"))
    handoff = hand_off(session, trip)
    session.execute(update(HandoffCode).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    session.commit()

    codes = [handoff, "1" * 20, "x", "1" * 200]

    found = [client.post(f"/api/v1/pos/handoff/{code}", headers=employee).status_code for code in codes]
    assert found == [410, 404, 404, 404]
    assert row_of(session, trip.talker).notices == []


def test_a_trolley_blinks_for_who_looks_for_it(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str]
) -> None:
    stranger = employee_of(session, factories.make_location(session).id)
    path = f"{OPS}/trolleys/{trip.walk.trolley.id}/locate"

    answers = [client.post(path, headers=headers).status_code for headers in (employee, employee, stranger)]

    assert answers == [200, 200, 404]
    assert [trip.talker.beat().json["n"] for _ in range(2)] == [[["loc", 1]], []]


@pytest.mark.parametrize(("tare", "told"), [(0, [["tare"]]), (2000, [])])
def test_an_emptied_trolley_counts_its_weight_from_there(
    session: Session, client: FlaskClient, trip: Trip, employee: dict[str, str], tare: int, told: list[list[str]]
) -> None:
    trip.code("d")
    trip.talker.beat()
    trolley = trolley_of(session, trip)
    trolley.state, trolley.tare_grams = TrolleyState.MAINTENANCE, tare
    session.commit()

    assert client.post(f"{OPS}/trolleys/{trolley.id}/release", headers=employee).status_code == 200

    assert trip.talker.beat().json["n"] == told
