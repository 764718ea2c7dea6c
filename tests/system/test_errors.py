"""Whatever goes wrong, the answer is one envelope, carries its headers and gives nothing away."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.extensions import limiter
from app.flask_config import LARGEST_BODY
from app.middleware.redis_counts import RedisCounts
from app.transaction import transaction
from tests.conftest import dispose, make_app
from tests.factories import make_user, sign_in
from tests.shopping import open_shop

LOGIN = "/api/v1/auth/login"
SECRET = "sunny-day-7"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def assert_is_error(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The envelope, whole and nothing else; answers its inside."""
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    error = answer.json["error"]
    assert set(answer.json) == {"error"}
    assert set(error) == {"code", "message", "status_code", "details"}
    assert (error["code"], error["status_code"]) == (code, status)
    assert error["message"]
    assert answer.headers["X-Request-Id"]
    return error


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/api/v1/orders/x", "/api/v1/branches/-1"])
def test_an_unknown_address_is_a_404(client: FlaskClient, method: str, path: str) -> None:
    assert_is_error(client.open(path, method=method), 404, "HTTP_404")


def test_a_wrong_method_is_a_405_that_lists_the_right_ones(client: FlaskClient) -> None:
    answer = client.patch("/api/v1/cart/items")

    assert_is_error(answer, 405, "HTTP_405")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "PUT", "OPTIONS"}


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "NONSENSE"])
def test_an_unheard_of_method_is_a_405(client: FlaskClient, method: str) -> None:
    assert_is_error(client.open(LOGIN, method=method), 405, "HTTP_405")


@pytest.mark.parametrize("length", [LARGEST_BODY + 1, 10 * LARGEST_BODY])
def test_a_large_body_is_a_413(client: FlaskClient, length: int) -> None:
    answer = client.post(LOGIN, data=b" " * length, content_type="application/json")

    assert_is_error(answer, 413, "HTTP_413")


def test_a_large_body_of_unknown_length_is_a_413_too(client: FlaskClient) -> None:
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    body = BytesIO(b'{"email": "a@example.com"}' + b" " * LARGEST_BODY)

    answer = client.post(LOGIN, input_stream=body, content_type="application/json", environ_overrides=chunked)

    assert_is_error(answer, 413, "HTTP_413")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", "", "json"])
def test_a_body_that_is_not_json_is_a_415(client: FlaskClient, content_type: str) -> None:
    answer = client.post(LOGIN, data=b'{"email": "a@example.com"}', content_type=content_type)

    assert_is_error(answer, 415, "HTTP_415")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"{]",
        b'{"email": }',
        b"{'email': 'a'}",
        b'{"a": NaN',
        b"\xff\xfe{}",
        b'{"email": "\xc3\x28"}',
        b'{"email": "\\ud800"}',
        b"\x00",
        b"[" * 5_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"nul",
    ],
)
def test_malformed_json_is_a_400(client: FlaskClient, body: bytes) -> None:
    answer = client.post(LOGIN, data=body, content_type="application/json")

    assert_is_error(answer, 400, "BAD_REQUEST")


@pytest.mark.parametrize("body", ["null", "true", "0", "1.5", '"text"', "[]", "[[]]", '[{"email": "a@example.com"}]'])
def test_json_that_is_no_object_is_a_400(client: FlaskClient, body: str) -> None:
    error = assert_is_error(client.post(LOGIN, data=body, content_type="application/json"), 400, "VALIDATION_ERROR")

    assert error["details"]["errors"][0]["loc"] == ["body"]


@pytest.mark.parametrize("value", [None, True, 7, 1e400, [], {}, {"$ne": ""}, "", "\x00", "a\x00@example.com"])
def test_values_of_the_wrong_kind_are_named_but_never_echoed(client: FlaskClient, value: Any) -> None:
    body = '{"email": 1e400, "password": "x"}' if value == 1e400 else None
    form = {"data": body, "content_type": "application/json"} if body else {"json": {"email": value, "password": "x"}}

    error = assert_is_error(client.post(LOGIN, **form), 400, "VALIDATION_ERROR")

    faults = error["details"]["errors"]
    assert [fault["loc"] for fault in faults] == [["body", "email"], ["body", "password"]]
    assert all(set(fault) == {"loc", "msg", "type"} for fault in faults)


