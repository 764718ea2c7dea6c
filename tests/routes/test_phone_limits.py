"""Limits on codes by text message, with the limiter switched on."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.extensions import limiter
from app.middleware.redis_counts import RedisCounts
from app.models import OutboxEvent
from tests.conftest import rolled_back
from tests.factories import make_user, sign_in
from tests.limiting import limiting
from tests.phones import PHONE, V1, code_sent_to, verify

WIDE = {"otp_send_limit_per_ip": "1000 per minute", "otp_send_limit_per_phone": "1000 per minute"}


@pytest.fixture(scope="module")
def limited_app(template: str) -> Iterator[Flask]:
    with limiting(template) as application:
        yield application


@pytest.fixture
def limited(limited_app: Flask) -> Iterator[Session]:
    limiter.reset()
    with rolled_back(limited_app) as session:
        yield session


@pytest.fixture
def caller(limited_app: Flask, limited: Session) -> FlaskClient:
    return limited_app.test_client()


@pytest.fixture
def change(limited_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets limits for one test."""

    def to(**values: str) -> None:
        settings = limited_app.extensions["settings"].model_copy(update=values)
        monkeypatch.setitem(limited_app.extensions, "settings", settings)

    return to


def ask(caller: FlaskClient, *phones: str, address: str = "203.0.113.1") -> list[Any]:
    """The answers to asking for a code for each number in turn."""
    where = {"REMOTE_ADDR": address}
    return [caller.post(f"{V1}/send-otp", json={"phone": phone}, environ_base=where) for phone in phones]


def tried(caller: FlaskClient, phone: str, *, address: str) -> Any:
    """The answer to a code nobody sent."""
    body = {"phone": phone, "otp": "123456"}
    return caller.post(f"{V1}/verify-otp", json=body, environ_base={"REMOTE_ADDR": address})


def codes_of(answers: list[Any]) -> list[int]:
    return [answer.status_code for answer in answers]


def assert_too_many(answer: Any) -> None:
    assert answer.status_code == 429
    assert (answer.json["error"]["code"], answer.json["error"]["details"]) == ("HTTP_429", {})
    assert 0 < int(answer.headers["Retry-After"]) <= 3601


def sent(session: Session) -> int:
    return session.execute(select(func.count()).select_from(OutboxEvent)).scalar_one()


def test_a_number_gets_three_codes_however_it_is_spelled_and_whoever_asks(
    caller: FlaskClient, limited: Session
) -> None:
    spellings = ["9876543210", "+91-98765 43210", "09876543210", "919876543210"]

    answers = [ask(caller, spelling, address=f"203.0.113.{i}")[0] for i, spelling in enumerate(spellings)]

    assert codes_of(answers) == [200, 200, 200, 429]
    assert_too_many(answers[-1])
    assert int(answers[-1].headers["Retry-After"]) <= 901
    assert sent(limited) == 3


def test_an_address_gets_five_codes_whatever_the_numbers(caller: FlaskClient, limited: Session) -> None:
    numbers = [f"98765000{i:02d}" for i in range(6)]

    answers = ask(caller, *numbers)

    assert codes_of(answers) == [200] * 5 + [429]
    assert_too_many(answers[-1])
    assert codes_of(ask(caller, numbers[0], address="203.0.113.2")) == [200]


def test_numbers_that_begin_alike_share_a_budget(caller: FlaskClient, change: Any) -> None:
    change(otp_send_limit_per_prefix="2 per hour", **WIDE)

    answers = ask(caller, "9876500001", "9871100002", "9870000003", "9880000004", "+14155550123")

    assert codes_of(answers) == [200, 200, 429, 200, 200]
    assert_too_many(answers[2])


def test_there_is_an_end_to_all_codes_together(caller: FlaskClient, change: Any) -> None:
    change(otp_send_limit_total="3 per hour", **WIDE)

    answers = ask(caller, "9876500001", "+14155550123", "+972501234567", "+390612345678")

    assert codes_of(answers) == [200, 200, 200, 429]
    assert_too_many(answers[-1])


def test_who_has_spent_their_own_budget_takes_nothing_of_everybodys(caller: FlaskClient, change: Any) -> None:
    change(otp_send_limit_total="6 per hour")
    ask(caller, *[f"98765000{i:02d}" for i in range(20)])

    assert codes_of(ask(caller, "+14155550123", address="203.0.113.2")) == [200]


def test_a_refused_number_costs_nothing(caller: FlaskClient) -> None:
    refused = ask(caller, *["12345"] * 6)

    assert codes_of(refused) == [400] * 6
    assert codes_of(ask(caller, PHONE)) == [200]


def test_linking_spends_the_same_budgets(caller: FlaskClient, limited: Session) -> None:
    headers = sign_in(limited, make_user(limited))
    ask(caller, PHONE, PHONE, PHONE)

    answer = caller.post(f"{V1}/link/phone", json={"phone": PHONE}, headers=headers)

    assert_too_many(answer)


def test_codes_are_tried_ten_times_per_address(caller: FlaskClient, limited: Session) -> None:
    answers = [verify(caller, "123456", f"98765000{i:02d}") for i in range(11)]

    assert codes_of(answers) == [401] * 10 + [429]
    assert_too_many(answers[-1])


def test_codes_that_link_are_tried_ten_times_per_address_too(caller: FlaskClient, limited: Session) -> None:
    headers = sign_in(limited, make_user(limited))
    body = {"phone": PHONE, "otp": "123456"}

    answers = [caller.post(f"{V1}/link/phone/verify", json=body, headers=headers) for _ in range(11)]

    assert codes_of(answers) == [400] * 10 + [429]


def test_codes_of_a_number_are_tried_so_often_whatever_the_address(caller: FlaskClient, change: Any) -> None:
    change(otp_try_limit_per_phone="3 per hour")

    answers = [tried(caller, PHONE, address=f"203.0.113.{i}") for i in range(4)]

    assert codes_of(answers) == [401, 401, 401, 429]
    assert_too_many(answers[-1])
    assert tried(caller, "+919876500001", address="203.0.113.9").status_code == 401


def test_a_new_code_brings_no_new_tries_and_neither_does_linking(
    caller: FlaskClient, limited: Session, change: Any
) -> None:
    change(otp_try_limit_per_phone="2 per hour", **WIDE)
    headers = sign_in(limited, make_user(limited))
    tried(caller, PHONE, address="203.0.113.1")
    tried(caller, "098765-43210", address="203.0.113.2")
    ask(caller, PHONE)

    signing_in = verify(caller, code_sent_to(limited))
    linking = caller.post(f"{V1}/link/phone/verify", json={"phone": PHONE, "otp": "123456"}, headers=headers)

    assert codes_of([signing_in, linking]) == [429, 429]


def test_a_customer_signs_in_within_the_limits(caller: FlaskClient, limited: Session) -> None:
    ask(caller, PHONE)

    assert verify(caller, code_sent_to(limited)).status_code == 200


def test_codes_stay_limited_while_the_store_is_down(
    caller: FlaskClient, limited: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter.limiter, "storage", RedisCounts("aisle-redis://127.0.0.1:1/0"))

    answers = ask(caller, *[PHONE] * 4)

    assert codes_of(answers) == [200, 200, 200, 429]
    assert_too_many(answers[-1])
