"""Events of trolleys: what each kind does, each exactly once, and what the answers hold."""

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.domain.enums import AssistReason, DeviceStatus, IncidentKind, SessionOutcome, SoldBy, TrolleyState
from app.domain.gtin import check_digit
from app.models import (
    AuditEvent,
    BasketMove,
    CartSession,
    Category,
    Device,
    DeviceEvent,
    LiveEvent,
    PendingPairing,
    Product,
    ProductGtin,
    Reservation,
)
from tests.devices import refusal_of, row_of
from tests.factories import make_cart, make_product, make_user
from tests.scanning import (
    Trip,
    assists,
    backdate,
    incidents,
    on_the_shelf,
    opened_of,
    start_trip,
    stored,
    trolley_of,
    with_barcode,
)
from tests.shopping import assert_sound
from tests.trolleys import held, lines, shelf


@pytest.fixture
def trip(session: Session, client: FlaskClient) -> Trip:
    return start_trip(session, client)


@pytest.mark.parametrize("body", ["200000000047", "292000000860"])
def test_a_number_the_store_gave_a_product_is_that_product_whatever_its_prefix(
    session: Session, trip: Trip, body: str
) -> None:
    milk, _ = on_the_shelf(session, trip)
    on_the_shelf(session, trip, sku=body[2:7])
    session.add(ProductGtin(product_id=milk.id, gtin="0" + body + check_digit(body)))
    session.commit()

    trip.does("a", body + check_digit(body))

    assert lines(session, trip.walk) == [(milk.id, 1, None)]


def test_a_scan_puts_a_piece_into_the_cart_and_the_answer_says_so(session: Session, trip: Trip) -> None:
    milk, code = on_the_shelf(session, trip, weight_grams=515, price=Decimal("27.00"))

    body = trip.post(trip.event("a", code, 517, None)).json

    assert body["r"] == [[1, 0, 1, 2700]]
    opened = opened_of(session, trip)
    told = (body["a"], body["z"], body["st"], body["q"], body["w"], body["p"], body["n"])
    assert told == (1, opened.id, 1, 1, 515, 2700, [])
    assert lines(session, trip.walk) == [(milk.id, 1, None)]
    assert held(session, milk) == [("ACTIVE", 1)]
    assert stored(session) == [(1, "a", 0)]
    move = session.scalars(select(BasketMove)).one()
    assert move.device_event_id is not None
    assert_sound()


def test_a_removal_takes_a_piece_out(session: Session, trip: Trip) -> None:
    milk, code = on_the_shelf(session, trip, stock=5)
    trip.post(*(trip.event("a", code, 500) for _ in range(2)))

    assert trip.does("r", code, -500) == [1, 1, 1000]
    assert trip.does("r", code) == [1, 0, 1000]
    assert trip.code("r", code) == 4
    assert (lines(session, trip.walk), shelf(session, milk)) == ([], (5, 0))
    assert_sound()


def test_codes_of_nothing_and_of_goods_the_branch_does_not_sell(session: Session, trip: Trip) -> None:
    stocked, its_code = on_the_shelf(session, trip)
    session.execute(update(Product).where(Product.id == stocked.id).values(is_active=False))
    hidden, hidden_code = on_the_shelf(session, trip)
    session.execute(update(Category).where(Category.id == hidden.category_id).values(is_active=False))
    session.commit()
    elsewhere = with_barcode(session, make_product(session))

    assert trip.code("a", "4000000000006") == 2
    assert trip.code("a", "4000000000007") == 2, "a wrong check digit"
    assert trip.code("r", "4000000000006") == 2
    assert [trip.code("a", code) for code in (its_code, hidden_code, elsewhere)] == [11, 11, 11]
    assert lines(session, trip.walk) == []


