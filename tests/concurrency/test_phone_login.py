"""Races around codes of phones, with real commits."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import AuditEvent, AuthSession, ConsumerProfile, OutboxEvent, PhoneCode, User
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import make_consumer, make_user, sign_in
from tests.phones import V1, bearer, code_sent_to, send_code, sign_in_by_phone, verify, wrong

ROUNDS = 20
THREADS = 6
FORM = {"name": "Asha Rao", "city": "Pune", "society": "Rose Garden"}


def phone_of(number: int) -> str:
    return f"+9198765{number:05d}"


def codes_of(answers: list[Any]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def count(live: Live, table: Any, *conditions: Any) -> int:
    with Session(live.engine) as session:
        return session.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()


def headers_of(live: Live, make: Callable[[Session], User]) -> dict[str, str]:
    """Headers of a new user."""
    with live.app.app_context(), Session(live.engine) as session:
        return sign_in(session, make(session))


def test_six_verifies_of_one_code_give_one_pair_of_tokens_and_one_user(live: Live) -> None:
    for number in range(ROUNDS):
        phone = phone_of(number)
        with Session(live.engine) as session:
            code = send_code(live.client(), session, phone)

        answers = at_once([partial(verify, live.client(), code, phone) for _ in range(THREADS)])

        assert codes_of(answers) == [200] + [401] * (THREADS - 1), number
    assert count(live, AuthSession) == ROUNDS
    assert count(live, User) == ROUNDS
    assert count(live, AuditEvent, AuditEvent.action == "LOGIN_FAILURE") == ROUNDS * (THREADS - 1)


def test_first_sign_ins_and_new_codes_at_once_never_make_two_users(live: Live) -> None:
    """A second code may be asked for while the first is being used: both may then sign in, as the same user."""
    for number in range(ROUNDS):
        phone = phone_of(number)
        with Session(live.engine) as session:
            code = send_code(live.client(), session, phone)

        at_once(
            [
                partial(verify, live.client(), code, phone),
                partial(live.client().post, f"{V1}/send-otp", json={"phone": phone}),
            ]
        )
        with Session(live.engine) as session:
            newest = code_sent_to(session, phone)
        later = verify(live.client(), newest, phone)

        assert later.status_code == 200 or newest == code, number
        assert count(live, User, User.phone == phone) == 1, number


def test_wrong_tries_at_once_are_all_counted(live: Live) -> None:
    for number in range(ROUNDS):
        phone = phone_of(number)
        with Session(live.engine) as session:
            code = send_code(live.client(), session, phone)

        answers = at_once([partial(verify, live.client(), wrong(code), phone) for _ in range(THREADS)])

        assert codes_of(answers) == [401] * THREADS
        assert count(live, PhoneCode, PhoneCode.phone == phone, PhoneCode.attempts == 5) == 1, number
        assert verify(live.client(), code, phone).status_code == 401, number


def test_a_right_and_five_wrong_tries_at_once_sign_in_at_most_once(live: Live) -> None:
    for number in range(ROUNDS):
        phone = phone_of(number)
        with Session(live.engine) as session:
            code = send_code(live.client(), session, phone)
        tries = [code] + [wrong(code)] * (THREADS - 1)

        answers = at_once([partial(verify, live.client(), tried, phone) for tried in tries])

        assert codes_of(answers[1:]) == [401] * (THREADS - 1)
        assert count(live, User, User.phone == phone) == (1 if answers[0].status_code == 200 else 0), number


def test_one_refresh_token_in_six_bodies_at_once_gives_one_pair(live: Live) -> None:
    for number in range(ROUNDS):
        with Session(live.engine) as session:
            token = sign_in_by_phone(live.client(), session, phone_of(number))["refresh_token"]
        body = {"refresh_token": token}

        answers = at_once([partial(live.client().post, f"{V1}/auth/refresh", json=body) for _ in range(THREADS)])

        assert codes_of(answers) == [200] + [401] * (THREADS - 1), number


def test_choosing_both_roles_at_once_chooses_one(live: Live) -> None:
    for number in range(ROUNDS):
        with Session(live.engine) as session:
            headers = bearer(sign_in_by_phone(live.client(), session, phone_of(number))["access_token"])
        roles = ["consumer", "vendor"] * 3

        answers = at_once(
            [
                partial(live.client().post, f"{V1}/onboarding/basic", json={**FORM, "role": role}, headers=headers)
                for role in roles
            ]
        )

        messages = [answer.json["data"]["message"] for answer in answers]
        chosen = roles[messages.index("Basic onboarding complete")]
        shown = live.client().get(f"{V1}/profile/me", headers=headers).json["data"]["role"]
        assert messages.count("Basic onboarding already complete") == 5, number
        assert shown == {"consumer": "CUSTOMER", "vendor": "VENDOR"}[chosen], number
    assert count(live, AuditEvent, AuditEvent.action == "ONBOARDED") == ROUNDS


def test_onboarding_a_consumer_six_times_at_once_makes_one_profile(live: Live) -> None:
    for number in range(ROUNDS):
        headers = headers_of(live, make_consumer)

        answers = at_once(
            [
                partial(live.client().post, f"{V1}/consumer/onboarding", json={"gender": f"{i}"}, headers=headers)
                for i in range(THREADS)
            ]
        )

        assert codes_of(answers) == [200] + [409] * (THREADS - 1), number
    assert count(live, ConsumerProfile) == ROUNDS


def test_a_code_that_links_a_number_six_times_at_once_links_it_once(live: Live) -> None:
    for number in range(ROUNDS):
        phone = phone_of(number)
        headers = headers_of(live, make_user)
        with Session(live.engine) as session:
            live.client().post(f"{V1}/link/phone", json={"phone": phone}, headers=headers)
            body = {"phone": phone, "otp": code_sent_to(session, phone)}

        answers = at_once(
            [partial(live.client().post, f"{V1}/link/phone/verify", json=body, headers=headers) for _ in range(THREADS)]
        )

        assert codes_of(answers) == [200] + [400] * (THREADS - 1), number
        assert count(live, User, User.phone == phone) == 1, number


@pytest.mark.parametrize("first", ["link", "sign_in"])
def test_signing_in_and_linking_at_once_leave_one_owner_of_a_number(live: Live, first: str) -> None:
    """The row of the code is shared: whichever code is live, its number ends with one account at most."""
    for number in range(ROUNDS):
        phone = phone_of(number)
        headers = headers_of(live, make_user)
        with Session(live.engine) as session:
            code = send_code(live.client(), session, phone)
            if first == "link":
                live.client().post(f"{V1}/link/phone", json={"phone": phone}, headers=headers)
                code = code_sent_to(session, phone)
        body = {"phone": phone, "otp": code}

        answers = at_once(
            [
                partial(live.client().post, f"{V1}/link/phone/verify", json=body, headers=headers),
                partial(verify, live.client(), code, phone),
            ]
        )

        assert [answer.status_code for answer in answers] == ([200, 401] if first == "link" else [400, 200]), number
        assert count(live, User, User.phone == phone, User.phone_verified_at.is_not(None)) == 1, number


def test_a_code_that_links_an_address_six_times_at_once_links_it_once(live: Live) -> None:
    for number in range(ROUNDS):
        email = f"asha{number}@example.com"
        headers = headers_of(live, make_consumer)
        live.client().post(f"{V1}/link/email", json={"email": email}, headers=headers)
        with Session(live.engine) as session:
            found = select(OutboxEvent.payload).where(OutboxEvent.aggregate == f"email:{email}")
            code = session.execute(found).scalar_one()["code"]
        body = {"email": email, "code": code, "password": "sunny-day-7"}

        answers = at_once(
            [partial(live.client().post, f"{V1}/link/email/verify", json=body, headers=headers) for _ in range(THREADS)]
        )

        assert codes_of(answers) == [200] + [400] * (THREADS - 1), number
        assert count(live, User, User.email == email) == 1
