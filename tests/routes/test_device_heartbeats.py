"""What a device reports of itself, where its trolley is, and what it is told in return."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.devices import notices as wire
from app.domain.enums import LayoutStatus, Role, SessionOutcome, TrolleyState
from app.models import BeaconPlace, CartItem, CartSession, LocationSample, StoreLayout, Trolley
from app.services.devices import notices
from app.transaction import transaction
from tests import factories
from tests.devices import Talker, branch_of, make_talker, refusal_of, row_of

FULL: dict[str, Any] = {
    "hw": "esp32s3",
    "mv": 3912,
    "ch": 0,
    "rs": -61,
    "up": 8123,
    "hp": 142000,
    "g": 5231,
    "x": 1250,
    "y": 430,
    "fl": 0,
    "bc": [["b17f", -62]],
}


@pytest.fixture
def talker(session: Session, client: FlaskClient) -> Talker:
    return make_talker(session, client)


def shopping(session: Session, talker: Talker) -> CartSession:
    """An open session on the device's trolley."""
    trolley = session.get_one(Trolley, row_of(session, talker).trolley_id)
    return factories.make_cart_session(session, trolley, factories.make_user(session))


def samples(session: Session) -> list[LocationSample]:
    statement = select(LocationSample).order_by(LocationSample.minute)
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def test_a_heartbeat_is_kept_on_the_device(session: Session, talker: Talker) -> None:
    answer = talker.beat(**FULL, er="scale: no answer")

    device = row_of(session, talker)
    assert answer.status_code == 200, answer.data
    assert (device.firmware, device.hardware, device.battery_percent) == ("1.4.2", "esp32s3", 87)
    assert (device.millivolts, device.is_charging, device.rssi_dbm) == (3912, False, -61)
    assert (device.uptime_seconds, device.free_heap_bytes, device.gross_grams) == (8123, 142000, 5231)
    assert (device.floor, device.x_cm, device.y_cm) == (0, 1250, 430)
    assert device.last_error == "scale: no answer"


def test_what_a_heartbeat_leaves_out_stays(session: Session, talker: Talker) -> None:
    talker.beat(**FULL)

    talker.beat(b=50)

    device = row_of(session, talker)
    assert (device.battery_percent, device.millivolts, device.x_cm) == (50, 3912, 1250)


def test_an_error_belongs_to_its_firmware(session: Session, talker: Talker) -> None:
    talker.beat(er="scale: no answer")

    talker.beat(fw="1.5.0")

    assert row_of(session, talker).last_error is None


def test_the_answer_of_an_idle_trolley(session: Session, talker: Talker) -> None:
    row_of(session, talker).last_seq = 12
    session.commit()

    body = talker.beat().json

    del body["t"]
    assert body == {"v": 1, "a": 12, "z": 0, "st": 0, "q": 0, "w": 0, "p": 0, "n": []}


def test_the_answer_of_a_trolley_with_a_shopper_has_the_totals_of_the_basket(session: Session, talker: Talker) -> None:
    opened = shopping(session, talker)
    opened.expected_grams = 2100
    opened.state = TrolleyState.REVIEW
    for price, quantity in (("10.00", 3), ("0.45", 1)):
        product = factories.make_product(session)
        session.add(CartItem(cart_id=opened.cart_id, product_id=product.id, quantity=quantity, unit_price=price))
    session.commit()

    body = talker.beat().json

    assert (body["z"], body["st"], body["q"], body["w"], body["p"]) == (opened.id, 2, 4, 2100, 3045)


def test_the_answer_forgets_a_session_that_is_closed(session: Session, talker: Talker) -> None:
    opened = shopping(session, talker)
    opened.closed_at, opened.outcome = datetime.now(UTC), SessionOutcome.LEFT
    session.get_one(Trolley, opened.trolley_id).state = TrolleyState.IDLE
    session.commit()

    body = talker.beat().json

    assert (body["z"], body["st"]) == (0, 0)


