"""Sections 1 to 4 of the marketplace's contract as older clients see them: login, tokens, onboarding, profiles."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.enums import Role
from tests.compat.conftest import Old, SignIn
from tests.factories import make_consumer, make_user, make_vendor
from tests.phones import PHONE, code_sent_to, wrong

PLACE = {"name": "Asha Rao", "city": "Pune", "society": "Rose Garden"}


def sign_in_by_phone(old: Old, session: Session) -> dict[str, object]:
    assert old.post("/send-otp", {"phone": "+91-98765 43210"}) == {"message": "OTP sent"}
    return old.post("/verify-otp", {"phone": "9876543210", "otp": code_sent_to(session)})


def test_a_sign_in_by_phone_is_flat_and_its_token_is_used_bare(old: Old, session: Session) -> None:
    tokens = sign_in_by_phone(old, session)

    assert tokens.keys() == {"access_token", "refresh_token", "expires_in", "auth_token", "basic_onboarding_done"}
    assert (tokens["auth_token"], tokens["basic_onboarding_done"]) == (tokens["access_token"], False)
    old.token = str(tokens["auth_token"])
    assert old.post("/onboarding/basic", {**PLACE, "role": "consumer"}) == {"message": "Basic onboarding complete"}
    assert old.get("/profile/me")["data"]["phone"] == PHONE


@pytest.mark.parametrize("method", ["send-otp", "verify-otp"])
def test_a_body_that_is_wrong_is_told_field_by_field_without_what_was_sent(old: Old, method: str) -> None:
    answer = old.call("POST", f"/{method}", json={"phone": "77", "otp": "x"})

    assert (answer.status_code, answer.json["message"]) == (400, "Validation error")
    assert {error["loc"][0] for error in answer.json["errors"]} <= {"phone", "otp"}
    assert all(error.keys() == {"loc", "msg", "type"} for error in answer.json["errors"])


def test_a_missing_body_is_a_validation_error_where_a_schema_is_checked(old: Old) -> None:
    answer = old.call("POST", "/send-otp")

    assert (answer.status_code, answer.json["message"]) == (400, "Validation error")
    assert answer.json["errors"][0].keys() == {"loc", "msg", "type"}


def test_a_wrong_code_is_told_in_the_words_clients_know(old: Old, session: Session) -> None:
    old.post("/send-otp", {"phone": PHONE})
    proof = {"phone": PHONE, "otp": wrong(code_sent_to(session))}

    assert old.refused("POST", "/verify-otp", json=proof) == (401, "Invalid or expired OTP")


def test_refreshing_takes_the_token_from_the_body_and_answers_flat(old: Old, session: Session) -> None:
    first = sign_in_by_phone(old, session)

    second = old.post("/auth/refresh", {"refresh_token": first["refresh_token"]})

    assert second.keys() == {"access_token", "refresh_token", "expires_in"}
    again = old.refused("POST", "/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert again == (401, "invalid token")


def token(app: Flask, **claims: object) -> str:
    """A token of ours that says what it is and when it ends; the session in it does not exist."""
    ends = datetime.now(UTC) + timedelta(minutes=claims.pop("minutes", 5))  # type: ignore[arg-type]
    return jwt.encode({"sub": "1", "exp": ends, **claims}, app.config["JWT_SECRET_KEY"], algorithm="HS256")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"type": "access"}, "invalid token"),
        ({"type": "access", "minutes": -1}, "token expired"),
        ({"type": "refresh"}, "expected access token"),
    ],
)
def test_what_is_wrong_with_an_access_token(app: Flask, old: Old, claims: dict[str, object], message: str) -> None:
    old.token = token(app, **claims)

    assert old.refused("GET", "/profile/me") == (401, message)
    old.token = f"Bearer {old.token}"
    assert old.refused("GET", "/profile/me") == (401, message)


@pytest.mark.parametrize("sent", ["null", "undefined", "a.b.c", "Bearer nonsense"])
def test_what_is_no_token_is_invalid(old: Old, sent: str) -> None:
    old.token = sent

    assert old.refused("GET", "/profile/me") == (401, "invalid token")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"type": "refresh"}, "invalid token"),
        ({"type": "refresh", "minutes": -1}, "token expired"),
        ({"type": "access"}, "expected refresh token"),
    ],
)
def test_what_is_wrong_with_a_refresh_token(app: Flask, old: Old, claims: dict[str, object], message: str) -> None:
    body = {"refresh_token": token(app, **claims)}

    assert old.refused("POST", "/auth/refresh", json=body) == (401, message)


@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": "x"}])
def test_a_refresh_without_a_token_is_invalid(old: Old, body: dict[str, object]) -> None:
    assert old.refused("POST", "/auth/refresh", json=body) == (401, "invalid token")


def test_a_request_without_a_token_misses_its_header(old: Old) -> None:
    assert old.refused("GET", "/profile/me") == (401, "Auth header missing")
    assert old.refused("POST", "/logout") == (401, "Token missing")


def test_logging_out_takes_the_bare_token_and_ends_it(session: Session, signed_in: SignIn) -> None:
    consumer = signed_in(make_consumer(session))

    assert consumer.post("/logout") == {"message": "Logged out"}
    assert consumer.refused("GET", "/profile/me") == (401, "invalid token")


def test_roles_are_refused_in_two_words(old: Old, session: Session, signed_in: SignIn) -> None:
    old.token = str(sign_in_by_phone(old, session)["access_token"])
    admin = signed_in(make_user(session, role=Role.ADMIN))

    assert old.refused("GET", "/consumer/cart/view") == (403, "Role missing")
    assert admin.refused("GET", "/consumer/cart/view") == (403, "Forbidden")
    assert signed_in(make_vendor(session)).refused("GET", "/admin/users") == (403, "Forbidden")


def test_onboarding_refuses_every_other_role(old: Old, session: Session) -> None:
    old.token = str(sign_in_by_phone(old, session)["access_token"])

    assert old.refused("POST", "/onboarding/basic", json={**PLACE, "role": "admin"}) == (400, "Validation error")


def test_a_consumers_profile_is_made_shown_and_posted_back_whole(session: Session, signed_in: SignIn) -> None:
    consumer = signed_in(make_consumer(session))
    assert consumer.refused("GET", "/consumer/profile/me") == (404, "Consumer profile not found")

    assert consumer.post("/consumer/onboarding", {"flat_number": "B-204"}) == {"message": "Consumer onboarding done"}

    twice = consumer.refused("POST", "/consumer/onboarding", json={})
    assert twice == (400, "Role onboarding already done")
    profile = consumer.get("/consumer/profile/me")["data"]
    assert profile.keys() == {
        "name",
        "phone",
        "city",
        "society",
        "flat_number",
        "profile_image_url",
        "gender",
        "date_of_birth",
        "preferred_language",
    }
    assert consumer.post("/consumer/profile/edit", {**profile, "gender": "female"}) == {"message": "Profile updated"}
    assert consumer.get("/consumer/profile/me") == {"data": {**profile, "gender": "female"}}


def test_onboarding_as_a_consumer_waits_for_the_basic_one(session: Session, signed_in: SignIn) -> None:
    consumer = signed_in(make_consumer(session, onboarded_at=None))

    assert consumer.refused("POST", "/consumer/onboarding", json={}) == (400, "Basic onboarding incomplete")


@pytest.mark.parametrize(("role", "word"), [(Role.CUSTOMER, "consumer"), (Role.VENDOR, "vendor")])
def test_everybody_reads_their_own_profile_with_the_role_in_small_letters(
    session: Session, signed_in: SignIn, role: Role, word: str
) -> None:
    profile = signed_in(make_consumer(session, role=role)).get("/profile/me")["data"]

    assert profile.keys() >= {"name", "phone", "city", "society"}
    assert profile["role"] == word
