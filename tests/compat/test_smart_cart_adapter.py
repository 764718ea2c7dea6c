"""The smart cart's adapter itself: its frame, and one whole walk as the first server's clients take it."""

import re
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.compat.smart_cart import table
from app.domain.enums import CartStatus
from app.flask_config import LARGEST_BODY
from app.models import Cart, StoredImage, StoreSection, Trolley
from tests import factories, floors
from tests.compat.smart_cart import BARCODE, App, connect, open_store, sign_in, stand
from tests.conftest import make_app
from tests.phones import code_sent_to
from tests.shopping import assert_sound
from tests.trolleys import shelf

NO_DATABASE = "postgresql+psycopg://nowhere/none"
"""For requests that do not get as far as one."""

CONTRACT = {
    ("POST", "/auth/verify_mobile"),
    ("POST", "/auth/verify_otp"),
    ("POST", "/auth/complete_profile"),
    ("GET", "/misc/foodtypes-categories"),
    ("GET", "/user/checklist"),
    ("POST", "/user/checklist/add"),
    ("POST", "/user/checklist/remove"),
    ("GET", "/user/recipes"),
    ("GET", "/user/recipes/{id}"),
    ("GET", "/products/offers"),
    ("GET", "/products/search"),
    ("GET", "/products/{id}"),
    ("POST", "/cart/connect"),
    ("GET", "/cart/view"),
    ("GET", "/cart/{id}/location"),
    ("GET", "/misc/store-sections"),
    ("GET", "/cart/product_locations"),
    ("POST", "/cart/shortest_path"),
    ("POST", "/orders/checkout"),
    ("POST", "/cart/esp32/add_item"),
    ("POST", "/cart/esp32/update_item"),
    ("POST", "/cart/item/remove"),
    ("POST", "/cart/disconnect"),
    ("POST", "/cart/item/add"),
    ("GET", "/orders/history"),
    ("GET", "/misc/images/{path}"),
    ("GET", "/hello"),
}


def paths() -> list[tuple[str, str]]:
    return [(route.method, re.sub(r"\{\w+}", "1", route.path)) for route in table.ROUTES]


def test_every_operation_of_the_contract_is_there() -> None:
    assert {(route.method, route.path) for route in table.ROUTES} == CONTRACT


@pytest.fixture
def anybody(client: FlaskClient) -> App:
    return App(client)


def test_hello_is_a_word(anybody: App) -> None:
    answer = anybody.call("GET", "/hello")

    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/plain", "Hello")
    assert int(answer.headers["Content-Length"]) == len(answer.data)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/"),
        ("GET", "/nothing"),
        ("POST", "/auth"),
        ("GET", "/auth/login"),
        ("GET", "/admin/users"),
        ("GET", "/catalog/categories"),
        ("PUT", "/user/checklist/5"),
        ("GET", "/cart/x/location"),
        ("GET", "/cart/view/"),
        ("GET", "//cart/view"),
        ("GET", "/api/v1/cart/view"),
        ("GET", "/docs/"),
        ("GET", "/misc/images/"),
    ],
)
def test_an_unknown_address_is_a_404_in_json(anybody: App, method: str, path: str) -> None:
    status, detail = anybody.refused(method, path)

    assert (status, detail) == (404, "No such address. See /docs/ for the ones there are.")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_wrong_method_is_a_405_in_json(anybody: App, method: str) -> None:
    for right, path in paths():
        if right == method:
            continue
        answer = anybody.call(method, path)
        assert (answer.status_code, answer.json.keys()) == (405, {"detail"}), (method, path)
        assert answer.headers["Allow"] == right


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a=1", "application/x-www-form-urlencoded"),
        (b"{}", "text/plain"),
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b"null", "application/json"),
        (b"[]", "application/json"),
        (b'"x"', "application/json"),
        (b"[" * 5000, "application/json"),
        (b'{"product_id": 1e999}', "application/json"),
        (b'{"product_id": 123456789012345678901234567890}', "application/json"),
        (b'{"cart_id": {"a": [1]}, "destinations": {"x": 1}, "user_allergy_id": [1]}', "application/json"),
    ],
)
def test_whatever_is_sent_no_answer_is_html_or_a_fault_of_ours(
    session: Session, client: FlaskClient, body: bytes, content_type: str
) -> None:
    app = sign_in(session, client)

    for method, path in paths():
        if method == "POST" and path not in {"/cart/disconnect", "/orders/checkout"}:
            answer = app.call(method, path, data=body, content_type=content_type)
            assert answer.status_code in (400, 401, 404, 415), (path, answer.text)
            assert answer.is_json
            assert "detail" in answer.json


def test_a_body_that_is_too_large_is_a_413(session: Session, client: FlaskClient) -> None:
    app = sign_in(session, client)

    assert app.refused("POST", "/user/checklist/add", data=b"1" * 300_000, content_type="application/json")[0] == 413


@pytest.mark.parametrize(("spaces", "status"), [(0, 200), (LARGEST_BODY, 413)])
def test_a_body_of_unknown_length_is_read_up_to_the_limit(
    session: Session, client: FlaskClient, spaces: int, status: int
) -> None:
    store, app = open_store(session), sign_in(session, client)
    body = BytesIO(b'{"product_id": %d, "quantity": 1}' % store.milk.id + b" " * spaces)
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    how: Any = {"input_stream": body, "content_type": "application/json", "environ_overrides": chunked}

    assert app.call("POST", "/user/checklist/add", **how).status_code == status


