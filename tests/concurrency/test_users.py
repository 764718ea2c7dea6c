"""Races around people, with real commits."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import totp
from app.domain.enums import Role
from app.models import AuthSession, User
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import PASSWORD, make_user, sign_in

USERS = "/api/v1/admin/users"
AUTH = "/api/v1/auth"
ROUNDS = 5
THREADS = 8


def make_admins(live: Live, count: int) -> list[tuple[int, dict[str, str]]]:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        admins = [make_user(session, role=Role.ADMIN) for _ in range(count)]
        return [(admin.id, sign_in(session, admin)) for admin in admins]


def active_admins(live: Live) -> set[int]:
    with Session(live.engine) as session:
        return set(session.execute(select(User.id).where(User.role == Role.ADMIN, User.is_active)).scalars())


def statuses(answers: list[Any]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


@pytest.mark.parametrize("form", [{"role": "CUSTOMER"}, {"is_active": False}])
def test_of_two_admins_who_remove_each_other_at_once_exactly_one_wins(live: Live, form: dict[str, Any]) -> None:
    before: set[int] = set()
    for _ in range(ROUNDS):
        (one, as_one), (two, as_two) = make_admins(live, 2)
        calls = [(two, as_one), (one, as_two)]

        answers = at_once(
            [
                lambda target=target, headers=headers: live.client().patch(
                    f"{USERS}/{target}", json=form, headers=headers
                )
                for target, headers in calls
            ]
        )

        assert statuses(answers)[0] == 200
        assert statuses(answers)[1] in (401, 403, 409)
        left = active_admins(live) - before
        assert len(left) == 1
        before |= left


def test_admins_who_remove_each_other_in_a_circle_leave_at_least_one(live: Live) -> None:
    admins = make_admins(live, 6)
    targets = [admins[(place + 1) % len(admins)][0] for place in range(len(admins))]

    answers = at_once(
        [
            lambda target=target, headers=headers: live.client().patch(
                f"{USERS}/{target}/toggle?active=false", headers=headers
            )
            for target, (_, headers) in zip(targets, admins, strict=True)
        ]
    )

    assert {answer.status_code for answer in answers} <= {200, 401, 403, 409}
    assert len(active_admins(live)) == len(admins) - statuses(answers).count(200) >= 1


def test_a_block_leaves_no_session_of_somebody_who_signs_in_at_the_same_moment(live: Live) -> None:
    [(_, as_admin)] = make_admins(live, 1)
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        user = make_user(session, email="dana@example.com", password=PASSWORD)
    login = {"email": "dana@example.com", "password": PASSWORD}
    calls: list[Any] = [lambda: live.client().post(f"{AUTH}/login", json=login) for _ in range(THREADS - 1)]
    calls.append(lambda: live.client().patch(f"{USERS}/{user.id}/toggle?active=false", headers=as_admin))

    answers = at_once(calls)

    assert answers[-1].status_code == 200
    assert set(statuses(answers[:-1])) <= {200, 400}
    with Session(live.engine) as session:
        opened = select(func.count()).select_from(AuthSession)
        still = opened.where(AuthSession.user_id == user.id, AuthSession.revoked_at.is_(None))
        assert session.execute(still).scalar_one() == 0


@pytest.mark.parametrize("kind", ["code of the app", "recovery code"])
def test_one_code_used_by_many_sign_ins_at_once_lets_one_in(live: Live, kind: str) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        headers = sign_in(session, make_user(session, email="dana@example.com", password=PASSWORD))
    client = live.client()
    secret = client.post(f"{AUTH}/second-factor/setup", headers=headers).json["data"]["secret"]
    used = totp.current_step() - 1
    enabled = client.post(f"{AUTH}/second-factor/enable", json={"code": totp.code_at(secret, used)}, headers=headers)
    code = totp.code_at(secret, used + 1) if "app" in kind else enabled.json["data"]["recovery_codes"][0]
    login = {"email": "dana@example.com", "password": PASSWORD, "totp_code": code}

    answers = at_once([lambda: live.client().post(f"{AUTH}/login", json=login) for _ in range(THREADS)])

    refused = {answer.json["error"]["code"] for answer in answers if answer.status_code != 200}
    assert statuses(answers).count(200) == 1
    assert refused <= {"INVALID_SECOND_FACTOR", "HTTP_429"}
