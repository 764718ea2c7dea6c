"""A branch with trolleys on the real server: made and managed as an admin does, looked at in its database."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx
import psycopg
from flask import Flask
from psycopg.rows import namedtuple_row
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import StockLocation
from app.services import invariants
from tests import factories
from tests.conftest import dispose, make_app
from tests.device.shop_server import ShopServer
from tests.scanning import with_barcode

STOCK = 100_000


class Fleet:
    """What tests of the client ask of a shop. `items` are the barcodes of its goods, `url` is where devices speak."""

    def __init__(self, server: ShopServer, app: Flask, session: Session) -> None:
        self.server, self.app, self.session = server, app, session
        self.url, self.shop = server.url, server.shop
        self.branch: StockLocation = factories.make_location(session)
        self.admin = self.signed_in(Role.ADMIN)
        self.products = dict(self._product(number) for number in range(8))
        self.items = tuple(self.products)
        self._numbers = itertools.count(1)

    def _product(self, number: int) -> tuple[str, int]:
        price = Decimal(100 + 50 * number) / 100
        product = factories.make_product(
            self.session, stock={self.branch: STOCK}, weight_grams=100 + number * 37, price=price
        )
        return with_barcode(self.session, product), product.id

    def signed_in(self, role: Role, **columns: Any) -> dict[str, str]:
        """Headers of a new person."""
        with self.app.app_context():
            return factories.sign_in(self.session, factories.make_user(self.session, role=role, **columns))

    def shopper_token(self) -> str:
        return self.signed_in(Role.CUSTOMER)["Authorization"].removeprefix("Bearer ")

    def managed(self, method: str, path: str, rows: Any = None, **body: Any) -> Any:
        """What the admin is answered."""
        answer = httpx.request(
            method, f"{self.shop}/admin{path}", json=rows or body or None, headers=self.admin, timeout=10
        )
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def add_device(self, **body: Any) -> dict[str, Any]:
        """A new trolley with a device that has yet to claim its key."""
        number = next(self._numbers)
        form = {"serial": f"sn-{number}", "branch_id": self.branch.id, "cart_label": f"T-{number}", **body}
        made: dict[str, Any] = self.managed("POST", "/devices", **form)
        return made

    def claim_code(self) -> str:
        return str(self.add_device()["claim_code"])

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """What the database says now."""
        with psycopg.connect(self.server.database_url.replace("+psycopg", ""), autocommit=True) as connection:
            return connection.cursor(row_factory=namedtuple_row).execute(statement, values).fetchall()  # type: ignore[arg-type]

    def device(self, device_id: str) -> Any:
        """The row of a device."""
        [row] = self.rows("SELECT * FROM devices WHERE device_id = %s", device_id)
        return row

    def violations(self) -> Mapping[str, int]:
        """What `flask invariants` finds; an empty mapping is a shop whose books agree."""
        with self.app.app_context():
            return {name: count for name, count in invariants.violations().items() if count}


@contextmanager
def open_fleet(server: ShopServer) -> Iterator[Fleet]:
    """A fleet on a server's database."""
    app, engine = make_app(server.database_url), create_engine(server.database_url)
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield Fleet(server, app, session)
    finally:
        engine.dispose()
        dispose(app)
