"""What the payment provider may tell us over HTTP."""

import json
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.config import webhook_secrets
from app.models import WebhookEvent
from tests.signing import sign

ADDRESS = "/webhooks/payments/mockpay"
EVENT = json.dumps({"id": "evt_1", "type": "payment.authorized", "data": {}}).encode()


@pytest.fixture
def secret(app: Flask) -> str:
    return webhook_secrets(app.extensions["settings"])[0]


def send(client: FlaskClient, raw: bytes, signature: str, **more: Any) -> TestResponse:
    headers = {more.get("header", "X-Webhook-Signature"): signature}
    return client.post(more.get("address", ADDRESS), data=raw, headers=headers, content_type="application/json")


def signed(raw: bytes, secret: str, age: int = 0) -> str:
    return sign(raw, secret=secret, at=int(time.time()) - age)


def kept(session: Session) -> list[tuple[str, str]]:
    return [(row.event_id, row.raw) for row in session.execute(select(WebhookEvent)).scalars()]


@pytest.mark.parametrize("header", ["X-Webhook-Signature", "Stripe-Signature"])
def test_a_signed_event_is_kept_word_for_word_and_acknowledged(
    client: FlaskClient, session: Session, secret: str, header: str
) -> None:
    answer = send(client, EVENT, signed(EVENT, secret), header=header)

    assert (answer.status_code, answer.json) == (200, {"data": {"received": True}})
    assert kept(session) == [("evt_1", EVENT.decode())]


def test_an_event_sent_twice_is_acknowledged_twice_and_kept_once(
    client: FlaskClient, session: Session, secret: str
) -> None:
    first = send(client, EVENT, signed(EVENT, secret))
    second = send(client, EVENT, signed(EVENT, secret, age=10))

    assert (first.status_code, second.status_code) == (200, 200)
    assert len(kept(session)) == 1


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(signed(EVENT, "somebody else's secret"), id="forged"),
        pytest.param("", id="none"),
        pytest.param("t=1,v1=00", id="malformed"),
        pytest.param("t=1,v1=\xe9\xe9", id="beyond ASCII"),
    ],
)
def test_an_unproven_event_is_refused_and_leaves_no_trace(
    client: FlaskClient, session: Session, signature: str
) -> None:
    answer = send(client, EVENT, signature)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_SIGNATURE")
    assert kept(session) == []


def test_an_event_signed_too_long_ago_is_refused(client: FlaskClient, session: Session, secret: str) -> None:
    answer = send(client, EVENT, signed(EVENT, secret, age=310))

    assert answer.json["error"]["code"] == "INVALID_SIGNATURE"
    assert kept(session) == []


def test_an_event_without_any_signature_header_is_refused(client: FlaskClient) -> None:
    assert client.post(ADDRESS, data=EVENT).json["error"]["code"] == "INVALID_SIGNATURE"


def test_a_body_over_64_kib_is_refused_before_its_signature_counts(
    client: FlaskClient, session: Session, secret: str
) -> None:
    large = EVENT[:-1] + b" " * (64 * 1024 - len(EVENT) + 1) + b"}"
    exact = large[:-2] + b"}"

    refused = send(client, large, signed(large, secret))
    taken = send(client, exact, signed(exact, secret))

    assert (refused.status_code, refused.json["error"]["code"]) == (413, "HTTP_413")
    assert (len(exact), taken.status_code) == (64 * 1024, 200)
    assert len(kept(session)) == 1


@pytest.mark.parametrize("provider", ["stripe", "paypal", "MOCKPAY"])
def test_only_the_provider_of_this_shop_has_an_address(client: FlaskClient, secret: str, provider: str) -> None:
    answer = send(client, EVENT, signed(EVENT, secret), address=f"/webhooks/payments/{provider}")

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"id": 7}', id="a number as id"),
        pytest.param(b'{"id": ""}', id="an empty id"),
        pytest.param(b'{"id": "a\\u0000b"}', id="a NUL in the id"),
        pytest.param(b'{"id": "' + b"x" * 256 + b'"}', id="a long id"),
        pytest.param(b'{"id": "\xff"}', id="not UTF-8"),
        pytest.param('{"id": "evt"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b"[" * 60_000, id="deeply nested"),
    ],
)
def test_a_signed_body_that_is_no_event_is_a_clean_400(
    client: FlaskClient, session: Session, secret: str, raw: bytes
) -> None:
    answer = send(client, raw, signed(raw, secret))

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "BAD_REQUEST")
    assert kept(session) == []


def test_taking_in_an_event_costs_one_statement(client: FlaskClient, secret: str, statements: list[str]) -> None:
    statements.clear()

    send(client, EVENT, signed(EVENT, secret))

    assert len(statements) == 1
