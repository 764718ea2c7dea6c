"""The adapter itself: it carries requests and answers through, knows no rule, and can be taken away."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import compat
from app.compat.marketplace import table
from app.compat.marketplace.adapter import BASE, Adapter
from app.config import PROJECT
from app.extensions import limiter
from tests.compat.conftest import Old, SignIn, Street
from tests.conftest import make_app
from tests.factories import make_consumer, sign_in

APP = PROJECT / "app"
NO_DATABASE = "postgresql+psycopg://nowhere/none"
"""For requests that do not get as far as one."""


def test_nothing_imports_the_adapters_but_their_one_mount() -> None:
    importing = [
        path.relative_to(APP).as_posix()
        for path in sorted(APP.rglob("*.py"))
        if not path.is_relative_to(APP / "compat")
        and any(name.startswith("app.compat") for name in imported(path.read_text()))
    ]

    assert importing == ["__init__.py"]


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_adapter_knows_the_database_or_a_rule() -> None:
    known = {name for path in (APP / "compat").rglob("*.py") for name in imported(path.read_text())}

    ours = {name for name in known if name.startswith("app.") and not name.startswith("app.compat")}
    assert ours == {"app.services.shop_items", "app.services.shop_items.uploading"}
    assert not {name for name in known if name.startswith(("sqlalchemy", "psycopg"))}


def test_without_its_line_the_adapter_is_gone_and_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "ADAPTERS", ())

    client = make_app(NO_DATABASE).test_client()

    gone = client.get(f"{BASE}/api/v1/profile/me")
    assert (gone.status_code, gone.json["error"]["code"]) == (404, "HTTP_404")
    assert client.get("/api/v1/profile/me").status_code == 401


def test_our_own_addresses_keep_our_own_form(client: FlaskClient, session: Session) -> None:
    headers = sign_in(session, make_consumer(session))

    assert "data" in client.get("/api/v1/consumer/cart/view", headers=headers).json
    bare = {"Authorization": headers["Authorization"].removeprefix("Bearer ")}
    assert client.get("/api/v1/consumer/cart/view", headers=bare).json["error"]["code"] == "AUTH_REQUIRED"
    assert client.get(f"{BASE}elsewhere/api/v1/profile/me").json["error"]["code"] == "HTTP_404"


def test_every_path_of_the_table_is_one_of_ours_with_its_method(app: Flask) -> None:
    ours = {
        (method, re.sub(r"<[^>]+>", "1", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }

    named = {(route.method, "/api/v1" + re.sub(r"\{\w+\}", "1", route.path)) for route in table.ROUTES}

    assert named - ours == set()


def test_each_name_of_the_table_belongs_to_one_route() -> None:
    names = [(route.method, route.alias) for route in table.ROUTES if route.alias]
    names += [(route.method, route.path) for route in table.ROUTES if not route.finishes_upload]

    assert len(names) == len(set(names))


def test_these_lists_are_whole_or_have_fifty_rows() -> None:
    whole = {
        "/consumer/shops",
        "/consumer/shops/search",
        "/consumer/shop/{id}/items",
        "/consumer/order/history",
        "/consumer/orders/{id}/messages",
        "/vendor/item/my",
        "/vendor/orders",
        "/vendor/orders/{id}/messages",
        "/vendor/orders/issues",
    }
    wallets = {"/consumer/wallet/history", "/vendor/wallet/history"}
    office = {"/admin/users", "/admin/shops", "/admin/orders"}

    asked = {route.path: route.rows for route in table.ROUTES if route.rows}

    assert asked == dict.fromkeys(whole, 200) | dict.fromkeys(wallets | office, 50)


def test_these_routes_call_a_missing_body_a_validation_error() -> None:
    checked = {route.path for route in table.ROUTES if "HTTP_415" in route.refusals}

    assert checked == {
        "/send-otp",
        "/verify-otp",
        "/onboarding/basic",
        "/vendor/profile",
        "/vendor/upload-document",
        "/vendor/payout/setup",
        "/vendor/item/add",
    }


@pytest.mark.parametrize(
    ("old", "ours"),
    [
        ("/order/vendor", "/vendor/orders"),
        ("/order/vendor/status/7", "/vendor/orders/7/status"),
        ("/order/vendor/messages/7", "/vendor/orders/7/messages"),
        ("/order/vendor/message/send/7", "/vendor/orders/7/message"),
        ("/item/my", "/vendor/item/my"),
        ("/item/add", "/vendor/item/add"),
        ("/item/update/7", "/vendor/item/update/7"),
        ("/item/7/toggle", "/vendor/item/7/toggle"),
        ("/item/bulk-upload", "/vendor/item/bulk-upload"),
        ("/shop/my", "/vendor/shop/my"),
        ("/shop/7/items", "/consumer/shop/7/items"),
        ("/vendor/create-shop", "/vendor/shop"),
        ("/vendor/shop/toggle_status", "/vendor/shop/toggle-status"),
        ("/item/x/toggle", "/item/x/toggle"),
        ("/catalog/categories", "/catalog/categories"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_old_path_is_ours_whatever_the_method(method: str, old: str, ours: str) -> None:
    assert table.find(method, old)[1] == ours


def test_what_the_contract_does_not_know_goes_through_with_our_data(session: Session, street: Street) -> None:
    known = street.vendor.get("/vendor/shop/status-log")

    assert known.keys() == {"data", "meta"}
    assert street.consumer.get("/catalog/categories").keys() >= {"data"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/send-otp", 405), ("GET", "/item/x/toggle", 404)],
)
def test_addresses_there_are_not_fail_in_the_older_envelope(old: Old, method: str, path: str, status: int) -> None:
    assert old.refused(method, path)[0] == status


def test_a_wrong_content_type_and_a_broken_body_fail_in_the_older_envelope(street: Street) -> None:
    add = "/consumer/cart/add"

    assert street.consumer.refused("POST", add, data="x=1", content_type="text/plain")[0] == 415
    assert street.consumer.refused("POST", add, data="{", content_type="application/json")[0] == 400


def test_a_limit_says_so_with_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "enabled", limiter.enabled)  # all applications share it: put it back afterwards
    old = Old(make_app(NO_DATABASE, rate_limit_enabled=True, rate_limit_defaults="1 per minute").test_client())
    refresh = {"json": {"refresh_token": "x"}}
    assert old.refused("POST", "/auth/refresh", **refresh) == (401, "invalid token")

    answer = old.call("POST", "/auth/refresh", **refresh)

    assert (answer.status_code, answer.json["code"]) == (429, 429)
    assert "limit" in answer.json["message"]
    assert int(answer.headers["Retry-After"]) > 0


def test_an_unexpected_failure_is_a_500_in_the_older_envelope(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("app.services.shop_carts.reading.view", broken)

    status, message = street.consumer.refused("GET", "/consumer/cart/view")

    assert status == 500
    assert "secret" not in message


def test_headers_go_both_ways(street: Street) -> None:
    answer = street.consumer.call("GET", "/consumer/cart/view", headers={"X-Request-ID": "mine-7"})

    assert answer.headers["X-Request-ID"] == "mine-7"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_a_preflight_needs_no_token() -> None:
    origin = "https://vendor.example.com"
    app = make_app(NO_DATABASE, cors_allowed_origins=origin)
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    for path in ("/order/vendor/status/7", "/consumer/cart/clear"):
        answer = Old(app.test_client()).call("OPTIONS", path, headers=asking)

        assert answer.status_code in (200, 204)
        assert answer.headers["Access-Control-Allow-Origin"] == origin


def test_pages_and_probes_go_through_as_they_are(client: FlaskClient) -> None:
    assert client.get(f"{BASE}/health").json == client.get("/health").json
    assert client.get(f"{BASE}/apispec.json").json["openapi"]
    assert client.get(BASE).status_code == 302
    assert client.get(f"{BASE}/docs/").mimetype == "text/html"


def test_an_unchanged_list_is_answered_without_a_body(street: Street, signed_in: SignIn) -> None:
    street.consumer.post("/consumer/cart/add", {"item_id": street.item.id})
    order = street.consumer.post("/consumer/order/confirm", {})["order_id"]
    path = f"/consumer/orders/{order}/messages"
    etag = street.consumer.call("GET", path).headers["ETag"]

    again = street.consumer.call("GET", path, headers={"If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")


class Behind:
    """An application behind the adapter that answers one thing and notes what it was asked."""

    def __init__(self, content_type: str, parts: Iterable[bytes], status: str = "200 OK") -> None:
        self.content_type, self.parts, self.status = content_type, parts, status
        self.environ: dict[str, Any] = {}
        self.closed = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> "Behind":
        self.environ = environ
        start_response(self.status, [("Content-Type", self.content_type)])
        return self

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)

    def close(self) -> None:
        self.closed = True


def through(app: Flask, behind: Behind, path: str, **environ: str) -> tuple[str, Iterable[bytes]]:
    adapter = Adapter(app)
    adapter.inner = behind
    started: list[str] = []
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": f"{BASE}/api/v1{path}", **environ}
    parts = adapter(asked, lambda status, _headers: started.append(status) or len)  # type: ignore[arg-type, func-returns-value]
    return started[0], parts


def test_a_stream_of_events_is_handed_on_piece_by_piece(app: Flask) -> None:
    sent = []

    def events() -> Iterator[bytes]:
        for number in range(3):
            sent.append(number)
            yield b"data: %d\n\n" % number

    behind = Behind("text/event-stream; charset=utf-8", events())

    _, parts = through(app, behind, "/me/events")

    assert parts is behind
    assert sent == []
    assert next(iter(parts)) == b"data: 0\n\n"
    assert sent == [0]


def test_an_answer_that_is_made_over_is_closed(app: Flask) -> None:
    behind = Behind("application/json", [b'{"data": ', b'{"message": "OTP sent"}}'], "201 CREATED")

    status, parts = through(app, behind, "/send-otp", REQUEST_METHOD="POST")

    assert status == "200 OK"
    assert orjson.loads(b"".join(parts)) == {"status": "success", "message": "OTP sent"}
    assert behind.closed


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("", "limit=200"),
        ("status=open", "status=open&limit=200"),
        ("limit=5", "limit=5"),
        ("a=limit", "a=limit&limit=200"),
    ],
)
def test_rows_are_asked_for_where_the_client_names_none(app: Flask, sent: str, asked: str) -> None:
    behind = Behind("text/plain", [])

    through(app, behind, "/consumer/shops", QUERY_STRING=sent)

    assert behind.environ["QUERY_STRING"] == asked


def test_no_more_rows_are_asked_for_than_the_settings_allow() -> None:
    behind = Behind("text/plain", [])

    through(make_app(NO_DATABASE, default_limit=10, max_limit=20), behind, "/consumer/shops")

    assert behind.environ["QUERY_STRING"] == "limit=20"


@pytest.mark.parametrize(
    ("sent", "passed"),
    [("abc", "Bearer abc"), (" abc ", "Bearer abc"), ("Bearer abc", "Bearer abc"), ("Basic a", "Basic a")],
)
def test_a_bare_token_gets_its_scheme(app: Flask, sent: str, passed: str) -> None:
    behind = Behind("text/plain", [])

    through(app, behind, "/profile/me", HTTP_AUTHORIZATION=sent)

    assert behind.environ["HTTP_AUTHORIZATION"] == passed


def test_addresses_that_are_made_stay_below_the_base(app: Flask) -> None:
    behind = Behind("text/plain", [])

    through(app, behind, "/order/vendor", SCRIPT_NAME="/shop")

    assert behind.environ["SCRIPT_NAME"] == f"/shop{BASE}"
    assert behind.environ["PATH_INFO"] == "/api/v1/vendor/orders"
