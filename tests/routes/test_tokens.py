"""Access and refresh tokens over HTTP: what passes, what is refused, and how."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import RefreshToken, User
from app.services.tokens import key_id
from tests.conftest import CHEAP
from tests.factories import make_user, sign_in

ME = "/api/v1/auth/me"
REFRESH = "/api/v1/auth/refresh"
SECRET = str(CHEAP["jwt_secret_key"])
PREVIOUS = "the secret of last month, just as long as it must be"


def token_of(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def claims_of(headers: dict[str, str]) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token_of(headers), options={"verify_signature": False})
    return claims


def signed(claims: dict[str, Any], *, secret: str = SECRET, headers: dict[str, Any] | None = None) -> dict[str, str]:
    header = {"kid": key_id(secret)} if headers is None else headers
    return bearer(jwt.encode(claims, secret, algorithm="HS256", headers=header))


def unsigned(claims: dict[str, Any]) -> dict[str, str]:
    header = {"alg": "none", "typ": "JWT", "kid": key_id(SECRET)}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return bearer(".".join([*parts, ""]))


@pytest.fixture
def previous_secret(app: Flask, monkeypatch: pytest.MonkeyPatch) -> str:
    settings = app.extensions["settings"].model_copy(update={"jwt_previous_secrets": (PREVIOUS,)})
    monkeypatch.setitem(app.extensions, "settings", settings)
    return PREVIOUS


def test_an_access_token_carries_role_session_and_the_name_of_its_key(session: Session) -> None:
    headers = sign_in(session, make_user(session, role=Role.EMPLOYEE))

    claims = claims_of(headers)

    assert (claims["role"], claims["type"]) == ("EMPLOYEE", "access")
    assert claims["sub"].isdecimal()
    assert isinstance(claims["sid"], int)
    assert jwt.get_unverified_header(token_of(headers))["kid"] == key_id(SECRET)
    assert claims["exp"] - claims["iat"] == 240 * 60


def test_a_token_of_a_previous_secret_still_passes(client: FlaskClient, session: Session, previous_secret: str) -> None:
    claims = claims_of(sign_in(session, make_user(session)))

    answer = client.get(ME, headers=signed(claims, secret=previous_secret))

    assert answer.status_code == 200


def test_new_tokens_are_signed_with_the_current_secret(session: Session, previous_secret: str) -> None:
    headers = sign_in(session, make_user(session))

    assert jwt.decode(token_of(headers), SECRET, algorithms=["HS256"])


def test_the_key_is_chosen_by_its_name_and_by_nothing_else(
    client: FlaskClient, session: Session, previous_secret: str
) -> None:
    claims = claims_of(sign_in(session, make_user(session)))

    answer = client.get(ME, headers=signed(claims, secret=previous_secret, headers={"kid": key_id(SECRET)}))

    assert answer.status_code == 401


def refused_tokens(headers: dict[str, str]) -> dict[str, dict[str, str]]:
    claims = claims_of(headers)
    return {
        "unknown kid": signed(claims, secret="a stranger's secret, which is long enough too"),
        "no kid": signed(claims, headers={}),
        "a kid that is no text": signed(claims, headers={"kid": "['x']"}),
        "alg none": unsigned(claims),
        "expired": signed({**claims, "exp": int(time.time()) - 1}),
        "refresh token as access token": signed({**claims, "type": "refresh"}),
        "malformed": bearer("not-a-token"),
        "changed": bearer(token_of(headers)[:-4] + "AAAA"),
        "without a session": signed({name: claims[name] for name in claims if name != "sid"}),
        "a session that is no number": signed({**claims, "sid": "1"}),
        "a session of nobody": signed({**claims, "sid": 2**40}),
        "another's session": signed({**claims, "sub": "999999"}),
    }


@pytest.mark.parametrize("kind", refused_tokens(bearer(jwt.encode({}, "x" * 32))))
def test_a_bad_token_is_a_401_in_the_envelope(client: FlaskClient, session: Session, kind: str) -> None:
    headers = sign_in(session, make_user(session))

    answer = client.get(ME, headers=refused_tokens(headers)[kind])

    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "AUTH_ERROR"
    assert answer.json["error"]["details"] == {}
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic ZGFuYTp4"}])
def test_without_a_token_a_guarded_route_asks_for_one(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(ME, headers=headers)

    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "AUTH_REQUIRED"


def test_a_blocked_users_live_token_asks_to_sign_in(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    headers = sign_in(session, user)
    session.execute(update(User).where(User.id == user.id).values(is_active=False))
    session.commit()

    answer = client.get(ME, headers=headers)

    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "AUTH_REQUIRED"


def test_a_changed_role_counts_at_once_whatever_the_token_says(client: FlaskClient, session: Session) -> None:
    user = make_user(session, role=Role.MANAGER)
    headers = sign_in(session, user)
    session.execute(update(User).where(User.id == user.id).values(role=Role.CUSTOMER))
    session.commit()

    assert client.get(ME, headers=headers).json["data"]["role"] == "CUSTOMER"


def registered(client: FlaskClient) -> dict[str, Any]:
    form = {"email": "dana@example.com", "password": "sunny-day-7", "full_name": "Dana Levi"}
    data: dict[str, Any] = client.post("/api/v1/auth/register", json=form).json["data"]
    return data


def test_a_refresh_token_works_once_and_its_reuse_closes_the_session(client: FlaskClient) -> None:
    spent = bearer(registered(client)["refresh_token"])
    renewed = client.post(REFRESH, headers=spent).json["data"]

    reused = client.post(REFRESH, headers=spent)

    assert reused.status_code == 401
    assert client.get(ME, headers=bearer(renewed["access_token"])).status_code == 401
    assert client.post(REFRESH, headers=bearer(renewed["refresh_token"])).status_code == 401


def test_a_renewed_pair_works_and_can_be_renewed_again(client: FlaskClient) -> None:
    first = registered(client)

    second = client.post(REFRESH, headers=bearer(first["refresh_token"])).json["data"]
    third = client.post(REFRESH, headers=bearer(second["refresh_token"])).json["data"]

    assert set(third) == {"access_token", "refresh_token", "expires_at", "expires_in"}
    assert client.get(ME, headers=bearer(third["access_token"])).status_code == 200


def test_an_access_token_does_not_refresh(client: FlaskClient) -> None:
    answer = client.post(REFRESH, headers=bearer(registered(client)["access_token"]))

    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "AUTH_ERROR"


def test_a_refresh_token_the_shop_never_gave_out_is_refused(client: FlaskClient) -> None:
    claims = claims_of(bearer(registered(client)["refresh_token"]))

    answer = client.post(REFRESH, headers=signed({**claims, "jti": str(uuid4())}))

    assert answer.json["error"]["code"] == "AUTH_ERROR"


def test_a_refresh_token_past_its_date_is_refused(client: FlaskClient, session: Session) -> None:
    token = registered(client)["refresh_token"]
    session.execute(update(RefreshToken).values(expires_at="2026-01-01T00:00:00Z"))
    session.commit()

    assert client.post(REFRESH, headers=bearer(token)).status_code == 401


def test_a_blocked_user_cannot_refresh(client: FlaskClient, session: Session) -> None:
    token = registered(client)["refresh_token"]
    session.execute(update(User).values(is_active=False))
    session.commit()

    answer = client.post(REFRESH, headers=bearer(token))

    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "AUTH_REQUIRED"


def test_a_token_that_passed_a_moment_ago_is_refused_once_it_ends(client: FlaskClient, session: Session) -> None:
    claims = claims_of(sign_in(session, make_user(session)))
    end = int(time.time()) + 2  # whole seconds: one more would at times be over before the first request
    soon = signed({**claims, "exp": end})

    before = client.get(ME, headers=soon)
    time.sleep(max(0.0, end - time.time()) + 0.05)
    after = client.get(ME, headers=soon)

    assert (before.status_code, after.status_code) == (200, 401)


def test_a_token_that_never_ends_is_refused(client: FlaskClient, session: Session) -> None:
    claims = claims_of(sign_in(session, make_user(session)))
    del claims["exp"]

    assert client.get(ME, headers=signed(claims)).status_code == 401
