"""A shop and its shoppers for tests of checkout: everything a confirm needs, in few words."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import DeliverySlot, Product, StockLocation, User
from app.services import invariants
from tests import factories

DEMO_CARD = 1
_keys = itertools.count(1)


@dataclass
class Shop:
    """A warehouse with products and a slot that is always open."""

    warehouse: StockLocation
    slot: DeliverySlot
    products: list[Product] = field(default_factory=list)


def open_shop(session: Session, *, stock: int = 100, products: int = 1, capacity: int = 10_000, **columns: Any) -> Shop:
    """A shop whose products cost 10.00 (or as given) and have `stock` pieces in the warehouse."""
    warehouse = factories.make_warehouse(session)
    slot = factories.make_slot(session, warehouse, capacity=capacity)
    category = factories.make_category(session)
    made = [
        factories.make_product(session, stock={warehouse: stock}, category_id=category.id, **columns)
        for _ in range(products)
    ]
    return Shop(warehouse, slot, made)


@dataclass
class Shopper:
    """A signed-in customer with a client of their own."""

    user: User
    client: FlaskClient
    headers: dict[str, str]

    def add(self, product: Product, quantity: int = 1) -> TestResponse:
        line = {"product_id": product.id, "quantity": quantity}
        return self.client.post("/api/v1/cart/items", json=line, headers=self.headers)

    def cart_id(self) -> int:
        return int(self.client.get("/api/v1/cart", headers=self.headers).json["data"]["id"])

    def confirm(self, shop: Shop, *, key: str | None = None, **body: Any) -> TestResponse:
        form = {"payment_token_id": DEMO_CARD, "delivery_slot_id": shop.slot.id, "address": "12 Market Street, Haifa"}
        if "cart_id" not in body:
            form["cart_id"] = self.cart_id()
        headers = {**self.headers, "Idempotency-Key": key or f"key-{next(_keys)}"}
        return self.client.post("/api/v1/checkout/confirm", json={**form, **body}, headers=headers)

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.post(f"/api/v1{path}", headers=self.headers, **kwargs)


def make_shopper(session: Session, client: FlaskClient) -> Shopper:
    user = factories.make_user(session)
    return Shopper(user, client, factories.sign_in(session, user))


def one(session: Session, model: type[Any]) -> Any:
    """The only row of a table, as the database has it now."""
    return session.execute(select(model).execution_options(populate_existing=True)).scalar_one()


def assert_sound() -> None:
    """Stock, slots, orders, payments and books agree."""
    assert {name: n for name, n in invariants.violations().items() if n} == {}
