"""The access log: one JSON line for each request, with its id and without anybody's secrets."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.middleware.log_format import DiscreetFormatter
from tests.conftest import make_app

CARD = "4242424242424242"


class Log:
    """What was logged during one test."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def log(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """The application's own log at its usual level, written to where this test looks; afterwards as before."""
    logger = logging.getLogger("aisle")
    handler = next(handler for handler in logger.handlers if isinstance(handler.formatter, DiscreetFormatter))
    written = Log()
    monkeypatch.setattr(handler, "stream", written.stream)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield written
    logger.setLevel(level)


def test_a_request_is_one_json_line(client: FlaskClient, log: Log) -> None:
    client.get("/api/v1/branches?limit=5", headers={"X-Request-Id": "find-me"})

    (line,) = log.lines()
    assert (line["level"], line["name"], line["message"]) == ("INFO", "aisle.access", "request")
    assert (line["method"], line["path"], line["query"]) == ("GET", "/api/v1/branches", "limit=5")
    assert (line["request_id"], line["status"], line["user_id"]) == ("find-me", 200, None)
    assert 0 < line["ms"] < 5000
    assert datetime.fromisoformat(line["time"]).tzinfo == UTC


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/api/v1/me", 401), ("/api/v1/branches?limit=0", 400)]
)
def test_a_refused_request_is_logged_too(client: FlaskClient, log: Log, path: str, status: int) -> None:
    answer = client.get(path)

    (line,) = log.lines()
    assert line["status"] == status
    assert line["request_id"] == answer.headers["X-Request-Id"]


def test_the_log_says_who_asked(client: FlaskClient, session: Any, log: Log) -> None:
    from tests.factories import make_user, sign_in

    user = make_user(session)
    client.get("/api/v1/me", headers=sign_in(session, user))

    assert [line["user_id"] for line in log.lines()] == [user.id]


@pytest.mark.parametrize(
    "name", ["token", "access_token", "password", "newPassword", "code", "email", "phone", "cvv", "iban"]
)
def test_telling_query_values_are_blanked(client: FlaskClient, log: Log, name: str) -> None:
    client.get("/nowhere", query_string={name: "hush-hush", "q": "milk"})

    (line,) = log.lines()
    assert line["query"] == f"{name}=[REDACTED]&q=milk"


def test_bodies_and_headers_are_not_logged(client: FlaskClient, log: Log) -> None:
    body = {"email": "dana@example.com", "password": "sunny-day-7"}
    client.post("/api/v1/auth/login", json=body, headers={"Authorization": "Bearer abc.def.ghi"})

    written = log.text()
    assert "auth/login" in written
    for secret in (*body.values(), "abc.def.ghi"):
        assert secret not in written


TILL_CODE = "48213950617283940516"
DEVICE_TOKEN = f"dvc_c0ffee01_{'aZ9-_' * 8}abc"
IN_THE_WRONG_PLACE = [
    CARD,
    "4242 4242 4242 4242",
    "eyJhbGciOi.eyJzdWIi.c2lnbmF0",
    "dana@example.com",
    TILL_CODE,
    TILL_CODE + "7",
    DEVICE_TOKEN,
]


@pytest.mark.parametrize("value", IN_THE_WRONG_PLACE)
@pytest.mark.parametrize("place", ["/api/v1/catalog/products/search?q={}", "/api/v1/{}"])
def test_secrets_in_the_wrong_place_are_blanked_too(client: FlaskClient, log: Log, place: str, value: str) -> None:
    client.get(place.format(value))

    written = log.text()
    assert written
    assert value not in written


@pytest.mark.parametrize("number", ["+919876543210", "+91 98765 43210", "+91-98765-43210", "+972 50 123 4567"])
def test_phone_numbers_are_masked_whoever_writes_them(log: Log, number: str) -> None:
    logging.getLogger("aisle.anything").warning("a code for %s at 2026-11-21T08:00:00+0200", number)

    (line,) = log.lines()
    assert line["message"] == "a code for [REDACTED] at 2026-11-21T08:00:00+0200"


@pytest.mark.parametrize("message", [f"card {CARD}", "sent Bearer abc.def-ghi", "got eyJhbGciOi.eyJzdWIi.c2lnbmF0"])
def test_messages_are_masked_whoever_writes_them(log: Log, message: str) -> None:
    logging.getLogger("aisle.anything").warning("%s to 5 people", message)

    (line,) = log.lines()
    assert line["message"].endswith("[REDACTED] to 5 people")


def test_what_is_logged_with_a_message_is_masked_too(log: Log) -> None:
    logging.getLogger("aisle.anything").warning("odd", extra={"note": f"card {CARD}"})

    (line,) = log.lines()
    assert line["note"] == "card [REDACTED]"


def test_a_line_break_in_an_address_does_not_make_a_second_line(client: FlaskClient, log: Log) -> None:
    client.get("/nowhere%0a{%22level%22:%20%22CRITICAL%22}?q=%0d%0amilk")

    assert len(log.lines()) == 1


def test_the_access_log_can_be_switched_off(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = make_app(app.config["SQLALCHEMY_DATABASE_URI"], log_level="ERROR")

    quiet.test_client().get("/livez")

    assert capsys.readouterr().err == ""
