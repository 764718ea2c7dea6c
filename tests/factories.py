"""Rows for tests: each function makes one valid row, with whatever matters to the test as an argument."""

import itertools
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.domain.caller import Caller, Origin
from app.domain.enums import LocationKind, MovementKind, Role
from app.domain.search_text import normalise
from app.models import (
    AuthSession,
    Category,
    DeliverySlot,
    Inventory,
    Product,
    StockLocation,
    StockMovement,
    User,
)
from app.services import passwords, tokens

PASSWORD = "sunny-day-7"
_numbers = itertools.count(1)


def make_user(session: Session, *, role: Role = Role.CUSTOMER, password: str | None = None, **columns: Any) -> User:
    """A user; signing in with a password needs `password=PASSWORD` (hashing takes time, so it is off by default)."""
    number = next(_numbers)
    values = {"email": f"user{number}@example.com", "full_name": "Dana Levi", "role": role, "is_active": True}
    user = User(**{**values, **columns})
    user.password_hash = passwords.hash_password(password) if password else None
    return _added(session, user)


def sign_in(session: Session, user: User) -> dict[str, str]:
    """Headers that make a request in the user's name."""
    issued = tokens.open_session(session, user_id=user.id, role=user.role, origin=Origin())
    session.commit()
    return {"Authorization": f"Bearer {issued.access_token}"}


def caller_of(session: Session, user: User) -> Caller:
    """The user as services see them."""
    opened = _added(session, AuthSession(user_id=user.id))
    return Caller(user_id=user.id, role=user.role, session_id=opened.id, origin=Origin(request_id="test"))


def make_location(session: Session, *, kind: LocationKind = LocationKind.STORE, **columns: Any) -> StockLocation:
    number = next(_numbers)
    values = {"name": f"Branch {number}", "address": f"{number} Market Street", "is_active": True}
    return _added(session, StockLocation(kind=kind, **{**values, **columns}))


def make_warehouse(session: Session, **columns: Any) -> StockLocation:
    """The delivery source: the oldest active warehouse, unless a setting names another."""
    return make_location(session, kind=LocationKind.WAREHOUSE, **columns)


def make_category(session: Session, **columns: Any) -> Category:
    values = {"name": f"Category {next(_numbers)}", "is_active": True}
    return _added(session, Category(**{**values, **columns}))


def make_product(session: Session, *, stock: Mapping[StockLocation, int] | None = None, **columns: Any) -> Product:
    """An active product at 10.00 in a category of its own, with stock where given."""
    number = next(_numbers)
    values: dict[str, Any] = {"name": f"Product {number}", "sku": f"SKU-{number}", "price": Decimal("10.00")}
    values |= {"is_active": True, "tax_rate": Decimal("18.00"), **columns}
    values.setdefault("search_name", normalise(values["name"]))
    if "category_id" not in values:
        values["category_id"] = make_category(session).id
    product = _added(session, Product(**values))
    for location, quantity in (stock or {}).items():
        make_stock(session, product, location, quantity)
    return product


def make_stock(session: Session, product: Product, location: StockLocation, quantity: int) -> Inventory:
    """Stock of a product at a location, with the movement that explains it."""
    row = _added(
        session,
        Inventory(
            stock_location_id=location.id, product_id=product.id, available_quantity=quantity, reserved_quantity=0
        ),
    )
    _added(
        session,
        StockMovement(
            stock_location_id=location.id,
            product_id=product.id,
            kind=MovementKind.OPENING,
            available_change=quantity,
            reserved_change=0,
            source_type="inventory",
            source_id=row.id,
        ),
    )
    return row


def make_slot(session: Session, location: StockLocation, **columns: Any) -> DeliverySlot:
    """A weekly window on Sundays 08:00-10:00 for 50 orders, closing two hours before."""
    values = {"day_of_week": 0, "start_time": time(8), "end_time": time(10), "capacity": 50, "cutoff_minutes": 120}
    return _added(session, DeliverySlot(stock_location_id=location.id, is_active=True, **{**values, **columns}))


def _added(session: Session, row: Any) -> Any:
    """Add and flush; commit so that the application sees it (a savepoint in rolled-back tests)."""
    session.add(row)
    session.commit()
    return row
