"""How a shopper gets a trolley, changes it and lets it go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.enums import (
    CartStatus,
    ChannelName,
    Role,
    SessionOutcome,
    TrolleyState,
    WeightState,
)
from app.models import AuditEvent, Cart, CartSession, Device, PairCode, PendingPairing, ShopperQr, Trolley, User
from app.services import locks
from app.services.trolleys import news, pairing
from app.transaction import transaction
from tests import factories
from tests.devices import Talker, make_talker, refusal_of, row_of
from tests.phones import PHONE, code_sent_to, wrong
from tests.shopping import assert_sound
from tests.trolleys import fresh, held, lines, shelf, start_walk

V1 = "/api/v1"


@pytest.fixture
def trolley(session: Session) -> Trolley:
    return factories.make_trolley(session, factories.make_location(session), tare_grams=12_000)


@pytest.fixture
def talker(session: Session, client: FlaskClient, trolley: Trolley) -> Talker:
    return make_talker(session, client, trolley)


@pytest.fixture
def user(session: Session) -> User:
    return factories.make_user(session)


@pytest.fixture
def headers(session: Session, user: User) -> dict[str, str]:
    return factories.sign_in(session, user)


def shown(talker: Talker) -> str:
    """The code on the trolley's display."""
    return str(talker.post("/pair", {}).json["c"])


def pair(client: FlaskClient, headers: dict[str, str], code: str) -> Any:
    return client.post(f"{V1}/carts/pair", json={"code": code}, headers=headers)


def connect(client: FlaskClient, headers: dict[str, str], trolley: Trolley) -> Any:
    return client.post(f"{V1}/cart/connect", json={"cart_id": trolley.id}, headers=headers)


def press(talker: Talker) -> CartSession | None:
    """The button of the trolley."""
    with transaction() as session:
        device = locks.device(session, device_id=talker.device_id)
        assert device is not None
        opened = pairing.confirm_pending(session, device)
        if opened is not None:
            news.changed(session, opened)
        return opened


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def sessions_of(session: Session, **columns: Any) -> list[CartSession]:
    statement = select(CartSession).filter_by(**columns).order_by(CartSession.id)
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def test_a_code_from_the_display_gives_the_trolley(
    session: Session, client: FlaskClient, talker: Talker, trolley: Trolley, user: User, headers: dict[str, str]
) -> None:
    asked = talker.post("/pair", {}).json
    answer = pair(client, headers, asked["c"])

    opened = sessions_of(session, user_id=user.id)[0]
    assert (asked["v"], len(asked["c"]), asked["x"]) == (1, 6, 120)
    assert asked["u"].endswith(asked["c"])
    assert len(asked["u"]) <= 80
    assert answer.status_code == 200, answer.json
    data = answer.json["data"]
    assert (data["cart_id"], data["session_id"], data["trolley"]) == (opened.cart_id, opened.id, trolley.id)
    assert (data["branch_id"], data["state"], data["label"]) == (trolley.stock_location_id, "shopping", trolley.label)
    assert (opened.baseline_grams, opened.expected_grams) == (12_000, 0)
    beat = talker.beat().json
    assert (beat["z"], beat["st"]) == (opened.id, 1)
    assert session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "OPEN")) == 1


def test_a_code_is_read_as_people_type_it(
    session: Session, client: FlaskClient, talker: Talker, headers: dict[str, str]
) -> None:
    code = shown(talker)

    assert pair(client, headers, f" {code[:3].lower()}-{code[3:]} ").status_code == 200


def test_the_same_request_again_gets_the_same_answer(
    session: Session, client: FlaskClient, talker: Talker, headers: dict[str, str]
) -> None:
    code = shown(talker)

    first, again = pair(client, headers, code), pair(client, headers, code)

    assert again.status_code == 200
    assert again.json["data"] == first.json["data"]
    assert len(sessions_of(session)) == 1


def test_a_used_code_is_no_good_to_anybody_else(
    session: Session, client: FlaskClient, talker: Talker, headers: dict[str, str]
) -> None:
    code = shown(talker)
    pair(client, headers, code)
    other = factories.sign_in(session, factories.make_user(session))

    taken = pair(client, other, code)
    client.post(f"{V1}/cart/disconnect", headers=headers)

    assert error_of(taken) == (409, "TROLLEY_IN_USE")
    assert error_of(pair(client, other, code)) == (410, "PAIR_CODE_GONE")