def weighed(session: Session, trip: Trip, sku: str, price: str = "12.34") -> Product:
    columns = {"sku": sku, "price": Decimal(price), "sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 400}
    return make_product(session, stock={trip.walk.branch: 10}, **columns)


def test_produce_is_weighed_and_its_line_grows(session: Session, trip: Trip) -> None:
    fruit = weighed(session, trip, "4011")

    first = trip.does("p", "4011", 517)
    second = trip.does("p", "4011", 483)

    assert (first, second) == ([0, 1, 638], [0, 1, 1234])
    assert lines(session, trip.walk) == [(fruit.id, 1, 1000)]
    assert shelf(session, fruit) == (9, 1)
    assert_sound()


def test_what_is_sold_by_weight_needs_grams(session: Session, trip: Trip) -> None:
    weighed(session, trip, "4011")

    assert [trip.code("p", "4011", grams) for grams in (0, -5, 2**31 - 1)] == [10, 10, 10]
    assert trip.code("a", "4011", 0) == 10
    assert lines(session, trip.walk) == []


def test_taking_produce_out_again_takes_the_whole_line_where_the_scale_is_a_little_off(
    session: Session, trip: Trip
) -> None:
    fruit = weighed(session, trip, "4011")
    trip.does("p", "4011", 517)

    assert trip.code("r", "4011", 0) == 10
    assert trip.does("r", "4011", -200)[:2] == [1, 1]
    assert lines(session, trip.walk) == [(fruit.id, 1, 317)]
    assert trip.does("r", "4011", -325)[:2] == [1, 0]
    assert trip.code("r", "4011", -10) == 4
    assert lines(session, trip.walk) == []
    assert_sound()


def test_labels_of_the_stores_own_scale(session: Session, trip: Trip) -> None:
    by_weight, by_price = (weighed(session, trip, sku, price="10.00") for sku in ("12345", "54321"))

    assert trip.does("a", store_code("25", "12345", 750)) == [0, 1, 750]
    assert trip.does("a", store_code("20", "54321", 638)) == [0, 1, 638]

    assert sorted(lines(session, trip.walk)) == sorted([(by_weight.id, 1, 750), (by_price.id, 1, 638)])


def store_code(prefix: str, item: str, value: int) -> str:
    body = f"{prefix}{item}{value:05d}"
    return body + check_digit(body)


def test_age_limits_keep_the_line_and_call_the_staff_once(session: Session, trip: Trip) -> None:
    wine, code = on_the_shelf(session, trip, age_limit=18)

    assert trip.does("a", code, 500)[:2] == [8, 1]
    assert trip.code("a", code, 500) == 8

    assert [assist.reason for assist in assists(session)] == [AssistReason.AGE_CHECK]
    assert opened_of(session, trip).needs_check
    assert lines(session, trip.walk) == [(wine.id, 2, None)]
    refused = trip.walk.pay(session)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "STAFF_CHECK_NEEDED")


def test_events_without_a_session(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    close(session, trip)

    body = trip.post(*(trip.event(kind, code if kind in "ar" else "", 0) for kind in "arwhfd")).json

    assert [row[1] for row in body["r"]] == [5] * 6
    assert (body["z"], body["st"], body["a"]) == (0, 0, 6)
    assert incidents(session) == []


def test_a_device_on_no_trolley_has_no_session(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    row_of(session, trip.talker).trolley_id = None
    session.commit()

    assert trip.code("a", code) == 5


def close(session: Session, trip: Trip, outcome: SessionOutcome = SessionOutcome.LEFT) -> None:
    opened = opened_of(session, trip)
    opened.closed_at, opened.outcome = datetime.now(UTC), outcome
    trolley_of(session, trip).state = TrolleyState.IDLE
    session.commit()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (TrolleyState.SHOPPING, 0),
        (TrolleyState.ASSIST, 0),
        (TrolleyState.REVIEW, 6),
        (TrolleyState.PAYING, 6),
        (TrolleyState.PAID, 7),
        (TrolleyState.LOST, 6),
        (TrolleyState.MAINTENANCE, 6),
    ],
)
def test_only_an_open_cart_is_changed(session: Session, trip: Trip, state: TrolleyState, code: int) -> None:
    _, barcode = on_the_shelf(session, trip)
    opened_of(session, trip).state = state
    session.commit()

    assert trip.code("a", barcode, 500) == code
    assert len(lines(session, trip.walk)) == (code == 0)


def test_scans_after_the_payment_are_late_and_an_incident(session: Session, trip: Trip) -> None:
    milk, code = on_the_shelf(session, trip, stock=5)
    trip.does("a", code, 500)
    assert trip.walk.pay(session).status_code == 201

    body = trip.post(trip.event("a", code, 500, None), trip.event("r", code, -500, None)).json

    assert [row[1] for row in body["r"]] == [7, 7]
    assert body["st"] == 4
    found = incidents(session)
    assert [(one.kind, one.session_id, one.details) for one in found] == [
        (IncidentKind.LATE_EVENT, trip.walk.opened.id, {"events": [2, 3]})
    ]
    assert shelf(session, milk) == (4, 0)
    assert_sound()


