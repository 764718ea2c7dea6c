"""The demo shop."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

from app.domain.caller import Origin
from app.domain.enums import LocationKind, Role
from app.domain.gtin import check_digit
from app.domain.slots import is_valid_window
from app.models import (
    Address,
    Category,
    DeliverySlot,
    Inventory,
    PaymentToken,
    Product,
    ProductGtin,
    StockLocation,
    User,
    UserBranch,
)
from app.schemas.auth import LoginRequest
from app.services import accounts, invariants
from app.services.seed import shop
from app.services.seed.assortment import products
from app.services.seed.people import DEMO_USERS
from app.services.seed.shop import Added, NoDemoInProduction, seed
from tests import databases
from tests.conftest import Statements, dispose, make_app
from tests.factories import make_product

EVERYTHING = (
    "stock_locations", "categories", "products", "product_gtins", "inventory", "stock_movements", "delivery_slots",
    "users", "addresses", "payment_tokens", "search_words", "search_deletions", "audit_events", "outbox",
    "food_types", "product_food_types", "recipes", "recipe_products",
    "store_layouts", "product_places", "store_sections",
    "shops", "shop_hours", "shop_items", "vendor_profiles", "vendor_documents", "payout_banks",
    "accounts", "journals", "entries",
)  # fmt: skip
_RANGE = text("""
    SELECT products.id, sku, products.name, brand, price, categories.name AS category, gtin, bin_location,
           stock_location_id, available_quantity
    FROM products JOIN categories ON categories.id = category_id
    JOIN product_gtins ON product_gtins.product_id = products.id
    JOIN inventory ON inventory.product_id = products.id ORDER BY products.id, stock_location_id
""")


@dataclass
class Demo:
    """A demo shop set up once for the tests that only look at it."""

    app: Flask
    added: Added
    session: Session


@contextmanager
def demo_shop(template: str) -> Iterator[Demo]:
    with databases.cloned(template) as url:
        application = make_app(url)
        engine = create_engine(url)
        with application.app_context():
            added = seed()
        with Session(engine) as session:
            yield Demo(application, added, session)
        engine.dispose()
        dispose(application)


@pytest.fixture(scope="module")
def demo(template: str) -> Iterator[Demo]:
    with demo_shop(template) as made:
        yield made


@pytest.fixture
def shopfront(demo: Demo) -> Iterator[Session]:
    """The demo shop's application as the current one, and a session of its database."""
    with demo.app.app_context():
        yield demo.session
    demo.session.rollback()


def contents(session: Session) -> dict[str, list[Any]]:
    """Every row of every table the demo shop touches."""
    return {name: sorted(map(str, session.execute(text(f"SELECT * FROM {name}")).all())) for name in EVERYTHING}


def count(session: Session, statement: Any) -> int:
    return int(session.execute(select(func.count()).select_from(statement.subquery())).scalar_one())


def test_the_demo_shop_has_the_promised_size(demo: Demo, shopfront: Session) -> None:
    kinds = shopfront.execute(select(StockLocation.kind).order_by(StockLocation.id)).scalars().all()
    roots = shopfront.execute(select(Category.id).where(Category.parent_id.is_(None))).scalars().all()

    assert kinds == [LocationKind.WAREHOUSE] + [LocationKind.STORE] * 3 + [LocationKind.SHOP]
    assert (demo.added.categories, len(roots)) == (24, 8)
    assert 950 <= demo.added.products <= 1050
    assert demo.added.stock_rows == 4 * demo.added.products
    assert count(shopfront, select(Inventory)) == demo.added.stock_rows + demo.added.shop_items
    assert count(shopfront, select(ProductGtin)) == demo.added.products
    assert (demo.added.slots, demo.added.users, demo.added.shop_items) == (56, 5, 15)


def test_a_second_run_changes_nothing(shopfront: Session) -> None:
    before = contents(shopfront)

    shopfront.rollback()
    again = seed()

    assert again == Added(0, 0, 0, 0, 0, 0, 0)
    assert contents(shopfront) == before


def test_a_run_adds_what_is_missing_and_keeps_what_was_changed(session: Session) -> None:
    seed()
    product = session.execute(select(Product).order_by(Product.id).limit(1)).scalar_one()
    product.name = "Renamed by the manager"
    session.execute(text("DELETE FROM delivery_slots WHERE day_of_week = 6"))
    session.commit()

    again = seed()

    session.refresh(product)
    assert again == Added(0, 0, 0, 0, 8, 0, 0)
    assert product.name == "Renamed by the manager"


def test_two_demo_shops_are_alike(template: str, shopfront: Session) -> None:
    with demo_shop(template) as other:
        elsewhere = other.session.execute(_RANGE).all()

    assert shopfront.execute(_RANGE).all() == elsewhere


def test_the_number_of_statements_does_not_grow_with_the_range(session: Session, statements: Statements) -> None:
    seed()

    assert len(statements) <= 60


def test_the_books_agree(shopfront: Session) -> None:
    assert {name: found for name, found in invariants.violations().items() if found} == {}


def test_some_products_are_sold_out_somewhere_but_none_everywhere(demo: Demo, shopfront: Session) -> None:
    sold_out = select(Inventory.id).where(Inventory.available_quantity == 0)
    anywhere = select(Inventory.product_id).where(Inventory.available_quantity > 0).distinct()

    assert 0 < count(shopfront, sold_out) < 400
    assert count(shopfront, anywhere) == demo.added.products + demo.added.shop_items


def test_every_barcode_is_valid_and_claims_no_makers_number(shopfront: Session) -> None:
    gtins = shopfront.execute(select(ProductGtin.gtin)).scalars().all()

    assert all(gtin.startswith("0292") for gtin in gtins)
    assert all(check_digit(gtin[:-1]) == gtin[-1] for gtin in gtins)


