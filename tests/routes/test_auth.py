"""Registration, sign-in and tokens over HTTP."""

from flask.testing import FlaskClient

FORM = {"email": "Dana@Example.com", "password": "sunny-day-7", "full_name": "Dana Levi"}


def test_registering_makes_a_customer_whatever_role_is_asked_for(client: FlaskClient) -> None:
    answer = client.post("/api/v1/auth/register", json={**FORM, "role": "ADMIN"})

    assert answer.status_code == 201
    assert answer.json["data"]["user"]["role"] == "CUSTOMER"
    assert answer.json["data"]["user"]["email"] == "dana@example.com"


def test_a_wrong_password_is_a_400_and_never_a_401(client: FlaskClient) -> None:
    client.post("/api/v1/auth/register", json=FORM)

    answer = client.post("/api/v1/auth/login", json={"email": FORM["email"], "password": "not-this-1"})

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "INVALID_CREDENTIALS"


def test_a_refresh_token_works_once_and_its_reuse_closes_the_session(client: FlaskClient) -> None:
    tokens = client.post("/api/v1/auth/register", json=FORM).json["data"]
    spent = {"Authorization": f"Bearer {tokens['refresh_token']}"}
    renewed = client.post("/api/v1/auth/refresh", headers=spent).json["data"]

    reused = client.post("/api/v1/auth/refresh", headers=spent)
    after = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {renewed['access_token']}"})

    assert reused.status_code == 401
    assert after.status_code == 401