def test_every_text_a_signed_in_user_sends_refuses_the_nul_character(client: FlaskClient, session: Session) -> None:
    headers = sign_in(session, make_user(session))
    product = open_shop(session).products[0]
    address = {"address_line": "1 Market\x00Street", "city": "Haifa", "postal_code": "33031", "country": "Israel"}
    wish = {"product_id": product.id, "note": "for\x00Friday"}

    answers = [
        client.post("/api/v1/me/addresses", json=address, headers=headers),
        client.post("/api/v1/store/wishlist", json=wish, headers=headers),
        client.patch("/api/v1/me", json={"full_name": "Da\x00na"}, headers=headers),
        client.get("/api/v1/catalog/products/search?q=%00"),
    ]

    for answer in answers:
        assert_is_error(answer, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", ["/api/v1/branches/{}", "/api/v1/catalog/products/{}"])
@pytest.mark.parametrize("number", [0, 2**31, 2**63 - 1, 2**63, 10**400])
def test_an_id_of_any_size_is_a_404(client: FlaskClient, path: str, number: int) -> None:
    assert client.get(path.format(number)).status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "offset=-1", "cursor=%00", "unknown=1", "limit="])
def test_a_faulty_query_is_a_400(client: FlaskClient, query: str) -> None:
    error = assert_is_error(client.get(f"/api/v1/branches?{query}"), 400, "VALIDATION_ERROR")

    assert error["details"]["errors"][0]["loc"][0] == "query"


@pytest.mark.parametrize("given", ["abc-123", "x" * 100, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])
def test_a_plain_request_id_is_sent_back(client: FlaskClient, given: str) -> None:
    assert client.get("/livez", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "two words", "tab\there", "שלום", "x\x7f"])
def test_an_odd_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/livez", environ_overrides={"HTTP_X_REQUEST_ID": given})

    assert len(answer.headers["X-Request-Id"]) == 32
    assert answer.headers["X-Request-Id"] != given


def test_a_request_id_is_new_for_each_request(client: FlaskClient) -> None:
    assert client.get("/livez").headers["X-Request-Id"] != client.get("/livez").headers["X-Request-Id"]


@pytest.mark.parametrize(
    "path", ["/livez", "/", "/apispec.json", "/docs/", "/nowhere", "/api/v1/me", "/api/v1/branches"]
)
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert HEADERS.items() <= dict(answer.headers).items()
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    assert {"base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "Strict-Transport-Security" not in answer.headers


def test_over_https_browsers_are_told_to_stay_there(client: FlaskClient) -> None:
    answer = client.get("/livez", base_url="https://localhost")

    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def preflight(client: FlaskClient, origin: str, path: str = "/api/v1/checkout/confirm") -> TestResponse:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "Authorization, Idempotency-Key",
    }
    return client.options(path, headers={"Origin": origin, **asked})


@pytest.fixture
def one_origin(app: Flask) -> Iterator[Flask]:
    """An application for the pages of one site."""
    application = make_app(app.config["SQLALCHEMY_DATABASE_URI"], cors_allowed_origins="https://shop.example")
    yield application
    dispose(application)


def test_a_page_of_an_allowed_site_may_call_with_a_token_and_a_key(one_origin: Flask) -> None:
    answer = preflight(one_origin.test_client(), "https://shop.example")

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "idempotency-key"} <= set(allowed.replace(" ", "").split(","))
    assert "Access-Control-Allow-Credentials" not in answer.headers


