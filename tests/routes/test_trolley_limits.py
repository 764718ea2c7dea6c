"""Guessing the codes on trolleys, with the limiter switched on."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.extensions import limiter
from tests import databases, factories
from tests.conftest import dispose, make_app, rolled_back
from tests.devices import make_talker, refusal_of
from tests.phones import PHONE

PATH = "/api/v1/carts/pair"


@pytest.fixture(scope="module")
def limited_app(template: str) -> Iterator[Flask]:
    """The one limiter is shared by all applications of the process: it is switched back when the module is done."""
    before = limiter.enabled
    with databases.cloned(template) as url:
        application = make_app(url, rate_limit_enabled=True)
        yield application
        dispose(application)
    limiter.enabled = before


@pytest.fixture
def limited(limited_app: Flask) -> Iterator[Session]:
    limiter.reset()
    with rolled_back(limited_app) as session:
        yield session


@pytest.fixture
def caller(limited_app: Flask, limited: Session) -> FlaskClient:
    return limited_app.test_client()


def guess(
    caller: FlaskClient, headers: dict[str, str], code: str = "000000", address: str = "203.0.113.1"
) -> TestResponse:
    return caller.post(PATH, json={"code": code}, headers=headers, environ_base={"REMOTE_ADDR": address})


def test_five_wrong_codes_of_a_user_are_enough(limited: Session, caller: FlaskClient) -> None:
    headers = factories.sign_in(limited, factories.make_user(limited))
    code = make_talker(limited, caller).post("/pair", {}).json["c"]

    answers = [guess(caller, headers, address=f"203.0.113.{number}").status_code for number in range(6)]
    right = guess(caller, headers, code, address="203.0.113.9")

    assert answers == [404] * 5 + [429]
    assert right.status_code == 429
    assert int(right.headers["Retry-After"]) <= 601


def test_twenty_wrong_codes_from_an_address_are_enough(limited: Session, caller: FlaskClient) -> None:
    answers = []
    for _ in range(7):
        headers = factories.sign_in(limited, factories.make_user(limited))
        answers += [guess(caller, headers).status_code for _ in range(3)]

    assert answers == [404] * 20 + [429]


def test_codes_tried_for_a_transfer_count_as_well(limited: Session, caller: FlaskClient) -> None:
    user = factories.make_user(limited)
    headers = factories.sign_in(limited, user)
    trolley = factories.make_trolley(limited, factories.make_location(limited))
    cart_id = factories.make_cart_session(limited, trolley, user).cart_id
    path = f"/api/v1/carts/{cart_id}/transfer"

    answers = [caller.post(path, json={"code": "000000"}, headers=headers).status_code for _ in range(5)]

    assert answers == [404] * 5
    assert guess(caller, headers).status_code == 429


def test_right_codes_cost_nothing(limited: Session, caller: FlaskClient) -> None:
    headers = factories.sign_in(limited, factories.make_user(limited))
    talker = make_talker(limited, caller)

    for _ in range(7):
        assert guess(caller, headers, talker.post("/pair", {}).json["c"]).status_code == 200
        caller.post("/api/v1/cart/disconnect", headers=headers)


def test_a_trolley_sends_no_more_messages_to_a_phone_than_others_may(limited: Session, caller: FlaskClient) -> None:
    talker = make_talker(limited, caller)

    answers = [talker.post("/pair", {"ph": PHONE}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert refusal_of(answers[-1]) == (429, "slow")
