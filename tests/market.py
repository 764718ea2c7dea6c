"""A vendor's shop and its people for tests of the marketplace, in few words."""

import itertools
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AccountKind, JournalReason
from app.models import Account, Entry, Product, Shop, User
from app.services import ledger
from app.services.ledger import Move
from tests import factories

_gifts = itertools.count(1)


@dataclass
class Person:
    """Somebody signed in, with a client of their own."""

    user: User
    client: FlaskClient
    headers: dict[str, str]

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers, **kwargs)

    def post(self, path: str, json: Any = None, *, key: str | None = None) -> TestResponse:
        headers = {**self.headers, "Idempotency-Key": key} if key else self.headers
        return self.client.post(f"/api/v1{path}", json=json, headers=headers)


@dataclass
class Market:
    """One shop, its vendor, and a consumer who lives next door."""

    shop: Shop
    vendor: Person
    consumer: Person

    def order(self, *items: Product, quantity: int = 2, mode: str = "cash", **body: Any) -> int:
        """The consumer orders `quantity` of each item; answers the order's id."""
        for item in items:
            added = self.consumer.post("/consumer/cart/add", {"item_id": item.id, "quantity": quantity})
            assert added.status_code == 200, added.json
        made = self.consumer.post("/consumer/order/confirm", {"payment_mode": mode, **body})
        assert made.status_code == 201, made.json
        return int(made.json["data"]["order_id"])

    def answer(self, order_id: int, status: str) -> TestResponse:
        return self.vendor.post(f"/vendor/orders/{order_id}/status", {"status": status})

    def order_of(self, order_id: int) -> dict[str, Any]:
        """The order as its consumer sees it."""
        found: dict[str, Any] = self.consumer.get(f"/consumer/orders/{order_id}").json["data"]
        return found


def sign_in(session: Session, client: FlaskClient, user: User) -> Person:
    return Person(user, client, factories.sign_in(session, user))


def open_market(session: Session, client: FlaskClient, **shop: Any) -> Market:
    vendor = factories.make_vendor(session)
    made = factories.make_shop(session, vendor, **shop)
    consumer = factories.make_consumer(session)
    return Market(made, sign_in(session, client, vendor), sign_in(session, client, consumer))


def fill_wallet(session: Session, user: User, amount: str) -> None:
    """Put money into a user's wallet, as a journal that balances."""
    moves = [Move(AccountKind.ADJUSTMENTS, -Decimal(amount)), Move(AccountKind.WALLET, Decimal(amount), user.id)]
    reference = f"gift:{user.id}:{next(_gifts)}"
    ledger.post(session, reference=reference, description="gift", moves=moves, reason=JournalReason.API)
    session.commit()


def balance(session: Session, kind: AccountKind, owner_id: int | None) -> Decimal:
    """What the entries of an account come to."""
    of_account = select(func.coalesce(func.sum(Entry.amount), 0)).join(Account, Account.id == Entry.account_id)
    owner = Account.owner_id.is_(None) if owner_id is None else Account.owner_id == owner_id
    total: Decimal = session.execute(of_account.where(Account.kind == kind, owner)).scalar_one()
    return total