AUDIENCES = ["/api/v1/consumer/", "/api/v1/vendor/", "/api/v1/admin/", "/api/v1/link/", "/api/v1/onboarding/"]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_preflights_of_guarded_routes_need_no_token(one_origin: Flask, audience: str) -> None:
    client = one_origin.test_client()
    rules = [rule.rule for rule in one_origin.url_map.iter_rules() if rule.rule.startswith(audience)]
    paths = {re.sub(r"<[^>]+>", "1", rule) for rule in rules}

    answers = [preflight(client, "https://shop.example", path) for path in sorted(paths)]

    assert answers
    assert {answer.status_code for answer in answers} == {204}
    assert {answer.headers.get("Access-Control-Allow-Origin") for answer in answers} == {"https://shop.example"}
    assert {answer.headers["Vary"] for answer in answers} == {"Origin"}
    assert {"authorization" in answer.headers["Access-Control-Allow-Headers"].lower() for answer in answers} == {True}
    assert [client.options(path).status_code for path in sorted(paths)] == [204] * len(paths)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://shop.example.evil.example", "null", "http://shop.example"]
)
def test_a_page_of_another_site_is_not_let_in(one_origin: Flask, origin: str) -> None:
    answer = preflight(one_origin.test_client(), origin)

    assert answer.status_code == 204
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_may_read_the_headers_it_needs_of_an_error_too(one_origin: Flask) -> None:
    answer = one_origin.test_client().get("/api/v1/me", headers={"Origin": "https://shop.example"})

    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert {"X-Request-Id", "Retry-After"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


def test_what_one_origin_was_told_is_not_what_another_is_told(one_origin: Flask) -> None:
    client = one_origin.test_client()
    ours, theirs = "https://shop.example", "https://evil.example"

    told = [
        client.get(path, headers={"Origin": origin}).headers.get("Access-Control-Allow-Origin")
        for _ in range(2)
        for origin in (ours, theirs)
        for path in ("/api/v1/nothing", "/livez")
    ]

    assert told == [ours, None, None, None] * 2


@pytest.fixture
def without_database() -> Iterator[Flask]:
    """An application whose database is down: nobody listens on port 1."""
    application = make_app("postgresql+psycopg://nobody:hush-hush@127.0.0.1:1/nothing")
    yield application
    dispose(application)


def test_without_a_database_requests_are_503_and_may_be_tried_again(without_database: Flask) -> None:
    client = without_database.test_client()

    answers = [
        client.get("/api/v1/branches"),
        client.get("/api/v1/catalog/products/search"),
        client.post(LOGIN, json={"email": "dana@example.com", "password": SECRET}),
        client.post("/api/v1/cart/guest"),
    ]

    for answer in answers:
        assert_is_error(answer, 503, "SERVICE_UNAVAILABLE")
        assert answer.headers["Retry-After"] == "2"
        assert "hush-hush" not in answer.text
        assert "127.0.0.1" not in answer.text


def test_without_a_database_the_process_is_alive_but_not_ready(without_database: Flask) -> None:
    client = without_database.test_client()

    assert client.get("/livez").status_code == 200
    assert_is_error(client.get("/readyz"), 503, "SERVICE_UNAVAILABLE")


def test_a_ready_service_says_so(client: FlaskClient) -> None:
    assert client.get("/readyz").json == {"status": "ok"}
    assert client.get("/api/v1/health").json == {"data": {"status": "ok"}}
    assert client.get("/health").json == client.get("/health/ready").json == {"status": "ok"}


def test_without_the_store_of_the_limiter_the_shop_stays_open(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "enabled", limiter.enabled)  # all applications share it: put it back afterwards
    application = make_app(app.config["SQLALCHEMY_DATABASE_URI"], rate_limit_enabled=True)

    monkeypatch.setattr(limiter.limiter, "storage", RedisCounts("aisle-redis://127.0.0.1:1/0"))

    answer = application.test_client().get("/api/v1/branches")
    dispose(application)

    assert answer.status_code == 200


EMAIL = "dana@example.com"
BUG = "a bug that saw Bearer abc.def-ghi"
BROKEN = text("SELECT nonsense FROM users WHERE email = :email")
TWICE = text("INSERT INTO users (email, full_name) VALUES (:email, :name), (:email, :name)")


def failing(application: Flask) -> FlaskClient:
    """A client of an application with three more addresses, each failing in its own way."""

    def broken_sql() -> None:
        with transaction() as session:
            session.execute(BROKEN, {"email": EMAIL})

    def duplicate() -> None:
        with transaction() as session:
            session.execute(TWICE, {"email": EMAIL, "name": SECRET})

    def bug() -> None:
        raise RuntimeError(BUG)

    for view in (broken_sql, duplicate, bug):
        application.add_url_rule(f"/fails/{view.__name__}", view_func=view)
    # Flask raises unexpected errors into tests; here the answer is what is tested
    application.config["PROPAGATE_EXCEPTIONS"] = False
    return application.test_client()


@pytest.mark.parametrize("way", ["broken_sql", "duplicate", "bug"])
def test_an_unexpected_failure_gives_away_only_its_request_id(
    app: Flask, way: str, capfd: pytest.CaptureFixture[str]
) -> None:
    application = make_app(app.config["SQLALCHEMY_DATABASE_URI"])
    capfd.readouterr()

    answer = failing(application).get(f"/fails/{way}", headers={"X-Request-Id": "find-me"})
    dispose(application)

    error = assert_is_error(answer, 500, "UNEXPECTED_ERROR")
    assert error["details"] == {"request_id": "find-me"}
    logged = capfd.readouterr().err
    assert f"in {way}" in logged
    for leak in ("SELECT", "INSERT", EMAIL, SECRET, "abc.def-ghi"):
        assert leak not in answer.text + logged
