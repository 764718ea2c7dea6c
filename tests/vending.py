"""A vendor at work, for tests of what vendors edit."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import LiveEvent, User
from tests.factories import make_vendor, sign_in

VENDOR = "/api/v1/vendor"
BUSINESS = {
    "business_type": "grocery",
    "business_name": "Asha Stores",
    "address": "4 Baner Road, Pune",
    "gst_number": "27ABCDE1234F1Z5",
}
SHOP = {"shop_name": "Asha Stores", "shop_type": "grocery"}


@dataclass
class Vendor:
    """A signed-in vendor with a client."""

    user: User
    client: FlaskClient
    headers: dict[str, str]

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        return self.client.open(f"{VENDOR}{path}", method=method, headers=self.headers, **kwargs)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.json
        return answer.json

    def post(self, path: str, body: Any = None) -> Any:
        """What a call that succeeds answers."""
        answer = self.call("POST", path, json=body)
        assert answer.status_code == 200, answer.json
        return answer.json["data"]

    def refused(self, method: str, path: str, **kwargs: Any) -> tuple[int, str, str]:
        """(status, code, message) of a call that is refused."""
        answer = self.call(method, path, **kwargs)
        error = answer.json["error"]
        return answer.status_code, error["code"], error["message"]


def make_signed_in_vendor(session: Session, client: FlaskClient, **columns: Any) -> Vendor:
    user = make_vendor(session, **columns)
    return Vendor(user, client, sign_in(session, user))


def news_of(session: Session, user: User) -> list[tuple[str, dict[str, Any]]]:
    """(topic, payload) of what a user was told, oldest first."""
    statement = select(LiveEvent.topic, LiveEvent.payload).where(LiveEvent.user_id == user.id).order_by(LiveEvent.id)
    return [tuple(row) for row in session.execute(statement)]
