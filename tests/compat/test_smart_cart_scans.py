"""Operation 20 of the smart cart's first server, in both of its forms: what the first trolleys send."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.devices.codes import bearer_token, token_digest
from app.domain.devices.signing import Request, SignedHeader, shown_header, signature
from app.domain.enums import AssistReason, DeviceStatus, TrolleyState
from app.models import Device, LiveEvent, Trolley, TrolleyAssist
from tests import factories
from tests.compat.smart_cart import BARCODE, BASE, App, Store, assert_shape, connect, open_store, sign_in
from tests.devices import Talker, make_talker
from tests.shopping import assert_sound
from tests.trolleys import Walk, fresh, held, lines, shelf, weighed

ADD, UPDATE = "/cart/esp32/add_item", "/cart/esp32/update_item"


@pytest.fixture
def opened_up(app: Flask) -> Iterator[None]:
    """DEVICE_LEGACY_OPEN=true."""
    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update={"device_legacy_open": True})
    yield
    app.extensions["settings"] = before


@pytest.fixture
def store(session: Session) -> Store:
    return open_store(session)


@pytest.fixture
def walk(session: Session, client: FlaskClient, store: Store) -> Walk:
    return connect(session, sign_in(session, client), store)


@pytest.fixture
def trolley(client: FlaskClient) -> App:
    """A first trolley: it has no key."""
    return App(client)


def scan(store: Store, **more: Any) -> dict[str, Any]:
    return {"cart_id": store.trolley.id, "product_id": store.milk.id, "weight": 0.5, **more}


def weighing(store: Store, kilograms: float, **more: Any) -> dict[str, Any]:
    return {"cart_id": store.trolley.id, "barcode": BARCODE, "weight": kilograms, **more}


@pytest.mark.usefixtures("walk")
def test_without_a_key_both_are_closed(trolley: App, session: Session, store: Store, client: FlaskClient) -> None:
    shopper = sign_in(session, client)

    for app in (trolley, shopper, App(client, {"Authorization": "Basic dvc"})):
        assert app.refused("POST", ADD, json=scan(store))[0] == 401
        assert app.refused("POST", UPDATE, json=weighing(store, 1))[0] == 401
        assert app.refused("POST", ADD)[0] == 401
    assert shelf(session, store.milk) == (50, 0)


@pytest.mark.usefixtures("opened_up")
def test_each_scan_adds_a_piece_and_tells_the_weight_of_all(
    trolley: App, session: Session, store: Store, walk: Walk
) -> None:
    assert_shape(trolley.post(ADD, scan(store, weight=0.517, firmware="1.0")), {"message": str})
    trolley.post(ADD, scan(store, weight=1.034))

    assert lines(session, walk) == [(store.milk.id, 2, None)]
    assert (shelf(session, store.milk), held(session, store.milk)) == ((48, 2), [("ACTIVE", 2)])
    assert fresh(session, walk.opened).gross_grams == 1034
    assert_sound()


@pytest.mark.usefixtures("opened_up")
def test_a_weight_sets_the_pieces_however_often_it_is_sent(
    trolley: App, session: Session, store: Store, walk: Walk
) -> None:
    for _ in range(2):
        assert_shape(trolley.post(UPDATE, weighing(store, 1.03)), {"message": str})
    assert lines(session, walk) == [(store.milk.id, 2, None)]

    trolley.post(UPDATE, weighing(store, 2.4))
    assert lines(session, walk) == [(store.milk.id, 5, None)]
    trolley.post(UPDATE, weighing(store, 0.5))

    assert lines(session, walk) == [(store.milk.id, 1, None)]
    assert (shelf(session, store.milk), fresh(session, walk.opened).expected_grams) == ((49, 1), 500)
    assert_sound()


@pytest.mark.usefixtures("opened_up")
@pytest.mark.parametrize("kilograms", [0, -0.3, 0.2])
def test_a_weight_of_nothing_takes_the_line_away(
    trolley: App, session: Session, store: Store, walk: Walk, kilograms: float
) -> None:
    walk.put(store.milk, 3)

    for _ in range(2):
        trolley.post(UPDATE, weighing(store, kilograms))

    assert lines(session, walk) == []
    assert shelf(session, store.milk) == (50, 0)
    assert_sound()


@pytest.mark.usefixtures("opened_up")
def test_goods_sold_by_weight_get_their_grams(trolley: App, session: Session, store: Store, walk: Walk) -> None:
    apples = weighed(session, store.branch)
    apples.sku = "4011"
    session.commit()

    for kilograms in (0.517, 0.4, 0.4, 0.9):
        trolley.post(UPDATE, weighing(store, kilograms, barcode="4011"))
    assert lines(session, walk) == [(apples.id, 1, 900)]
    trolley.post(UPDATE, weighing(store, 0.0, barcode="4011"))

    assert lines(session, walk) == []
    assert trolley.refused("POST", ADD, json=scan(store, product_id=apples.id))[0] == 400
    assert_sound()


@pytest.mark.usefixtures("opened_up", "walk")
def test_what_can_be_wrong_with_a_scan(trolley: App, session: Session, store: Store) -> None:
    unweighed = factories.make_product(session, stock={store.branch: 1}, sku="4012")
    elsewhere = factories.make_product(session)

    def said(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return trolley.refused("POST", path, json=body)

    assert said(ADD, scan(store, cart_id=10**9)) == (404, "There is no trolley with this number.")
    assert said(UPDATE, weighing(store, 1, cart_id=10**9))[0] == 404
    assert said(ADD, scan(store, product_id=10**9))[0] == 404
    assert said(ADD, scan(store, product_id=elsewhere.id))[0] == 404
    for code in ("8901234567801", "12345678", "abc", "9999"):
        assert said(UPDATE, weighing(store, 1, barcode=code))[0] == 404
    assert said(UPDATE, weighing(store, 1, barcode=unweighed.sku))[0] == 400
    assert said(UPDATE, weighing(store, 9999))[0] == 409  # more than a cart may hold


@pytest.mark.usefixtures("opened_up")
@pytest.mark.parametrize("weight", [None, "heavy", True, 1e300, "NaN"])
def test_a_weight_that_is_none_is_a_400_with_a_list(trolley: App, store: Store, weight: Any) -> None:
    for path, body in ((ADD, scan(store)), (UPDATE, weighing(store, 1))):
        status, detail = trolley.refused("POST", path, json={**body, "weight": weight})

        assert (status, detail[0]["loc"], detail[0]["input"]) == (400, ["weight"], weight)


@pytest.mark.usefixtures("opened_up")
def test_nothing_goes_into_a_trolley_nobody_has(trolley: App, store: Store) -> None:
    assert trolley.refused("POST", ADD, json=scan(store)) == (404, "Nobody has connected this trolley.")


@pytest.mark.usefixtures("opened_up")
def test_nothing_goes_into_a_locked_cart(trolley: App, session: Session, store: Store, walk: Walk) -> None:
    walk.opened.state = TrolleyState.REVIEW
    session.commit()

    assert trolley.refused("POST", ADD, json=scan(store))[0] == 409


@pytest.mark.usefixtures("opened_up")
def test_what_is_sold_from_an_age_on_calls_the_staff(trolley: App, session: Session, store: Store, walk: Walk) -> None:
    store.milk.age_limit = 18
    session.commit()

    walk.put(store.milk, 3)
    trolley.post(UPDATE, weighing(store, 0.5))
    assert not fresh(session, walk.opened).needs_check
    trolley.post(UPDATE, weighing(store, 1.0))

    assert fresh(session, walk.opened).needs_check
    assert [call.reason for call in session.scalars(select(TrolleyAssist))] == [AssistReason.AGE_CHECK]


@pytest.mark.usefixtures("opened_up")
def test_the_app_hears_of_a_scan(trolley: App, session: Session, store: Store, walk: Walk) -> None:
    trolley.post(ADD, scan(store))

    news = session.scalars(select(LiveEvent.payload).where(LiveEvent.topic == "cart.changed")).all()
    assert [each["version"] for each in news] == [fresh(session, walk.opened).version]


# With a key: signed, or by a bearer token


def send(talker: Talker, path: str, body: dict[str, Any], **how: Any) -> TestResponse:
    """What the device of `tests.devices` sends to the older address, which its signature covers."""
    content = json.dumps(body).encode()
    talker.n += how.get("forward", 1)
    header = signed(talker, path, how.get("sign", content))
    headers = {"Authorization": header, "Content-Type": "application/json"}
    return talker.client.post(BASE + path, data=content, headers=headers)


def signed(talker: Talker, path: str, content: bytes) -> str:
    unsigned = SignedHeader(talker.device_id, 1, int(time.time()), 1, talker.n, "0" * 64)
    sig = signature(talker.key, Request("POST", BASE + path, content), unsigned)
    return shown_header(SignedHeader(talker.device_id, 1, unsigned.ts, 1, talker.n, sig))


@pytest.fixture
def talker(session: Session, client: FlaskClient, store: Store) -> Talker:
    """A device with a key on a trolley of its own in the same branch."""
    return make_talker(session, client, factories.make_trolley(session, store.branch))


@pytest.fixture
def own(session: Session, client: FlaskClient, store: Store, talker: Talker) -> Store:
    """The store as seen from that device's trolley."""
    device = session.scalars(select(Device).where(Device.device_id == talker.device_id)).one()
    assert device.trolley_id is not None
    return Store(store.branch, session.get_one(Trolley, device.trolley_id), device, store.milk)


