"""Races around accounts, with real commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Address, AuthSession, PasswordReset, PaymentToken, RefreshToken, User
from tests.conftest import Live
from tests.factories import PASSWORD

AUTH = "/api/v1/auth"
ME = "/api/v1/me"
FORM = {"email": "dana@example.com", "password": PASSWORD, "full_name": "Dana Levi"}
ADDRESS = {"address_line": "12 Herzl Street", "city": "Haifa", "postal_code": "3303101", "country": "Israel"}
CARD = {"card_number": "4242424242424242"}
THREADS = 8


def at_once(live: Live, call: Callable[[Any, int], Any], times: int = THREADS) -> list[Any]:
    """The answers of `call(client, number)` made by that many threads at the same moment."""
    barrier = Barrier(times)

    def run(number: int) -> Any:
        client = live.client()
        barrier.wait()
        return call(client, number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def codes_of(answers: list[Any]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def register(live: Live) -> dict[str, Any]:
    data: dict[str, Any] = live.client().post(f"{AUTH}/register", json=FORM).json["data"]
    return data


def client_list(live: Live, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = live.client().get(f"{ME}/{path}", headers=headers).json["data"]
    return rows


def test_one_refresh_token_used_eight_times_at_once_gives_one_pair_and_closes_the_session(live: Live) -> None:
    headers = bearer(register(live)["refresh_token"])

    answers = at_once(live, lambda client, _: client.post(f"{AUTH}/refresh", headers=headers))

    renewed = [answer.json["data"] for answer in answers if answer.status_code == 200]
    assert codes_of(answers) == [200] + [401] * (THREADS - 1)
    assert live.client().get(ME, headers=bearer(renewed[0]["access_token"])).status_code == 401
    with Session(live.engine) as session:
        assert session.execute(select(AuthSession.revoked_because)).scalars().all() == ["refresh_reused"]
        assert session.execute(select(func.count()).select_from(RefreshToken)).scalar_one() == 2


def test_registering_one_address_eight_times_at_once_makes_one_user(live: Live) -> None:
    answers = at_once(live, lambda client, _: client.post(f"{AUTH}/register", json=FORM))

    assert codes_of(answers) == [201] + [400] * (THREADS - 1)
    assert {a.json["error"]["code"] for a in answers if a.status_code == 400} == {"USER_EXISTS"}
    with Session(live.engine) as session:
        assert session.execute(select(User.email)).scalars().all() == [FORM["email"]]


def test_a_registration_code_verified_eight_times_at_once_passes_once(live: Live) -> None:
    code = live.client().post(f"{AUTH}/register/send-otp", json={"email": FORM["email"]}).json["data"]["code"]
    form = {"email": FORM["email"], "code": code}

    answers = at_once(live, lambda client, _: client.post(f"{AUTH}/register/verify-otp", json=form))

    assert codes_of(answers) == [200] + [400] * (THREADS - 1)


def test_guessing_a_registration_code_in_parallel_gives_five_tries_and_no_more(live: Live) -> None:
    code = live.client().post(f"{AUTH}/register/send-otp", json={"email": FORM["email"]}).json["data"]["code"]
    wrong = {"email": FORM["email"], "code": "1000" if code != "1000" else "1001"}
    at_once(live, lambda client, _: client.post(f"{AUTH}/register/verify-otp", json=wrong))

    late = live.client().post(f"{AUTH}/register/verify-otp", json={**wrong, "code": code})

    assert late.status_code == 400


def test_a_reset_link_used_eight_times_at_once_works_once(live: Live) -> None:
    register(live)
    email = {"email": FORM["email"]}
    token = live.client().post(f"{AUTH}/forgot-password", json=email).json["data"]["reset_token"]
    forms = [{**email, "token": token, "new_password": f"new-password-{number}"} for number in range(THREADS)]

    answers = at_once(live, lambda client, number: client.post(f"{AUTH}/reset-password", json=forms[number]))

    assert codes_of(answers) == [200] + [400] * (THREADS - 1)
    winner = [answer.status_code for answer in answers].index(200)
    login = {**email, "password": forms[winner]["new_password"]}
    assert live.client().post(f"{AUTH}/login", json=login).status_code == 200


def test_forgetting_eight_times_at_once_leaves_one_live_link(live: Live) -> None:
    register(live)

    answers = at_once(live, lambda client, _: client.post(f"{AUTH}/forgot-password", json={"email": FORM["email"]}))

    assert set(codes_of(answers)) == {200}
    with Session(live.engine) as session:
        assert session.execute(select(func.count()).select_from(PasswordReset)).scalar_one() == 1


def test_changing_and_resetting_the_password_at_once_neither_fails_nor_leaves_a_session(live: Live) -> None:
    headers = bearer(register(live)["access_token"])
    email = {"email": FORM["email"]}
    token = live.client().post(f"{AUTH}/forgot-password", json=email).json["data"]["reset_token"]
    change = {"current_password": PASSWORD, "new_password": "changed-pass-1"}
    reset = {**email, "token": token, "new_password": "resetted-pass-2"}

    answers = at_once(
        live,
        lambda client, number: (
            client.post(f"{AUTH}/change-password", json=change, headers=headers)
            if number
            else client.post(f"{AUTH}/reset-password", json=reset)
        ),
        times=2,
    )

    assert codes_of(answers)[0] == 200
    assert codes_of(answers)[1] < 500
    with Session(live.engine) as session:
        open_sessions = select(func.count()).select_from(AuthSession).where(AuthSession.revoked_at.is_(None))
        assert session.execute(open_sessions).scalar_one() == 0


def test_the_old_password_opens_no_session_beside_a_reset(live: Live) -> None:
    register(live)
    email = {"email": FORM["email"]}
    token = live.client().post(f"{AUTH}/forgot-password", json=email).json["data"]["reset_token"]
    reset = {**email, "token": token, "new_password": "resetted-pass-2"}

    answers = at_once(
        live,
        lambda client, number: (
            client.post(f"{AUTH}/login", json={**email, "password": PASSWORD})
            if number
            else client.post(f"{AUTH}/reset-password", json=reset)
        ),
    )

    assert answers[0].status_code == 200
    given = [answer.json["data"]["access_token"] for answer in answers[1:] if answer.status_code == 200]
    assert {live.client().get(ME, headers=bearer(token)).status_code for token in given} <= {401}


@pytest.mark.parametrize(
    ("path", "body", "key", "table"),
    [("addresses", ADDRESS, "id", Address), ("payment-tokens", CARD, "payment_token_id", PaymentToken)],
)
def test_choosing_defaults_and_deleting_at_once_leaves_exactly_one_default(
    live: Live, path: str, body: dict[str, str], key: str, table: Any
) -> None:
    headers = bearer(register(live)["access_token"])
    new = [live.client().post(f"{ME}/{path}", json=body, headers=headers) for _ in range(THREADS)]
    ids = [answer.json["data"][key] for answer in new]

    answers = at_once(
        live,
        lambda client, number: (
            client.patch(f"{ME}/{path}/{ids[number]}/default", headers=headers)
            if number % 2
            else client.delete(f"{ME}/{path}/{ids[number]}", headers=headers)
        ),
    )

    left = client_list(live, path, headers)
    assert set(codes_of(answers)) == {200}
    assert [row["is_default"] for row in left] == [True, False, False, False]
    with Session(live.engine) as session:
        defaults = select(func.count()).select_from(table).where(table.is_default)
        assert session.execute(defaults).scalar_one() == 1


def test_first_addresses_and_cards_made_at_once_leave_exactly_one_default_each(live: Live) -> None:
    headers = bearer(register(live)["access_token"])

    answers = at_once(
        live,
        lambda client, number: (
            client.post(f"{ME}/addresses", json=ADDRESS, headers=headers)
            if number % 2
            else client.post(f"{ME}/payment-tokens", json=CARD, headers=headers)
        ),
    )

    assert set(codes_of(answers)) == {201}
    with Session(live.engine) as session:
        defaults = [
            session.execute(select(func.count()).select_from(table).where(table.is_default)).scalar_one()
            for table in (Address, PaymentToken)
        ]
    assert defaults == [1, 1]