def test_an_unexpected_failure_tells_nothing_of_the_database(
    session: Session, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("INSERT INTO secrets")

    monkeypatch.setattr("app.services.trolleys.reading.view", broken)
    status, detail = sign_in(session, client).refused("GET", "/cart/view")

    assert status == 500
    assert "INSERT" not in detail


def test_a_preflight_needs_no_token() -> None:
    origin = "https://carts.example.com"
    client = make_app(NO_DATABASE, cors_allowed_origins=origin).test_client()
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    for path in ("/cart/connect", "/auth/verify_otp", "/cart/esp32/add_item", "/misc/foodtypes-categories"):
        answer = App(client).call("OPTIONS", path, headers=asking)

        assert answer.status_code in (200, 204)
        assert answer.headers["Access-Control-Allow-Origin"] == origin


def test_other_addresses_are_left_alone(client: FlaskClient) -> None:
    assert client.get("/livez").json == {"status": "ok"}
    assert client.get("/compat/smart-cartesian").json["error"]["code"] == "HTTP_404"


def test_a_picture_goes_through_as_it_is(anybody: App, session: Session) -> None:
    digest = "a" * 64
    session.add(StoredImage(digest=digest, media_type="image/webp", width=1, height=1, content=b"RIFF"))
    session.commit()

    answer = anybody.call("GET", f"/misc/images/{digest}.webp")

    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/webp", b"RIFF")
    assert anybody.refused("GET", "/misc/images/none.jpg")[0] == 404
    assert anybody.refused("GET", "/misc/images/../api/v1/health")[0] == 404


def test_a_list_is_asked_for_whole(session: Session, anybody: App) -> None:
    reduced = {"price": Decimal("1.00"), "compare_at_price": Decimal("2.00")}
    for _ in range(60):
        factories.make_product(session, **reduced)

    assert len(anybody.get("/products/offers")["offers"]) == 60
    assert len(anybody.get("/products/offers", limit=10)["offers"]) == 10


def test_reading_takes_a_method_without_a_body(session: Session, client: FlaskClient) -> None:
    answer = sign_in(session, client).call("HEAD", "/user/checklist")

    assert (answer.status_code, answer.data) == (200, b"")


@pytest.fixture
def opened_up(app: Flask) -> Iterator[None]:
    """DEVICE_LEGACY_OPEN=true."""
    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update={"device_legacy_open": True})
    yield
    app.extensions["settings"] = before


@pytest.mark.usefixtures("opened_up")
def test_a_whole_walk_from_the_sign_in_to_the_next_shopper(session: Session, client: FlaskClient) -> None:
    drawn = floors.open_store(session, client)
    store = open_store(session, claimed_at=None, base_kid=0, kid=0)
    milk = store.milk
    factories.make_stock(session, milk, drawn.branch, 20)
    trolley = factories.make_trolley(session, drawn.branch)
    store.device.trolley_id, store.device.stock_location_id = trolley.id, drawn.branch.id
    session.add(StoreSection(stock_location_id=drawn.branch.id, name="Dairy", floor=0, x1=4, y1=1, x2=5, y2=2))
    session.commit()
    drawn.put((milk, 4, 1))
    drawn.publish()
    stand(session, store, x_cm=10, y_cm=10)
    esp32, phone = App(client), App(client)

    phone.post("/auth/verify_mobile", {"mobile_number": "9876543210"})
    proof = {"mobile_number": "9876543210", "otp": code_sent_to(session)}
    token = phone.post("/auth/verify_otp", proof)
    phone.headers = {"Authorization": f"Bearer {token['token']}"}
    assert phone.post("/auth/complete_profile", {"user_name": "Asha"})["user_id"] == token["user_id"]

    found = phone.get("/products/search", query="toned")["results"][0]["product_id"]
    assert phone.post("/user/checklist/add", {"product_id": found, "quantity": 2})["quantity"] == 2
    assert phone.post("/cart/connect", {"cart_id": trolley.id})["cart_id"] == trolley.id
    way = phone.post("/cart/shortest_path", {"destinations": [{"product_id": found}]})
    assert [segment["product_id"] for segment in way["segments"]] == [found]
    assert phone.get(f"/cart/{trolley.id}/location")["cart_id"] == trolley.id

    esp32.post("/cart/esp32/add_item", {"cart_id": trolley.id, "product_id": found, "weight": 0.5})
    esp32.post("/cart/esp32/update_item", {"cart_id": trolley.id, "barcode": BARCODE, "weight": 1.5})
    phone.post("/cart/item/remove", {"product_id": found})
    view = phone.get("/cart/view")
    assert [(line["product_id"], line["quantity"]) for line in view["items"]] == [(found, 2)]
    assert view["total_weight"] == 1.0
    phone.post("/user/checklist/remove", {"product_id": found})

    sold = phone.call("POST", "/orders/checkout")
    assert (sold.status_code, sold.json["total_products"], sold.json["discounted_price"]) == (201, 2, 20.0)
    assert [order["order_id"] for order in phone.get("/orders/history")] == [sold.json["order_id"]]
    phone.post("/cart/disconnect")
    assert phone.refused("GET", "/cart/view")[0] == 404

    assert session.get(Trolley, trolley.id) is not None
    next_one = sign_in(session, client)
    next_one.post("/cart/connect", {"cart_id": trolley.id})
    assert next_one.get("/cart/view") == {"cart_id": trolley.id, "items": [], "total_weight": None}
    assert_sound()


def test_the_cart_of_who_left_is_gone_and_its_goods_are_back(session: Session, client: FlaskClient) -> None:
    store, app = open_store(session), sign_in(session, client)
    walk = connect(session, app, store)
    walk.put(store.milk, 4)

    app.post("/cart/disconnect")

    assert shelf(session, store.milk) == (50, 0)
    statuses: Any = select(Cart.status).where(Cart.id == walk.opened.cart_id)
    assert session.scalars(statuses).one() is CartStatus.ABANDONED