def test_names_are_unique_and_some_are_hebrew_and_hindi() -> None:
    names = [values["name"] for values in products()]

    assert len(set(names)) == len(names)
    assert sum(any("\u0590" <= char <= "\u05ff" for char in name) for name in names) >= 20
    assert sum(any("\u0900" <= char <= "\u097f" for char in name) for name in names) >= 20


def test_the_range_shows_every_kind_of_product() -> None:
    goods = products()
    alcohol = [values for values in goods if values["category"] == "Wine and Beer"]
    produce = [values for values in goods if values["category"].startswith("Produce")]

    assert {values["age_limit"] for values in alcohol} == {18}
    assert {values["tax_rate"] for values in produce} == {0}
    assert {values["tax_rate"] for values in goods} == {0, 18}
    weighed = [values for values in goods if values["sold_by"] == "WEIGHT"]
    assert len(weighed) >= 50
    assert all(values["estimated_weight_grams"] for values in weighed)
    for wanted in ("is_organic", "deposit", "compare_at_price", "allergens", "nutrition", "weight_grams"):
        assert sum(bool(values[wanted]) for values in goods) >= 50, wanted
    reduced = [values for values in goods if values["compare_at_price"]]
    assert all(values["compare_at_price"] > values["price"] for values in reduced)
    assert all(values["description"] and values["bin_location"] for values in goods)


def test_the_employee_works_at_the_warehouse_and_one_store_unless_bound_elsewhere(session: Session) -> None:
    seed()
    kinds = select(StockLocation.kind).join(UserBranch, UserBranch.stock_location_id == StockLocation.id)
    first = session.execute(kinds.order_by(StockLocation.id)).scalars().all()
    session.execute(
        text("DELETE FROM user_branches USING stock_locations WHERE id = stock_location_id AND kind = 'STORE'")
    )
    session.commit()

    seed()

    assert first == [LocationKind.WAREHOUSE, LocationKind.STORE]
    assert session.execute(kinds).scalars().all() == [LocationKind.WAREHOUSE]


def test_the_warehouse_delivers_all_day_every_day(shopfront: Session) -> None:
    slots = shopfront.execute(select(DeliverySlot)).scalars().all()
    warehouse = shopfront.execute(
        select(StockLocation.id).where(StockLocation.kind == LocationKind.WAREHOUSE)
    ).scalar_one()

    assert {slot.stock_location_id for slot in slots} == {warehouse}
    assert all(is_valid_window(slot.start_time, slot.end_time) for slot in slots)
    assert {slot.day_of_week for slot in slots} == set(range(7))
    assert sorted(slot.start_time for slot in slots if slot.day_of_week == 0) == [
        time(hour) for hour in range(6, 22, 2)
    ]


@pytest.mark.parametrize("person", DEMO_USERS, ids=lambda person: str(person.role))
def test_one_person_of_each_role_can_sign_in(shopfront: Session, person: Any) -> None:
    answer = accounts.login(LoginRequest(email=person.email, password=person.password), Origin())

    assert answer.user.role == person.role
    assert len(person.password) >= 8
    assert any(char.isdigit() for char in person.password)
    assert any(char.isalpha() for char in person.password)


def test_there_is_one_person_for_each_role() -> None:
    assert sorted(person.role for person in DEMO_USERS) == sorted(Role)


def test_the_customer_can_order_at_once(shopfront: Session) -> None:
    customer = shopfront.execute(select(User.id).where(User.role == Role.CUSTOMER)).scalar_one()
    address = shopfront.execute(select(Address)).scalar_one()
    card = shopfront.execute(select(PaymentToken).where(PaymentToken.user_id == customer)).scalar_one()

    assert (address.user_id, address.is_default) == (customer, True)
    assert (card.provider, card.provider_token, card.last4) == ("mockpay", "sandbox-approve", "4242")
    assert (card.is_default, card.is_active) == (True, True)


def test_products_are_found_by_search_words(shopfront: Session) -> None:
    found = text("SELECT count(*) FROM products WHERE search_vector @@ to_tsquery('simple', 'sourdough')")

    assert shopfront.execute(found).scalar_one() > 0
    assert shopfront.execute(text("SELECT documents FROM search_words WHERE word = 'sourdough'")).scalar_one() > 0


def test_other_products_get_no_stock_from_the_demo(session: Session) -> None:
    other = make_product(session)

    seed()

    assert count(session, select(Inventory).where(Inventory.product_id == other.id)) == 0


@pytest.fixture
def in_production(app: Flask) -> Iterator[None]:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"app_env": "production"})
    yield
    app.extensions["settings"] = settings


def test_production_gets_no_demo_shop(app: Flask, session: Session, in_production: None) -> None:
    result = app.test_cli_runner().invoke(args=["seed"])

    assert result.exit_code == 1
    assert result.output == f"Error: {NoDemoInProduction.message}\n"
    assert count(session, select(User)) == 0


def test_the_command_prints_one_line_for_each_role(app: Flask, session: Session) -> None:
    result = app.test_cli_runner().invoke(args=["seed"])

    first, *logins = result.output.splitlines()
    assert result.exit_code == 0
    assert first.startswith("Added 4 locations, 24 categories, ")
    assert [line.split() for line in logins] == [[person.role, person.email, person.password] for person in DEMO_USERS]


def test_a_database_that_refuses_is_one_plain_line(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "_STOCK", text("SELECT nothing"))

    result = app.test_cli_runner().invoke(args=["seed"])

    assert result.exit_code == 1
    assert result.output == 'Error: The database refused: column "nothing" does not exist\n'
    assert count(session, select(Product)) == 0
