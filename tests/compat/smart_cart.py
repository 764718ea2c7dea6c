"""The trolley's older app for tests, and a branch with what it needs."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import CartSession, Device, Product, ProductGtin, StockLocation, Trolley, User
from tests import factories
from tests.trolleys import Walk

BASE = "/compat/smart-cart"
PRODUCT = {
    "product_id": int,
    "product_name": str,
    "price": float,
    "discounted_price": (float, None),
    "barcode": str,
    "weight": (float, None),
    "expiry": (str, None),
    "category_id": (int, None),
    "offer_name": (str, None),
}
BARCODE = "8901234567890"


def assert_shape(value: Any, shape: Any) -> None:
    """Exactly these fields with exactly these JSON types. None in a tuple allows null; a list has one shape."""
    if isinstance(shape, tuple):
        if value is None:
            assert None in shape
            return
        shape = shape[0]
    if isinstance(shape, dict):
        assert value.keys() == shape.keys()
        for name, of in shape.items():
            assert_shape(value[name], of)
    elif isinstance(shape, list):
        assert value, "nothing in the list to look at"
        for each in value:
            assert_shape(each, shape[0])
    else:
        assert type(value) is shape, (value, shape)


@dataclass
class App:
    """The older app of one person."""

    client: FlaskClient
    headers: dict[str, str] = field(default_factory=dict)
    user: User | None = None

    def call(self, method: str, path: str, **request: Any) -> TestResponse:
        headers = {**self.headers, **request.pop("headers", {})}
        return self.client.open(f"{BASE}{path}", method=method, headers=headers, **request)

    def get(self, path: str, **query: Any) -> Any:
        return self._done(self.call("GET", path, query_string=query))

    def post(self, path: str, body: Any = None) -> Any:
        return self._done(self.call("POST", path, json=body))

    def refused(self, method: str, path: str, **request: Any) -> tuple[int, Any]:
        """Status and `detail` of a failure, which has nothing else."""
        answer = self.call(method, path, **request)
        assert answer.status_code >= 400, answer.text
        assert answer.is_json, answer.text
        assert answer.json.keys() == {"detail"}
        return answer.status_code, answer.json["detail"]

    @staticmethod
    def _done(answer: TestResponse) -> Any:
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json


@dataclass
class Store:
    """A branch with a trolley that has its device, and a product with a bar code: 500 g, 10.00, reduced from 12.50."""

    branch: StockLocation
    trolley: Trolley
    device: Device
    milk: Product


def open_store(session: Session, **device: Any) -> Store:
    branch = factories.make_location(session)
    trolley = factories.make_trolley(session, branch)
    prices = {"price": Decimal("10.00"), "compare_at_price": Decimal("12.50")}
    values = {**prices, "weight_grams": 500, "name": "Toned milk"}
    milk = factories.make_product(session, stock={branch: 50}, **values)
    session.add(ProductGtin(product_id=milk.id, gtin=BARCODE.zfill(14)))
    session.commit()
    return Store(branch, trolley, factories.make_device(session, trolley, **device), milk)


def sign_in(session: Session, client: FlaskClient, **columns: Any) -> App:
    user = factories.make_user(session, **columns)
    return App(client, factories.sign_in(session, user), user)


def connect(session: Session, app: App, store: Store) -> Walk:
    """Give the app's person the trolley of a store, as the press of its button would."""
    assert app.user is not None
    opened: CartSession = factories.make_cart_session(session, store.trolley, app.user)
    return Walk(store.branch, store.trolley, opened, app.user, app.client, app.headers)


def stand(session: Session, store: Store, *, x_cm: int, y_cm: int) -> None:
    """The trolley has told where it is."""
    told = {"floor": 0, "x_cm": x_cm, "y_cm": y_cm, "located_at": datetime(2027, 1, 1, tzinfo=UTC)}
    session.execute(update(Device).where(Device.id == store.device.id).values(**told))
    session.commit()
