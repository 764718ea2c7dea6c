"""A shopper with a trolley for tests, in few words."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import SoldBy
from app.models import CartItem, CartSession, Inventory, Product, Reservation, StockLocation, Trolley, User
from app.services import locks
from app.services.trolleys import basket, goods
from app.services.trolleys.basket import LineNow
from app.transaction import transaction
from tests import factories

DEMO_CARD, DECLINED_CARD = 1, "4000000000000002"


@dataclass
class Walk:
    """One shopper with one trolley in one branch."""

    branch: StockLocation
    trolley: Trolley
    opened: CartSession
    user: User
    client: FlaskClient
    headers: dict[str, str]
    keys: int = 0

    def put(self, product: Product, pieces: int = 1, grams: int = 0) -> LineNow:
        """Scan pieces into the trolley, or out of it below zero."""
        with transaction() as session:
            opened = locks.open_session(session, cart_id=self.cart_id(session))
            row = goods.by_id(session, product_id=product.id, stock_location_id=self.branch.id)
            assert opened is not None
            assert row is not None
            return basket.move(session, opened, row, pieces=pieces, grams=grams, actor_user_id=self.user.id)

    def cart_id(self, session: Session) -> int:
        """The basket now: a declined payment gives the session another one."""
        found: int = session.execute(select(CartSession.cart_id).where(CartSession.id == self.opened.id)).scalar_one()
        return found

    def pay(self, session: Session, *, token: int = DEMO_CARD, **body: Any) -> TestResponse:
        self.keys += 1
        form = {"cart_id": self.cart_id(session), "payment_token_id": token, **body}
        headers = {**self.headers, "Idempotency-Key": f"trolley-{self.opened.id}-{self.keys}"}
        return self.client.post("/api/v1/checkout/confirm", json=form, headers=headers)


def start_walk(session: Session, client: FlaskClient, branch: StockLocation | None = None) -> Walk:
    branch = branch or factories.make_location(session)
    trolley = factories.make_trolley(session, branch)
    user = factories.make_user(session)
    opened = factories.make_cart_session(session, trolley, user)
    return Walk(branch, trolley, opened, user, client, factories.sign_in(session, user))


def fresh(session: Session, opened: CartSession) -> CartSession:
    """The session as the database has it now."""
    statement = select(CartSession).where(CartSession.id == opened.id)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one()


def shelf(session: Session, product: Product) -> tuple[int, int]:
    """(available, reserved) of a product that stands in one branch."""
    row = session.execute(
        select(Inventory).where(Inventory.product_id == product.id).execution_options(populate_existing=True)
    ).scalar_one()
    return row.available_quantity, row.reserved_quantity


def held(session: Session, product: Product) -> list[tuple[str, int]]:
    """(state, quantity) of every reservation of a product, oldest first."""
    rows = session.execute(
        select(Reservation)
        .where(Reservation.product_id == product.id)
        .order_by(Reservation.id)
        .execution_options(populate_existing=True)
    ).scalars()
    return [(row.state, row.quantity) for row in rows]


def lines(session: Session, walk: Walk) -> list[tuple[int, int, int | None]]:
    """(product, pieces, grams) of what lies in the trolley."""
    rows = session.execute(
        select(CartItem).where(CartItem.cart_id == walk.cart_id(session)).order_by(CartItem.product_id)
    ).scalars()
    return [(row.product_id, row.quantity, row.weight_grams) for row in rows]


def weighed(session: Session, branch: StockLocation, *, stock: int = 10, price: str = "12.34") -> Product:
    """Goods sold by the kilogram."""
    columns = {"price": Decimal(price), "sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 400}
    return factories.make_product(session, stock={branch: stock}, **columns)