def test_a_device_that_is_on_no_trolley_is_under_maintenance(session: Session, talker: Talker) -> None:
    row_of(session, talker).trolley_id = None
    session.commit()

    assert talker.beat().json["st"] == 7


def test_a_lost_trolley_that_is_heard_of_again_waits_for_the_staff(session: Session, talker: Talker) -> None:
    trolley = session.get_one(Trolley, row_of(session, talker).trolley_id)
    trolley.state = TrolleyState.LOST
    session.commit()

    body = talker.beat().json

    session.refresh(trolley)
    assert body["st"] == 7
    assert trolley.state is TrolleyState.MAINTENANCE


def test_notices_come_two_at_a_time_and_once(session: Session, talker: Talker) -> None:
    trolley_id = row_of(session, talker).trolley_id
    assert trolley_id is not None
    for notice in (wire.tare(), wire.locate(), wire.locate(), wire.goodbye()):
        with transaction() as opened:
            notices.send(opened, trolley_id=trolley_id, notice=notice)

    told = [talker.beat().json["n"] for _ in range(3)]

    assert told == [[["tare"], ["loc", 1]], [["bye"]], []]


def test_what_is_not_so_any_more_is_not_told(session: Session, talker: Talker) -> None:
    opened = shopping(session, talker)
    row_of(session, talker).notices = [["st", 2], ["bye"], ["msg", "kept"], ["st", 1]]
    session.commit()

    told = talker.beat().json["n"]

    assert told == [["msg", "kept"], ["st", 1]]
    row_of(session, talker).notices = [["st", 1], ["bye"], ["st", 0]]
    opened.closed_at, opened.outcome = datetime.now(UTC), SessionOutcome.LEFT
    session.get_one(Trolley, opened.trolley_id).state = TrolleyState.IDLE
    session.commit()
    assert talker.beat().json["n"] == [["bye"], ["st", 0]]


def test_a_rotation_goes_before_all_other_notices(session: Session, talker: Talker) -> None:
    device = row_of(session, talker)
    device.notices = [["tare"], ["loc", 1]]
    device.rotations = ["ab" * 16]
    session.commit()

    told = [talker.beat().json["n"] for _ in range(3)]

    rotation = ["rot", 2, "ab" * 16]
    assert told == [[rotation, ["tare"]], [rotation, ["loc", 1]], [rotation]]


def test_no_more_notices_wait_than_a_trolley_can_hear(session: Session, talker: Talker) -> None:
    trolley_id = row_of(session, talker).trolley_id
    assert trolley_id is not None
    for number in range(20):
        with transaction() as opened:
            notices.send(opened, trolley_id=trolley_id, notice=wire.message(f"line {number}"))

    waiting = row_of(session, talker).notices

    assert [notice[1] for notice in waiting] == [f"line {number}" for number in range(16)]


def test_a_shopper_is_told_once_that_the_battery_will_not_last(session: Session, talker: Talker) -> None:
    shopping(session, talker)

    told = [talker.beat(b=battery).json["n"] for battery in (8, 7, 6)]

    assert told == [[], [["msg", "Battery low: please change carts"]], []]


def test_a_trolley_without_a_shopper_tells_nobody_of_its_battery(talker: Talker) -> None:
    assert talker.beat(b=3).json["n"] == []


def test_one_place_a_minute_is_kept_with_its_session(session: Session, talker: Talker) -> None:
    talker.beat(x=100, y=200, fl=1)
    opened = shopping(session, talker)
    talker.beat(x=300, y=400)

    kept = samples(session)

    assert [(sample.floor, sample.x_cm, sample.y_cm, sample.session_id) for sample in kept[-1:]] == [
        (0, 300, 400, opened.id)
    ]
    assert len(kept) <= 2, "both within a minute, or on either side of its end"
    assert kept[-1].minute.second == 0


def test_a_place_needs_both_coordinates(session: Session, talker: Talker) -> None:
    talker.beat(x=100)

    assert samples(session) == []
    assert row_of(session, talker).located_at is None


