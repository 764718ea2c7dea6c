"""Older clients of the marketplace: their base address, their bare token, their flat answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import Role
from app.models import Product, Shop, User
from tests.factories import make_consumer, make_item, make_shop, make_user, make_vendor, sign_in

BASE = "/compat/marketplace/api/v1"


@dataclass
class Old:
    """An older client; it sends its access token bare."""

    client: FlaskClient
    token: str | None = None
    user: User | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **request: Any) -> TestResponse:
        headers = {**self.headers, **request.pop("headers", {})}
        if self.token is not None:
            headers.setdefault("Authorization", self.token)
        return self.client.open(f"{BASE}{path}", method=method, headers=headers, **request)

    def get(self, path: str) -> dict[str, Any]:
        """What stands beside `status` in a success."""
        return self._success(self.call("GET", path))

    def post(self, path: str, *body: Any, **request: Any) -> dict[str, Any]:
        """The same for POST, with a JSON body where one is given (`None` is the body `null`)."""
        if body:
            request |= {"data": json.dumps(body[0]), "content_type": "application/json"}
        return self._success(self.call("POST", path, **request))

    def refused(self, method: str, path: str, **request: Any) -> tuple[int, str]:
        """Status and message of a failure, whose envelope is checked here."""
        answer = self.call(method, path, **request)
        body = answer.json
        assert body["status"] == "error", body
        assert body["code"] == answer.status_code
        assert body.keys() <= {"status", "message", "code", "errors"}
        return answer.status_code, body["message"]

    @staticmethod
    def _success(answer: TestResponse) -> dict[str, Any]:
        body: dict[str, Any] = answer.json
        assert answer.status_code == 200, body
        assert body.pop("status") == "success", body
        return body


@dataclass
class Street:
    """A consumer and a vendor of one society, the vendor's open shop and an item of it."""

    consumer: Old
    vendor: Old
    shop: Shop
    item: Product


SignIn = Callable[[User], Old]


@pytest.fixture
def old(client: FlaskClient) -> Old:
    """A client nobody has signed in with."""
    return Old(client)


@pytest.fixture
def signed_in(client: FlaskClient, session: Session) -> SignIn:
    def sign(user: User) -> Old:
        token = sign_in(session, user)["Authorization"].removeprefix("Bearer ")
        return Old(client, token, user)

    return sign


@pytest.fixture
def street(session: Session, signed_in: SignIn) -> Street:
    owner = make_vendor(session)
    shop = make_shop(session, owner, name="Rose Shop")
    item = make_item(session, shop, name="Basmati rice", sku="RICE-1", brand="Daawat", compare_at_price=12)
    return Street(signed_in(make_consumer(session)), signed_in(owner), shop, item)


@pytest.fixture
def admin(session: Session, signed_in: SignIn) -> Old:
    return signed_in(make_user(session, role=Role.ADMIN, phone="+919800000000"))
