"""An order of a vendor's shop with its two sides signed in, for tests of reading and talking."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Order, Shop, User
from tests import factories

CONSUMER = "/api/v1/consumer/orders"
VENDOR = "/api/v1/vendor/orders"


@dataclass
class Deal:
    """One order, its consumer and its vendor."""

    client: FlaskClient
    consumer: User
    vendor: User
    shop: Shop
    order: Order
    as_consumer: dict[str, str]
    as_vendor: dict[str, str]

    def consumer_posts(self, action: str, body: Any = None) -> TestResponse:
        return self.client.post(f"{CONSUMER}/{self.order.id}/{action}", json=body, headers=self.as_consumer)

    def vendor_posts(self, action: str, body: Any = None) -> TestResponse:
        return self.client.post(f"{VENDOR}/{self.order.id}/{action}", json=body, headers=self.as_vendor)

    def consumer_gets(self, part: str = "", **query: Any) -> TestResponse:
        return self.client.get(f"{CONSUMER}/{self.order.id}{part}", query_string=query, headers=self.as_consumer)

    def vendor_gets(self, part: str = "", **query: Any) -> TestResponse:
        return self.client.get(f"{VENDOR}/{self.order.id}{part}", query_string=query, headers=self.as_vendor)


def make_deal(client: FlaskClient, session: Session, **columns: Any) -> Deal:
    """A pending order by cash, unless the columns of the order say otherwise."""
    consumer, vendor = factories.make_consumer(session), factories.make_vendor(session)
    shop = factories.make_shop(session, vendor)
    order = factories.make_shop_order(session, consumer, shop, **columns)
    as_consumer, as_vendor = factories.sign_in(session, consumer), factories.sign_in(session, vendor)
    return Deal(client, consumer, vendor, shop, order, as_consumer, as_vendor)


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and message of an error."""
    return answer.status_code, answer.json["error"]["message"]
