"""Limits on signing in and on codes, with the limiter switched on."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.extensions import limiter
from app.models import LoginFailure
from tests.factories import PASSWORD, make_user, sign_in
from tests.limiting import limiting

AUTH = "/api/v1/auth"
EMAIL = "dana@example.com"
WRONG = {"email": EMAIL, "password": "not-this-1"}


@pytest.fixture(scope="module")
def limited_app(template: str) -> Iterator[Flask]:
    with limiting(template, rate_limit_login="8 per minute") as application:
        yield application


@pytest.fixture
def shopper(limited_app: Flask, limited: Session) -> FlaskClient:
    return limited_app.test_client()


def codes_of(answers: list[Any]) -> list[int]:
    return [answer.status_code for answer in answers]


def assert_too_many(answer: Any) -> None:
    assert answer.status_code == 429
    assert answer.json["error"] == {
        "code": "HTTP_429",
        "message": answer.json["error"]["message"],
        "status_code": 429,
        "details": {},
    }
    assert int(answer.headers["Retry-After"]) > 0


def test_an_address_that_fails_to_sign_in_too_often_waits_whatever_the_account(
    shopper: FlaskClient, limited: Session
) -> None:
    guesses = [{**WRONG, "email": f"guess{number}@example.com"} for number in range(9)]

    answers = [shopper.post(f"{AUTH}/login", json=guess) for guess in guesses]

    assert codes_of(answers) == [400] * 8 + [429]
    assert_too_many(answers[-1])


def test_a_refusal_never_says_to_wait_longer_than_its_window(shopper: FlaskClient, limited: Session) -> None:
    waits = []
    for _ in range(3):  # the second of the clock in which the window began counts
        limiter.reset()
        answers = [
            shopper.post(f"{AUTH}/login", json={**WRONG, "email": f"{number}@example.com"}) for number in range(9)
        ]
        waits.append(int(answers[-1].headers["Retry-After"]))

    assert all(55 <= seconds <= 60 for seconds in waits), waits


def test_signing_in_rightly_again_and_again_is_never_limited(shopper: FlaskClient, limited: Session) -> None:
    make_user(limited, email=EMAIL, password=PASSWORD)

    answers = [shopper.post(f"{AUTH}/login", json={"email": EMAIL, "password": PASSWORD}) for _ in range(20)]

    assert codes_of(answers) == [200] * 20


def test_an_account_backs_off_after_five_failures_even_for_the_right_password(
    shopper: FlaskClient, limited: Session
) -> None:
    make_user(limited, email=EMAIL, password=PASSWORD)

    failures = [shopper.post(f"{AUTH}/login", json=WRONG) for _ in range(5)]
    answer = shopper.post(f"{AUTH}/login", json={"email": EMAIL, "password": PASSWORD})

    assert codes_of(failures) == [400] * 5
    assert_too_many(answer)
    assert int(answer.headers["Retry-After"]) <= 31


def test_the_form_of_the_documentation_shares_the_accounts_failures(shopper: FlaskClient, limited: Session) -> None:
    make_user(limited, email=EMAIL, password=PASSWORD)
    for _ in range(5):
        shopper.post(f"{AUTH}/login", json=WRONG)

    answer = shopper.post(f"{AUTH}/token", data={"username": EMAIL, "password": PASSWORD})

    assert_too_many(answer)


def test_nobody_can_lock_out_an_account_from_elsewhere(shopper: FlaskClient, limited: Session) -> None:
    make_user(limited, email=EMAIL, password=PASSWORD)
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    for _ in range(5):
        shopper.post(f"{AUTH}/login", json=WRONG, environ_base=elsewhere)

    answer = shopper.post(f"{AUTH}/login", json={"email": EMAIL, "password": PASSWORD})

    assert answer.status_code == 200


def test_strangers_who_fail_behind_the_same_address_shut_nobody_out(shopper: FlaskClient, limited: Session) -> None:
    make_user(limited, email=EMAIL, password=PASSWORD)
    for number in range(25):
        limiter.reset()  # a minute each
        shopper.post(f"{AUTH}/login", json={**WRONG, "email": f"stranger{number}@example.com"})

    answer = shopper.post(f"{AUTH}/login", json={"email": EMAIL, "password": PASSWORD})

    assert answer.status_code == 200


def test_a_good_sign_in_forgets_the_failures(shopper: FlaskClient, limited: Session) -> None:
    make_user(limited, email=EMAIL, password=PASSWORD)
    for _ in range(4):
        shopper.post(f"{AUTH}/login", json=WRONG)

    shopper.post(f"{AUTH}/login", json={"email": EMAIL, "password": PASSWORD})
    answers = [shopper.post(f"{AUTH}/login", json=WRONG) for _ in range(4)]

    assert codes_of(answers) == [400] * 4


def test_a_quiet_hour_forgets_the_failures(shopper: FlaskClient, limited: Session) -> None:
    make_user(limited, email=EMAIL, password=PASSWORD)
    for _ in range(4):
        shopper.post(f"{AUTH}/login", json=WRONG)
    limited.execute(update(LoginFailure).values(last_failed_at="2026-01-01T00:00:00Z"))
    limited.commit()

    shopper.post(f"{AUTH}/login", json=WRONG)

    assert set(limited.execute(select(LoginFailure.failures)).scalars()) == {1}


def test_failures_are_kept_without_the_address_they_are_about(shopper: FlaskClient, limited: Session) -> None:
    shopper.post(f"{AUTH}/login", json=WRONG)

    subjects = limited.execute(select(LoginFailure.subject)).scalars().all()

    assert len(subjects) == 2
    assert not any("dana" in subject or "127.0.0.1" in subject for subject in subjects)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("register/send-otp", {"email": EMAIL}),
        ("register/verify-otp", {"email": EMAIL, "code": "1234"}),
        ("forgot-password", {"email": EMAIL}),
        ("reset-password", {"email": EMAIL, "token": "wrong-token", "new_password": PASSWORD}),
    ],
)
def test_codes_and_links_are_asked_for_ten_times_a_minute_at_most(
    shopper: FlaskClient, limited: Session, path: str, body: dict[str, str]
) -> None:
    answers = [shopper.post(f"{AUTH}/{path}", json=body) for _ in range(11)]

    assert 429 not in codes_of(answers[:10])
    assert_too_many(answers[10])


def test_a_shopper_who_reloads_a_lot_never_meets_a_limit(shopper: FlaskClient, limited: Session) -> None:
    headers = sign_in(limited, make_user(limited))

    answers = [shopper.get("/api/v1/me", headers=headers) for _ in range(300)]

    assert set(codes_of(answers)) == {200}
