"""Setting up the demo shop: `flask seed`. What is there already stays as it is, so a second run changes nothing."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import LocationKind, PaymentProvider, Role
from app.errors import Forbidden
from app.models import (
    Address,
    Category,
    DeliverySlot,
    PaymentToken,
    Product,
    ProductGtin,
    StockLocation,
    User,
    UserBranch,
)
from app.services import locks, passwords
from app.services.catalog import vocabulary
from app.services.seed import eating, floors
from app.services.seed.assortment import products
from app.services.seed.marketplace import add_market
from app.services.seed.people import CUSTOMER_ADDRESS, DEMO_USERS
from app.services.seed.places import CATEGORIES, PLACES, WINDOWS
from app.transaction import transaction

# The quantities look drawn but follow from the product's and the place's number; one in 23 is sold out somewhere.
_STOCK = text("""
WITH places AS (
    SELECT id, number, most FROM unnest(CAST(:location_ids AS bigint[]), CAST(:most AS integer[]))
    WITH ORDINALITY AS given (id, most, number)
), goods AS (
    SELECT id, CAST(right(sku, 5) AS integer) AS number FROM products WHERE shop_id IS NULL AND sku = ANY(:skus)
), stocked AS (
    INSERT INTO inventory (stock_location_id, product_id, available_quantity)
    SELECT places.id, goods.id,
           CASE WHEN (goods.number + 7 * places.number) % 23 = 0 THEN 0
                ELSE places.most / 4 + (goods.number * 37 + places.number * 101) % (places.most * 3 / 4) END
    FROM places CROSS JOIN goods ORDER BY places.id, goods.id
    ON CONFLICT (stock_location_id, product_id) DO NOTHING
    RETURNING id, stock_location_id, product_id, available_quantity
)
INSERT INTO stock_movements
    (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
SELECT stock_location_id, product_id, 'opening', available_quantity, 0, 'inventory', id FROM stocked
""")


class NoDemoInProduction(Forbidden):
    message = "The demo shop is for development: its passwords are public. It is not set up in production."


@dataclass(frozen=True, slots=True)
class Added:
    """How many rows a run added; all zero when the demo shop stood already."""

    locations: int
    categories: int
    products: int
    stock_rows: int
    slots: int
    users: int
    shop_items: int


def seed() -> Added:
    """Add whatever the demo shop lacks, in one transaction. Raises NoDemoInProduction."""
    if settings().in_production:
        raise NoDemoInProduction
    goods = products()
    with transaction() as session:
        locks.catalog_import(session)
        locations = _add_locations(session)
        categories = _add_categories(session)
        added_products = _add_products(session, goods)
        location_ids = _ids(session, StockLocation)
        added = Added(
            locations=locations,
            categories=categories,
            products=added_products,
            stock_rows=_add_stock(session, location_ids, goods),
            slots=_add_slots(session, location_ids[PLACES[0].name]),
            users=_add_people(session, location_ids[PLACES[0].name]),
            shop_items=add_market(session),
        )
        product_ids = _products_by_sku(session, goods)
        eating.add(session, goods, product_ids)
        stores = [location_ids[place.name] for place in PLACES if place.kind is LocationKind.STORE]
        floors.add(session, goods, product_ids, stores)
        _bind_employee(session, [location_ids[place.name] for place in PLACES[:2]])
        vocabulary.rebuild(session)
    return added


def _ids(session: Session, table: type[StockLocation] | type[Category]) -> dict[str, int]:
    """Ids by name; of two with one name the older."""
    rows = session.execute(select(table.name, table.id).order_by(table.id.desc())).all()
    return {row.name: row.id for row in rows}


def _insert(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> int:
    """Add rows that conflict with none; returns how many were added.

    On the table, not the model: the model's bulk insert sends a statement for every change in which columns are NULL.
    """
    core = table.__table__
    statement = insert(core).on_conflict_do_nothing().returning(*core.primary_key.columns)
    return len(session.connection().execute(statement, rows).all()) if rows else 0


def _add_locations(session: Session) -> int:
    known = _ids(session, StockLocation)
    rows = [place._asdict() for place in PLACES if place.name not in known]
    return _insert(session, StockLocation, [{k: v for k, v in row.items() if k != "most"} for row in rows])


def _add_categories(session: Session) -> int:
    """Roots first, then the leaves under them."""
    known = _ids(session, Category)
    roots = [{"name": tree.root, "icon_slug": tree.icon} for tree in CATEGORIES if tree.root not in known]
    added = _insert(session, Category, roots)
    known = _ids(session, Category)
    leaves = [
        {"name": leaf, "icon_slug": tree.icon, "parent_id": known[tree.root]}
        for tree in CATEGORIES
        for leaf in tree.leaves
        if leaf not in known
    ]
    return added + _insert(session, Category, leaves)


def _add_products(session: Session, goods: list[dict[str, Any]]) -> int:
    known = _products_by_sku(session, goods)
    category_ids = _ids(session, Category)
    fresh = [values for values in goods if values["sku"] not in known]
    rows = [
        {name: value for name, value in values.items() if name not in ("gtin", "category")}
        | {"category_id": category_ids[values["category"]]}
        for values in fresh
    ]
    added = _insert(session, Product, rows)
    ids = _products_by_sku(session, fresh)
    _insert(session, ProductGtin, [{"product_id": ids[values["sku"]], "gtin": values["gtin"]} for values in fresh])
    return added


def _products_by_sku(session: Session, goods: list[dict[str, Any]]) -> dict[str, int]:
    skus = [values["sku"] for values in goods]
    rows = session.execute(select(Product.sku, Product.id).where(Product.shop_id.is_(None), Product.sku.in_(skus)))
    return {row.sku: row.id for row in rows}


def _add_stock(session: Session, location_ids: dict[str, int], goods: list[dict[str, Any]]) -> int:
    """Opening stock of every product at every place, each with the movement that explains it (one statement)."""
    values = {
        "location_ids": [location_ids[place.name] for place in PLACES],
        "most": [place.most for place in PLACES],
        "skus": [values["sku"] for values in goods],
    }
    return int(session.execute(_STOCK, values).rowcount)  # type: ignore[attr-defined]


def _add_slots(session: Session, warehouse_id: int) -> int:
    rows = [
        {"stock_location_id": warehouse_id, "day_of_week": day, "start_time": start, "end_time": end}
        for day, start, end in WINDOWS
    ]
    return _insert(session, DeliverySlot, rows)


def _add_people(session: Session, warehouse_id: int) -> int:
    """One user for each role; the customer has an address and a card to pay with."""
    emails = [person.email for person in DEMO_USERS]
    known = set(session.execute(select(User.email).where(User.email.in_(emails))).scalars())
    rows = [
        {
            "role": person.role,
            "email": person.email,
            "full_name": person.full_name,
            "password_hash": passwords.hash_password(person.password),
            "default_branch_id": warehouse_id if person.role in (Role.EMPLOYEE, Role.MANAGER) else None,
        }
        for person in DEMO_USERS
        if person.email not in known
    ]
    added = _insert(session, User, rows)
    if any(row["role"] is Role.CUSTOMER for row in rows):
        _equip_customer(session)
    return added


def _bind_employee(session: Session, location_ids: list[int]) -> None:
    """The demo employee works at the warehouse and the first store, unless somebody gave them other branches."""
    email = next(person.email for person in DEMO_USERS if person.role is Role.EMPLOYEE)
    user_id = session.execute(select(User.id).where(User.email == email)).scalar_one()
    bound = session.execute(select(UserBranch.user_id).where(UserBranch.user_id == user_id).limit(1)).first()
    if bound is None:
        _insert(session, UserBranch, [{"user_id": user_id, "stock_location_id": place} for place in location_ids])


def _equip_customer(session: Session) -> None:
    email = next(person.email for person in DEMO_USERS if person.role is Role.CUSTOMER)
    user_id = session.execute(select(User.id).where(User.email == email)).scalar_one()
    session.execute(insert(Address).values(user_id=user_id, is_default=True, **CUSTOMER_ADDRESS))
    card = {"provider": PaymentProvider.MOCKPAY, "provider_token": "sandbox-approve", "last4": "4242"}
    session.execute(insert(PaymentToken).values(user_id=user_id, is_default=True, **card))