def test_a_device_with_a_key_speaks_for_its_own_trolley(
    session: Session, client: FlaskClient, own: Store, talker: Talker
) -> None:
    walk = connect(session, sign_in(session, client), own)

    assert send(talker, ADD, scan(own)).status_code == 200
    assert send(talker, UPDATE, weighing(own, 1.5)).status_code == 200

    assert lines(session, walk) == [(own.milk.id, 3, None)]


@pytest.mark.usefixtures("walk")
def test_a_device_with_a_key_speaks_for_no_other_trolley(session: Session, store: Store, talker: Talker) -> None:
    answer = send(talker, ADD, scan(store))

    assert (answer.status_code, answer.json.keys()) == (403, {"detail"})
    assert shelf(session, store.milk) == (50, 0)


def test_what_a_key_does_not_cover_is_refused(
    session: Session, client: FlaskClient, own: Store, talker: Talker
) -> None:
    walk = connect(session, sign_in(session, client), own)

    assert send(talker, ADD, scan(own), sign=b"{}").status_code == 401
    assert send(talker, ADD, scan(own)).status_code == 200
    assert send(talker, ADD, scan(own), forward=0).status_code == 409
    own.device.status = DeviceStatus.SUSPENDED
    session.commit()
    assert send(talker, ADD, scan(own)).status_code == 403

    assert lines(session, walk) == [(own.milk.id, 1, None)]