def test_a_code_is_good_for_two_minutes(
    session: Session, client: FlaskClient, talker: Talker, headers: dict[str, str]
) -> None:
    code = shown(talker)
    session.execute(update(PairCode).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    session.commit()

    assert error_of(pair(client, headers, code)) == (410, "PAIR_CODE_GONE")
    assert sessions_of(session) == []


def test_a_new_code_voids_the_one_before(
    session: Session, client: FlaskClient, talker: Talker, headers: dict[str, str]
) -> None:
    old, new = shown(talker), shown(talker)

    assert error_of(pair(client, headers, old)) == (404, "PAIR_CODE_UNKNOWN")
    assert pair(client, headers, new).status_code == 200
    hashes = session.scalars(select(PairCode.code_hash)).all()
    assert len(hashes) == 1
    assert new not in hashes[0]


@pytest.mark.parametrize("code", ["ABC", "7K3M9QX", "ÄÖÜ123", "000000"])
def test_what_no_trolley_shows_is_unknown(client: FlaskClient, headers: dict[str, str], code: str) -> None:
    assert error_of(pair(client, headers, code)) == (404, "PAIR_CODE_UNKNOWN")


@pytest.mark.parametrize("body", [{}, {"code": ""}, {"code": "7K3M9Q", "more": 1}, {"code": 5}])
def test_a_body_of_another_form_is_refused(client: FlaskClient, headers: dict[str, str], body: dict[str, Any]) -> None:
    assert client.post(f"{V1}/carts/pair", json=body, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("state", "battery", "reason"),
    [(TrolleyState.MAINTENANCE, 90, "state"), (TrolleyState.LOST, 90, "state"), (TrolleyState.IDLE, 19, "battery")],
)
def test_a_trolley_that_is_not_ready_is_not_given(
    session: Session,
    client: FlaskClient,
    talker: Talker,
    trolley: Trolley,
    headers: dict[str, str],
    state: TrolleyState,
    battery: int,
    reason: str,
) -> None:
    code = shown(talker)
    session.execute(update(Trolley).values(state=state))
    session.execute(update(Device).values(battery_percent=battery))
    session.commit()

    by_code, by_number, on_display = (
        pair(client, headers, code),
        connect(client, headers, trolley),
        talker.post("/pair", {}),
    )

    for refused in (by_code, by_number):
        assert error_of(refused) == (409, "TROLLEY_UNAVAILABLE")
        assert refused.json["error"]["details"] == {"reason": reason}
    assert refusal_of(on_display) == (503, "busy")


def test_one_shopper_has_one_trolley(
    session: Session, client: FlaskClient, talker: Talker, trolley: Trolley, headers: dict[str, str]
) -> None:
    pair(client, headers, shown(talker))
    second = make_talker(session, client)

    by_code = pair(client, headers, shown(second))
    by_number = connect(client, headers, session.get_one(Trolley, row_of(session, second).trolley_id))

    assert error_of(by_code) == error_of(by_number) == (409, "SESSION_OPEN")
    assert connect(client, headers, trolley).status_code == 200, "the trolley they have"


def test_a_number_and_the_button_give_the_trolley(
    session: Session, client: FlaskClient, talker: Talker, trolley: Trolley, user: User, headers: dict[str, str]
) -> None:
    asked = connect(client, headers, trolley)
    before = client.get(f"{V1}/carts/current", headers=headers)
    opened = press(talker)

    assert asked.status_code == 202
    assert (asked.json["data"]["state"], asked.json["data"]["expires_in"]) == ("pending", 30)
    assert error_of(before) == (404, "NO_CART")
    assert opened is not None
    assert opened.user_id == user.id
    assert client.get(f"{V1}/carts/current", headers=headers).json["data"]["session_id"] == opened.id
    assert press(talker) is None


def test_whoever_asks_first_is_waited_for(
    session: Session, client: FlaskClient, talker: Talker, trolley: Trolley, user: User, headers: dict[str, str]
) -> None:
    other = factories.sign_in(session, factories.make_user(session))
    connect(client, headers, trolley)

    late = connect(client, other, trolley)
    again = connect(client, headers, trolley)

    assert error_of(late) == (409, "TROLLEY_IN_USE")
    assert again.status_code == 202
    opened = press(talker)
    assert opened is not None
    assert opened.user_id == user.id


def test_the_button_is_waited_for_thirty_seconds(
    session: Session, client: FlaskClient, talker: Talker, trolley: Trolley, headers: dict[str, str]
) -> None:
    other = factories.sign_in(session, factories.make_user(session))
    connect(client, headers, trolley)
    session.execute(update(PendingPairing).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    session.commit()

    late = press(talker)

    assert late is None
    assert connect(client, other, trolley).status_code == 202


def test_the_button_gives_nothing_to_who_took_another_trolley_meanwhile(
    session: Session, client: FlaskClient, talker: Talker, trolley: Trolley, user: User, headers: dict[str, str]
) -> None:
    second = make_talker(session, client)
    connect(client, headers, trolley)
    pair(client, headers, shown(second))
    in_a_minute = datetime.now(UTC) + timedelta(minutes=1)
    session.add(PendingPairing(trolley_id=trolley.id, user_id=user.id, expires_at=in_a_minute))
    session.commit()

    assert press(talker) is None
    assert len(sessions_of(session)) == 1


def test_an_unknown_number_is_not_found(client: FlaskClient, headers: dict[str, str], trolley: Trolley) -> None:
    answer = client.post(f"{V1}/cart/connect", json={"cart_id": trolley.id + 1000}, headers=headers)

    assert error_of(answer) == (404, "TROLLEY_NOT_FOUND")


def test_the_trolley_reads_the_shoppers_token(
    session: Session, client: FlaskClient, talker: Talker, user: User, headers: dict[str, str]
) -> None:
    token = client.get(f"{V1}/carts/my-qr", headers=headers).json["data"]

    body = talker.post("/pair", {"tok": token["token"]}).json

    assert token["expires_in"] == 60
    opened = sessions_of(session, user_id=user.id)[0]
    assert (body["z"], body["st"]) == (opened.id, 1)
    assert session.scalars(select(ShopperQr.token_hash)).one() != token["token"]


def test_a_token_is_good_once_and_for_a_minute_and_until_the_next(
    session: Session, client: FlaskClient, talker: Talker, headers: dict[str, str]
) -> None:
    old = client.get(f"{V1}/carts/my-qr", headers=headers).json["data"]["token"]
    token = client.get(f"{V1}/carts/my-qr", headers=headers).json["data"]["token"]

    void = talker.post("/pair", {"tok": old})
    talker.post("/pair", {"tok": token})
    client.post(f"{V1}/cart/disconnect", headers=headers)
    used = talker.post("/pair", {"tok": token})
    late = client.get(f"{V1}/carts/my-qr", headers=headers).json["data"]["token"]
    session.execute(update(ShopperQr).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    session.commit()

    assert refusal_of(void) == refusal_of(used) == refusal_of(talker.post("/pair", {"tok": late})) == (404, "bad")


def test_a_token_of_a_shopper_with_a_trolley_is_refused(
    session: Session, client: FlaskClient, talker: Talker, headers: dict[str, str]
) -> None:
    pair(client, headers, shown(talker))
    token = client.get(f"{V1}/carts/my-qr", headers=headers).json["data"]["token"]

    assert refusal_of(make_talker(session, client).post("/pair", {"tok": token})) == (409, "bad")


def test_a_phone_and_the_code_sent_to_it_give_the_trolley(
    session: Session, client: FlaskClient, talker: Talker
) -> None:
    user = factories.make_user(session, phone=PHONE, phone_verified_at=datetime.now(UTC))

    asked = talker.post("/pair", {"ph": PHONE})
    code = code_sent_to(session)
    missed = talker.post("/pair", {"ph": PHONE, "otp": wrong(code)})
    body = talker.post("/pair", {"ph": PHONE, "otp": code}).json

    assert (asked.status_code, asked.json["z"]) == (200, 0)
    assert refusal_of(missed) == (404, "bad")
    assert body["z"] == sessions_of(session, user_id=user.id)[0].id


def test_five_wrong_codes_spoil_the_right_one(session: Session, client: FlaskClient, talker: Talker) -> None:
    factories.make_user(session, phone=PHONE, phone_verified_at=datetime.now(UTC))
    talker.post("/pair", {"ph": PHONE})
    code = code_sent_to(session)
    for _ in range(5):
        talker.post("/pair", {"ph": PHONE, "otp": wrong(code)})

    assert refusal_of(talker.post("/pair", {"ph": PHONE, "otp": code})) == (404, "bad")


def test_a_code_for_one_trolley_pairs_no_other_and_signs_nobody_in(
    session: Session, client: FlaskClient, talker: Talker
) -> None:
    factories.make_user(session, phone=PHONE, phone_verified_at=datetime.now(UTC))
    talker.post("/pair", {"ph": PHONE})
    code = code_sent_to(session)

    elsewhere = make_talker(session, client).post("/pair", {"ph": PHONE, "otp": code})
    signed_in = client.post(f"{V1}/verify-otp", json={"phone": PHONE, "otp": code})

    assert refusal_of(elsewhere) == (404, "bad")
    assert signed_in.status_code == 401
    assert talker.post("/pair", {"ph": PHONE, "otp": code}).json["z"] > 0


@pytest.mark.parametrize("columns", [{"phone_verified_at": None}, {"is_active": False}, {"role": Role.EMPLOYEE}])
def test_only_a_customer_who_holds_the_number_gets_the_trolley(
    session: Session, client: FlaskClient, talker: Talker, columns: dict[str, Any]
) -> None:
    factories.make_user(session, **{"phone": PHONE, "phone_verified_at": datetime.now(UTC), **columns})
    talker.post("/pair", {"ph": PHONE})

    assert refusal_of(talker.post("/pair", {"ph": PHONE, "otp": code_sent_to(session)})) == (404, "bad")


@pytest.mark.parametrize("body", [{"ph": "12"}, {"tok": "a", "ph": PHONE}, {"otp": "123456"}, {"no": 1}])
def test_a_device_that_asks_in_another_form_is_refused(talker: Talker, body: dict[str, Any]) -> None:
    assert refusal_of(talker.post("/pair", body)) == (400, "bad")


def test_who_leaves_gives_everything_back(session: Session, client: FlaskClient) -> None:
    walk = start_walk(session, client)
    talker = make_talker(session, client, walk.trolley)
    milk = factories.make_product(session, stock={walk.branch: 5})
    walk.put(milk, 3)

    answer = client.post(f"{V1}/cart/disconnect", headers=walk.headers)

    opened = fresh(session, walk.opened)
    assert answer.status_code == 200, answer.json
    assert (shelf(session, milk), held(session, milk)) == ((5, 0), [("RELEASED", 3)])
    assert lines(session, walk) == []
    assert (opened.outcome, opened.closed_at is None) == (SessionOutcome.LEFT, False)
    cart = session.get_one(Cart, opened.cart_id, populate_existing=True)
    assert cart.status is CartStatus.ABANDONED
    assert session.get_one(Trolley, walk.trolley.id, populate_existing=True).state is TrolleyState.IDLE
    beat = talker.beat().json
    assert (beat["z"], beat["st"], beat["n"]) == (0, 0, [["bye"]])
    assert error_of(client.post(f"{V1}/cart/disconnect", headers=walk.headers)) == (404, "NO_CART")
    assert_sound()


def test_a_trolley_that_was_taken_out_of_service_stays_so(session: Session, client: FlaskClient) -> None:
    walk = start_walk(session, client)
    session.execute(update(Trolley).values(state=TrolleyState.MAINTENANCE))
    session.commit()

    client.post(f"{V1}/cart/disconnect", headers=walk.headers)

    assert session.get_one(Trolley, walk.trolley.id, populate_existing=True).state is TrolleyState.MAINTENANCE


def test_nobody_leaves_while_the_payment_is_undecided(session: Session, client: FlaskClient) -> None:
    walk = start_walk(session, client)
    session.execute(update(CartSession).values(state=TrolleyState.PAYING))
    session.commit()

    answer = client.post(f"{V1}/cart/disconnect", headers=walk.headers)

    assert error_of(answer) == (409, "CART_LOCKED")
    assert answer.json["error"]["details"] == {"state": "paying"}


def test_leftovers_of_an_older_walk_are_cleared(
    session: Session, client: FlaskClient, talker: Talker, headers: dict[str, str], user: User, trolley: Trolley
) -> None:
    walk = start_walk(session, client)
    milk = factories.make_product(session, stock={walk.branch: 5})
    walk.put(milk, 2)
    session.execute(update(CartSession).values(closed_at=func.now(), outcome=SessionOutcome.ABANDONED))
    session.commit()

    data = pair(client, walk.headers, shown(talker)).json["data"]

    assert data["cart_id"] == walk.opened.cart_id
    assert (shelf(session, milk), held(session, milk)) == ((5, 0), [("RELEASED", 2)])
    assert client.get(f"{V1}/cart/view", headers=walk.headers).json["data"]["items"] == []
    assert_sound()


def test_a_new_walk_ends_the_paid_one(session: Session, client: FlaskClient, talker: Talker, trolley: Trolley) -> None:
    walk = start_walk(session, client)
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    assert walk.pay(session).status_code == 201

    elsewhere = pair(client, walk.headers, shown(talker))

    assert elsewhere.status_code == 200, elsewhere.json
    assert fresh(session, walk.opened).outcome is SessionOutcome.PAID
    assert session.get_one(Trolley, walk.trolley.id, populate_existing=True).state is TrolleyState.IDLE
    assert elsewhere.json["data"]["version"] > fresh(session, walk.opened).version


def test_the_trolley_of_a_paid_walk_can_be_had_again(session: Session, client: FlaskClient) -> None:
    walk = start_walk(session, client)
    make_talker(session, client, walk.trolley)
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    walk.pay(session)

    again = connect(client, walk.headers, walk.trolley)

    assert again.status_code == 202, again.json
    assert fresh(session, walk.opened).outcome is SessionOutcome.PAID


def test_a_transfer_keeps_the_basket(session: Session, client: FlaskClient) -> None:
    walk = start_walk(session, client)
    old = make_talker(session, client, walk.trolley)
    other = factories.make_trolley(session, walk.branch, tare_grams=9_000)
    new = make_talker(session, client, other)
    milk = factories.make_product(session, stock={walk.branch: 5}, weight_grams=500)
    walk.put(milk, 2)
    session.execute(update(CartSession).values(gross_grams=700, weight_state=WeightState.MISMATCH))
    session.commit()

    answer = client.post(f"{V1}/carts/{walk.opened.cart_id}/transfer", json={"trolley": other.id}, headers=walk.headers)

    opened = fresh(session, walk.opened)
    assert answer.status_code == 200, answer.json
    assert (answer.json["data"]["trolley"], answer.json["data"]["session_id"]) == (other.id, opened.id)
    assert (opened.trolley_id, opened.baseline_grams, opened.gross_grams) == (other.id, 9_000, None)
    assert opened.weight_state is WeightState.MISMATCH, "changing trolleys is no way around the scale"
    assert lines(session, walk) == [(milk.id, 2, None)]
    assert (shelf(session, milk), opened.expected_grams) == ((3, 2), 1000)
    told = old.beat().json
    assert (told["z"], told["st"], told["n"]) == (0, 0, [["bye"]])
    assert (new.beat().json["z"], new.beat().json["q"]) == (opened.id, 2)
    assert_sound()


def test_a_transfer_by_code_uses_the_code_up(session: Session, client: FlaskClient) -> None:
    walk = start_walk(session, client)
    other = make_talker(session, client, factories.make_trolley(session, walk.branch))
    code = shown(other)
    path = f"{V1}/carts/{walk.opened.cart_id}/transfer"

    moved = client.post(path, json={"code": code}, headers=walk.headers)
    again = client.post(path, json={"code": code}, headers=walk.headers)

    assert (moved.status_code, again.status_code) == (200, 200), "the answer of a repeat is the same"
    assert session.scalars(select(PairCode.used_by)).one() == walk.user.id


def test_a_transfer_needs_a_free_trolley_of_the_same_branch(session: Session, client: FlaskClient) -> None:
    walk, taken = start_walk(session, client), start_walk(session, client)
    make_talker(session, client, taken.trolley)
    away = factories.make_trolley(session, factories.make_location(session))
    make_talker(session, client, away)
    mute = factories.make_trolley(session, walk.branch)
    path = f"{V1}/carts/{walk.opened.cart_id}/transfer"

    answers = [
        client.post(path, json={"trolley": number}, headers=walk.headers)
        for number in (taken.trolley.id, away.id, mute.id, 10**9)
    ]
    session.execute(update(CartSession).values(state=TrolleyState.REVIEW))
    session.commit()
    locked = client.post(path, json={"trolley": away.id}, headers=walk.headers)

    codes = ["TROLLEY_IN_USE", "OTHER_BRANCH", "TROLLEY_UNAVAILABLE", "TROLLEY_NOT_FOUND"]
    assert [answer.json["error"]["code"] for answer in answers] == codes
    assert error_of(locked) == (409, "CART_LOCKED")
    assert fresh(session, walk.opened).trolley_id == walk.trolley.id


@pytest.mark.parametrize("body", [{}, {"trolley": 1, "code": "7K3M9Q"}, {"trolley": True}])
def test_a_transfer_names_one_trolley(session: Session, client: FlaskClient, body: dict[str, Any]) -> None:
    walk = start_walk(session, client)

    answer = client.post(f"{V1}/carts/{walk.opened.cart_id}/transfer", json=body, headers=walk.headers)

    assert answer.status_code == 400


def test_the_cart_of_a_session_is_the_shoppers_in_store_cart(
    session: Session, client: FlaskClient, talker: Talker, user: User, headers: dict[str, str]
) -> None:
    data = pair(client, headers, shown(talker)).json["data"]

    cart = session.get_one(Cart, data["cart_id"])
    assert (cart.user_id, cart.channel, cart.status) == (user.id, ChannelName.IN_STORE, CartStatus.ACTIVE)