def test_events_of_a_closed_session_do_not_fall_into_the_next_ones_cart(
    session: Session, client: FlaskClient, trip: Trip
) -> None:
    _, code = on_the_shelf(session, trip)
    now = int(time.time())
    first = opened_of(session, trip)
    first.opened_at = datetime.now(UTC) - timedelta(minutes=30)
    first.closed_at, first.outcome = datetime.now(UTC) - timedelta(minutes=10), SessionOutcome.PAID
    session.commit()
    second = CartSession(
        trolley_id=trip.walk.trolley.id,
        cart_id=make_cart(session),
        stock_location_id=trip.walk.branch.id,
        opened_at=datetime.now(UTC) - timedelta(minutes=5),
    )
    session.add(second)
    session.commit()

    body = trip.post(*(trip.event("a", code, 500, now - 60 * minutes) for minutes in (20, 7, 1))).json

    assert [row[1] for row in body["r"]] == [7, 5, 0]
    assert [(one.kind, one.session_id) for one in incidents(session)] == [(IncidentKind.LATE_EVENT, first.id)]
    assert body["q"] == 1


def test_a_wrong_clock_is_put_right_by_the_request_it_signs(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.talker.skew = -200

    assert trip.code("a", code, 500, int(time.time()) - 200) == 0
    assert trip.code("a", code, 500, int(time.time()) - 230) == 5


def test_the_button_confirms_who_typed_the_number_and_the_batch_goes_on_in_the_session(
    session: Session, trip: Trip
) -> None:
    _, code = on_the_shelf(session, trip)
    close(session, trip)
    shopper = make_user(session)
    ends = datetime.now(UTC) + timedelta(seconds=20)
    session.add(PendingPairing(trolley_id=trip.walk.trolley.id, user_id=shopper.id, expires_at=ends))
    session.commit()

    body = trip.post(trip.event("a", code, 500), trip.event("h"), trip.event("a", code, 500)).json

    assert [row[1] for row in body["r"]] == [5, 0, 0]
    assert (body["st"], body["q"]) == (1, 1)
    assert assists(session) == []


def test_finish_locks_the_cart_for_the_review(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)

    body = trip.post(trip.event("a", code, 500), trip.event("f"), trip.event("a", code, 500), trip.event("f")).json

    assert [row[1] for row in body["r"]] == [0, 0, 6, 0]
    assert (body["st"], body["q"], body["n"]) == (2, 1, [["st", 2]])
    opened = opened_of(session, trip)
    assert opened.snapshot is not None
    assert [line["quantity"] for line in opened.snapshot["lines"]] == [1]


def test_finish_with_nothing_in_the_cart_changes_nothing(session: Session, trip: Trip) -> None:
    assert trip.code("f") == 4
    assert opened_of(session, trip).state is TrolleyState.SHOPPING


def test_docking_a_paid_trolley_ends_its_session(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)
    assert trip.walk.pay(session).status_code == 201

    body = trip.post(trip.event("d")).json

    opened = opened_of(session, trip)
    assert (opened.outcome, trolley_of(session, trip).state) == (SessionOutcome.PAID, TrolleyState.IDLE)
    assert (body["r"], body["z"], body["st"], body["n"]) == ([[2, 0, 0, 0]], 0, 0, [["bye"]])
    assert_sound()


def test_docking_an_empty_trolley_ends_its_session_and_one_with_goods_stays(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)

    assert trip.code("d") == 0
    assert opened_of(session, trip).closed_at is None
    trip.does("r", code, -500)
    assert trip.code("d") == 0
    assert opened_of(session, trip).outcome is SessionOutcome.LEFT
    assert trip.code("a", code, 500) == 5


def test_a_paid_trolley_that_has_been_light_for_a_minute_is_free(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)
    assert trip.walk.pay(session).status_code == 201
    trip.does("w", grams=505)
    trip.does("w", grams=20)
    assert opened_of(session, trip).closed_at is None

    backdate(session, minutes=2)
    assert trip.code("w", grams=10) == 0

    assert opened_of(session, trip).outcome is SessionOutcome.PAID


def test_the_same_event_again_has_the_same_answer_and_no_effect(session: Session, trip: Trip) -> None:
    milk, code = on_the_shelf(session, trip, stock=5)
    event = trip.event("a", code, 500)

    first, again = trip.post(event).json, trip.post(event).json

    assert first["r"] == again["r"] == [[1, 0, 1, 1000]]
    assert (again["a"], again["q"]) == (1, 1)
    assert shelf(session, milk) == (4, 1)


def test_a_batch_that_begins_with_known_events_goes_on_with_the_new_ones(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    events = [trip.event("a", code, 500) for _ in range(4)]
    trip.post(*events[:3])

    body = trip.post(*events).json

    assert [row[0::2] for row in body["r"]] == [[1, 1], [2, 2], [3, 3], [4, 4]]
    assert body["q"] == 4


def test_a_gap_is_refused_with_where_to_go_on(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)
    trip.s = 2

    refused = trip.post(trip.event("a", code, 500))

    assert refusal_of(refused) == (409, "gap")
    assert refused.json["a"] == 1
    assert stored(session) == [(1, "a", 0)]


def test_another_event_under_a_known_number_takes_the_trolley_out_of_service(session: Session, trip: Trip) -> None:
    milk, code = on_the_shelf(session, trip, stock=5)
    trip.does("a", code, 500)

    answers = [trip.post([1, "a", code, 501, 0]) for _ in range(2)]

    assert [refusal_of(answer) for answer in answers] == [(409, "clash")] * 2
    assert answers[0].json["a"] == 1
    assert [one.kind for one in incidents(session)] == [IncidentKind.CLASH]
    assert trolley_of(session, trip).state is TrolleyState.MAINTENANCE
    assert opened_of(session, trip).state is TrolleyState.MAINTENANCE
    assert trip.talker.beat().json["st"] == 7
    assert trip.code("a", code, 500) == 6
    assert shelf(session, milk) == (4, 1)


def test_a_clash_anywhere_refuses_the_whole_batch(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)

    refused = trip.post([1, "a", code, 501, 0], [2, "a", code, 500, 0])

    assert refusal_of(refused) == (409, "clash")
    assert stored(session) == [(1, "a", 0)]


def test_a_hole_the_device_admits_is_noted_and_passed_over(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)
    trip.s = 4

    body = trip.post(trip.event("a", code, 500), lo=5).json

    assert (body["a"], [row[:3] for row in body["r"]]) == (5, [[5, 0, 2]])
    assert [(one.kind, one.details) for one in incidents(session)] == [
        (IncidentKind.LOST_EVENTS, {"first": 2, "last": 4})
    ]
    noted = session.scalars(select(AuditEvent).where(AuditEvent.action == "LOST_EVENTS")).one()
    assert (noted.old_value, noted.new_value) == ({"last_seq": 1}, {"last_seq": 4})
    assert trip.post([3, "a", code, 500, 0]).json["r"] == [[3, 9, 0, 0]]


def test_lost_numbers_that_are_still_there_are_no_hole(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)

    trip.post(trip.event("a", code, 500), lo=1)

    assert (incidents(session), opened_of(session, trip).version) == ([], 1)


def test_a_replayed_request_is_refused_and_changes_nothing(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    body = json.dumps({"ev": [trip.event("a", code, 500)]}).encode()
    trip.talker.n += 1
    header = trip.talker.signed("POST", "/ev", body)

    answers = [trip.talker.send_as(header, "POST", "/ev", body) for _ in range(2)]

    assert answers[0].status_code == 200
    assert refusal_of(answers[1]) == (409, "replay")
    assert len(stored(session)) == 1


def test_a_suspended_device_is_not_heard(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)
    row_of(session, trip.talker).status = DeviceStatus.SUSPENDED
    session.commit()

    assert refusal_of(trip.post(trip.event("a", code, 500))) == (403, "off")
    assert stored(session) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ev": []},
        {"ev": [[1, "q", "", 0, 0]]},
        {"ev": [[0, "h", "", 0, 0]]},
        {"ev": [[1, "a", "123", 0, 0]]},
        {"ev": [[1, "h", "4011", 0, 0]]},
        {"ev": [[1, "h", "", 0.5, 0]]},
        {"ev": [[1, "h", "", 0, 0], [3, "h", "", 0, 0]]},
        {"ev": [[1, "h", "", 0, 0]], "more": 1},
    ],
)
def test_a_body_of_another_form_is_refused(trip: Trip, body: dict[str, Any]) -> None:
    assert refusal_of(trip.talker.post("/ev", body)) == (400, "bad")


def test_a_batch_of_more_than_sixteen_is_too_big(trip: Trip) -> None:
    assert refusal_of(trip.post(*(trip.event("h") for _ in range(17)))) == (413, "big")


def test_the_largest_answer_is_within_a_kilobyte(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip, price=Decimal("9999999.00"))
    first = 2**31 - 20
    session.execute(update(Device).values(last_seq=first, notices=[["msg", "m" * 40], ["msg", "n" * 40], ["bye"]]))
    session.commit()
    trip.s = first

    answer = trip.post(*(trip.event("a", code, 500, None) for _ in range(16)))

    assert (len(answer.json["r"]), len(answer.json["n"])) == (16, 2)
    assert len(answer.data) <= 1024, len(answer.data)
    assert sum(len(name) + len(value) + 4 for name, value in answer.headers) <= 200


def test_events_are_written_once_and_for_all(session: Session, trip: Trip) -> None:
    trip.does("h")

    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(update(DeviceEvent).values(result=5))


def test_the_staff_are_called_by_the_help_button_and_by_an_opened_lid(session: Session, trip: Trip) -> None:
    body = trip.post(trip.event("h"), trip.event("h"), trip.event("x")).json

    assert [row[1] for row in body["r"]] == [0, 0, 0]
    assert body["st"] == 5
    assert {assist.reason for assist in assists(session)} == {AssistReason.HELP, AssistReason.TAMPER}
    assert [one.kind for one in incidents(session)] == [IncidentKind.TAMPER]


def test_the_statements_of_a_request_do_not_grow_with_what_is_in_the_cart(
    session: Session, trip: Trip, statements: list[str]
) -> None:
    _, code = on_the_shelf(session, trip)
    trip.does("a", code, 500)
    statements.clear()
    trip.does("a", code, 500)
    with_one = len(statements)
    for _ in range(5):
        trip.does("a", on_the_shelf(session, trip)[1], 500)
    statements.clear()

    trip.does("a", code, 500)

    assert len(statements) == with_one <= 5, statements


def test_a_weight_takes_four_statements(session: Session, trip: Trip, statements: list[str]) -> None:
    trip.does("a", on_the_shelf(session, trip, weight_grams=500)[1], 500)
    statements.clear()

    trip.does("w", "", 500)

    assert len(statements) == 4, statements


def test_sixteen_events_take_hardly_more_statements_than_one(
    session: Session, trip: Trip, statements: list[str]
) -> None:
    codes = [on_the_shelf(session, trip)[1] for _ in range(15)]
    events = [*(trip.event("a", code, 500) for code in codes), trip.event("r", codes[0], -500)]
    statements.clear()

    answer = trip.post(*events)

    assert [result[1] for result in answer.json["r"]] == [0] * 15 + [1]
    assert len(statements) <= 5, statements


def test_one_batch_may_take_from_the_shelf_and_give_back(session: Session, trip: Trip) -> None:
    milk, milk_code = on_the_shelf(session, trip)
    bread, bread_code = on_the_shelf(session, trip)
    kept, kept_code = on_the_shelf(session, trip)
    trip.post(*(trip.event("a", code, 500) for code in (milk_code, milk_code, kept_code)))
    session.execute(update(Reservation).values(expires_at=datetime.now(UTC) + timedelta(minutes=1)))
    session.commit()

    trip.post(trip.event("r", milk_code, -500), trip.event("a", bread_code, 500))

    assert [shelf(session, product) for product in (milk, bread, kept)] == [(49, 1)] * 3
    ends = session.execute(select(Reservation.expires_at).where(Reservation.state == "ACTIVE")).scalars().all()
    assert len(ends) == 3
    assert min(ends) > datetime.now(UTC) + timedelta(minutes=20)
    assert_sound()


def test_a_repeat_takes_few_statements(session: Session, trip: Trip, statements: list[str]) -> None:
    _, code = on_the_shelf(session, trip)
    event = trip.event("a", code, 500)
    trip.post(event)
    statements.clear()

    trip.post(event)

    assert len(statements) <= 6, statements


def test_the_shopper_hears_of_a_batch_once(session: Session, trip: Trip) -> None:
    _, code = on_the_shelf(session, trip)

    trip.post(*(trip.event("a", code, 500) for _ in range(3)))

    news = session.scalars(select(LiveEvent)).all()
    assert [(one.user_id, one.topic) for one in news] == [(trip.walk.user.id, "cart.changed")]
    assert news[0].payload["version"] == opened_of(session, trip).version