@pytest.mark.usefixtures("opened_up")
def test_a_wrong_key_is_refused_where_none_is_needed(own: Store, talker: Talker) -> None:
    answer = send(talker, ADD, scan(own), sign=b"{}")

    assert (answer.status_code, answer.json.keys()) == (401, {"detail"})


def test_a_bearer_token_of_a_device_is_a_key(session: Session, client: FlaskClient, own: Store) -> None:
    walk = connect(session, sign_in(session, client), own)
    token = bearer_token(own.device.device_id, b"t" * 32)
    own.device.bearer_hash = token_digest(token)
    session.commit()

    App(client, {"Authorization": f"Bearer {token}"}).post(UPDATE, weighing(own, 1.0))

    assert lines(session, walk) == [(own.milk.id, 2, None)]
    other = bearer_token(own.device.device_id, b"u" * 32)
    assert App(client, {"Authorization": f"Bearer {other}"}).refused("POST", ADD, json=scan(own))[0] == 401


# Connecting to a first trolley, which has no button


@pytest.mark.usefixtures("opened_up")
def test_a_trolley_of_the_first_hardware_is_connected_at_once(session: Session, client: FlaskClient) -> None:
    store, app = open_store(session, claimed_at=None, base_kid=0, kid=0), sign_in(session, client)

    app.post("/cart/connect", {"cart_id": store.trolley.id})

    assert app.get("/cart/view")["items"] == []
    other = sign_in(session, client)
    assert other.refused("POST", "/cart/connect", json={"cart_id": store.trolley.id})[0] == 409


@pytest.mark.usefixtures("opened_up")
@pytest.mark.parametrize("key", [{}, {"claimed_at": None, "bearer_hash": "a" * 64}])
def test_a_trolley_with_a_key_wants_its_button_pressed_all_the_same(
    session: Session, client: FlaskClient, key: dict[str, Any]
) -> None:
    store, app = open_store(session, **key), sign_in(session, client)

    app.post("/cart/connect", {"cart_id": store.trolley.id})

    assert app.refused("GET", "/cart/view")[0] == 404


def test_a_trolley_that_never_got_a_key_waits_where_the_setting_is_off(session: Session, client: FlaskClient) -> None:
    store, app = open_store(session, claimed_at=None, base_kid=0, kid=0), sign_in(session, client)

    app.post("/cart/connect", {"cart_id": store.trolley.id})

    assert app.refused("GET", "/cart/view")[0] == 404
