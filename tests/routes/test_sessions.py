"""One's own sign-ins."""

from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import AuditEvent, AuthSession, RefreshToken
from tests.conftest import Statements
from tests.factories import PASSWORD, make_user, sign_in

SESSIONS = "/api/v1/me/sessions"
ME = "/api/v1/me"


def ids_of(client: FlaskClient, headers: dict[str, str]) -> list[int]:
    return [row["id"] for row in client.get(SESSIONS, headers=headers).json["data"]]


def test_open_sessions_are_shown_newest_first_with_device_and_address(client: FlaskClient, session: Session) -> None:
    user = make_user(session, email="dana@example.com", password=PASSWORD)
    sign_in(session, make_user(session))
    first = sign_in(session, user)
    login = {"email": "dana@example.com", "password": PASSWORD}
    client.post("/api/v1/auth/login", json=login, headers={"User-Agent": "Firefox"})

    shown = client.get(SESSIONS, headers=first).json["data"]

    assert [(row["user_agent"], row["address"], row["is_current"]) for row in shown] == [
        ("Firefox", "127.0.0.1", False),
        (None, None, True),
    ]
    assert all(row["created_at"].endswith("Z") for row in shown)


def test_sessions_whose_tokens_have_all_ended_are_not_shown(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    sign_in(session, user)
    session.execute(update(RefreshToken).values(expires_at="2026-01-01T00:00:00Z"))
    headers = sign_in(session, user)

    assert len(ids_of(client, headers)) == 1


def test_one_session_is_ended_and_the_others_stay(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    here, there = sign_in(session, user), sign_in(session, user)
    newest, oldest = ids_of(client, here)

    answer = client.delete(f"{SESSIONS}/{newest}", headers=here)
    again = client.delete(f"{SESSIONS}/{newest}", headers=here)

    assert (answer.status_code, again.status_code) == (200, 404)
    assert client.get(ME, headers=there).status_code == 401
    assert ids_of(client, here) == [oldest]
    event = session.execute(select(AuditEvent)).scalar_one()
    assert (event.action, event.actor_user_id, event.context) == ("SESSIONS_ENDED", user.id, {"session_ids": [newest]})


def test_a_strangers_session_is_not_found_and_stays(client: FlaskClient, session: Session) -> None:
    theirs, mine = sign_in(session, make_user(session)), sign_in(session, make_user(session))
    [stranger] = ids_of(client, theirs)

    answer = client.delete(f"{SESSIONS}/{stranger}", headers=mine)

    assert answer.status_code == 404
    assert client.get(ME, headers=theirs).status_code == 200


def test_all_other_sessions_end_and_nobody_elses(client: FlaskClient, session: Session) -> None:
    user, stranger = make_user(session), sign_in(session, make_user(session))
    others, here = [sign_in(session, user), sign_in(session, user)], sign_in(session, user)

    answer = client.delete(SESSIONS, headers=here)
    again = client.delete(SESSIONS, headers=here)

    assert (answer.json["data"], again.json["data"]) == ({"ended": 2}, {"ended": 0})
    assert {client.get(ME, headers=headers).status_code for headers in others} == {401}
    assert {client.get(ME, headers=headers).status_code for headers in (here, stranger)} == {200}
    assert len(session.execute(select(AuditEvent.id)).all()) == 1
    assert set(session.execute(select(AuthSession.revoked_because)).scalars()) == {"ended_by_user", None}


def test_the_list_takes_one_statement_however_many_sessions(
    client: FlaskClient, session: Session, statements: Statements
) -> None:
    user = make_user(session)
    headers, *_ = [sign_in(session, user) for _ in range(5)]
    statements.clear()

    assert len(ids_of(client, headers)) == 5
    assert len(statements) == 2  # who asks, and the list