def test_beacons_tell_the_place_between_them(session: Session, talker: Talker) -> None:
    hang(session, talker, {"00a1": (0, 0), "00a2": (1000, 0)})

    talker.beat(bc=[["00a1", -60], ["00a2", -60], ["ffff", -20]])

    device = row_of(session, talker)
    assert (device.floor, device.x_cm, device.y_cm) == (0, 500, 0)


def test_beacons_nobody_hung_tell_nothing(session: Session, talker: Talker) -> None:
    talker.beat(bc=[["ffff", -20]])

    assert row_of(session, talker).located_at is None


def test_a_place_by_beacons_is_moved_to_where_one_can_walk(session: Session, talker: Talker) -> None:
    hang(session, talker, {"00a1": (125, 75)})
    layout = {"floors": {"0": ["#####", "###..", "....."]}, "cell_cm": 50, "checksum": "0" * 64}
    session.add(
        StoreLayout(stock_location_id=branch_of(session, talker).id, status=LayoutStatus.PUBLISHED, version=1, **layout)
    )
    session.commit()

    talker.beat(bc=[["00a1", -60]])

    device = row_of(session, talker)
    assert (device.x_cm, device.y_cm) in {(175, 75), (125, 125)}


def hang(session: Session, talker: Talker, places: dict[str, tuple[int, int]]) -> None:
    """Beacons in the device's branch, on the ground floor."""
    branch = branch_of(session, talker)
    for beacon_id, (x, y) in places.items():
        session.add(BeaconPlace(stock_location_id=branch.id, beacon_id=beacon_id, floor=0, x_cm=x, y_cm=y))
    session.commit()


def test_managers_say_where_beacons_hang(session: Session, client: FlaskClient) -> None:
    manager = factories.sign_in(session, factories.make_user(session, role=Role.MANAGER))
    path = f"/api/v1/admin/branches/{factories.make_location(session).id}/beacons"
    two = [
        {"beacon_id": name, "floor": 0, "x_cm": 4, "y_cm": 5, "is_exit": name == "a1a1"} for name in ("b2b2", "a1a1")
    ]
    client.put(path, json={"beacons": two[:1]}, headers=manager)

    put = client.put(path, json={"beacons": two}, headers=manager)
    doubled = client.put(path, json={"beacons": [two[0], two[0]]}, headers=manager)
    nowhere = client.put("/api/v1/admin/branches/999999999/beacons", json={"beacons": []}, headers=manager)

    assert put.json["data"] == client.get(path, headers=manager).json["data"] == two[::-1]
    assert (doubled.status_code, nowhere.status_code) == (400, 404)


@pytest.mark.parametrize(
    "fields",
    [{"b": -1}, {"b": True}, {"fw": ""}, {"x": 1.5}, {"bc": [["b17f", -62]] * 7}, {"bc": [["B17F", -62]]}, {"no": 1}],
)
def test_a_heartbeat_of_another_form_is_refused(talker: Talker, fields: dict[str, Any]) -> None:
    assert refusal_of(talker.beat(**fields)) == (400, "bad")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"fw":"1","b":1,"b":2}', b"\xff", b'{"fw":"1","b":1e1}'])
def test_a_body_that_is_no_json_of_the_protocol_is_refused(talker: Talker, body: bytes) -> None:
    assert refusal_of(talker.post("/hb", body)) == (400, "bad")


def test_a_heartbeat_takes_the_same_few_statements_whatever_is_in_the_basket(
    session: Session, talker: Talker, statements: list[str]
) -> None:
    opened = shopping(session, talker)
    talker.beat(**FULL)
    statements.clear()
    talker.beat(**FULL)
    with_nothing = len(statements)
    for _ in range(5):
        product = factories.make_product(session)
        session.add(CartItem(cart_id=opened.cart_id, product_id=product.id, quantity=1, unit_price=10))
    session.commit()
    statements.clear()

    talker.beat(**FULL)

    assert len(statements) == with_nothing <= 10
