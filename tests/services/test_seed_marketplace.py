"""The marketplace of the demo shop: a vendor one can buy from at once, and a neighbour with money."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import AccountKind, Role
from app.models import Journal, Shop, ShopHours, StockLocation, User, VendorProfile
from app.services import invariants
from app.services.seed.marketplace import CITY, DEMO_ITEMS, SOCIETY
from app.services.seed.people import DEMO_USERS
from app.services.seed.shop import seed
from tests import factories
from tests.market import Person, balance, sign_in


def demo_user(session: Session, role: Role) -> User:
    email = next(person.email for person in DEMO_USERS if person.role is role)
    return session.execute(select(User).where(User.email == email)).scalar_one()


@pytest.fixture
def vendor(session: Session, client: FlaskClient) -> Person:
    seed()
    return sign_in(session, client, demo_user(session, Role.VENDOR))


@pytest.fixture
def customer(session: Session, client: FlaskClient, vendor: Person) -> Person:
    return sign_in(session, client, demo_user(session, Role.CUSTOMER))


def data_of(answer: Any) -> Any:
    assert answer.status_code == 200, answer.json
    return answer.json["data"]


def test_the_vendor_has_a_verified_open_shop_with_hours(vendor: Person) -> None:
    shop = data_of(vendor.get("/vendor/shop/my"))
    hours = data_of(vendor.get("/vendor/shop/hours"))

    assert (shop["verified"], shop["is_open"], shop["city"], shop["society"]) == (True, True, CITY, SOCIETY)
    assert len(hours["weekly_hours"]) == 7


def test_the_vendor_may_be_paid_out(vendor: Person) -> None:
    profile = data_of(vendor.get("/vendor/profile"))
    bank = data_of(vendor.get("/vendor/payout/bank"))

    assert profile["kyc_status"] == "approved"
    assert "6789" in str(bank)
    assert "000123456789" not in str(bank)


def test_a_neighbour_sees_every_item_and_buys_one_from_the_wallet(session: Session, customer: Person) -> None:
    (shop,) = data_of(customer.get("/consumer/shops"))
    items = data_of(customer.get(f"/consumer/shop/{shop['id']}/items?limit=50"))["items"]
    rice = next(item for item in items if item["title"] == "Basmati Rice")

    data_of(customer.post("/consumer/cart/add", {"item_id": rice["id"], "quantity": 2}))
    ordered = customer.post("/consumer/order/confirm", {"payment_mode": "wallet"})

    assert {item["title"] for item in items} == {item.title for item in DEMO_ITEMS}
    assert (ordered.status_code, ordered.json["data"]["total"]) == (201, 54.8)
    assert balance(session, AccountKind.WALLET, customer.user.id) == Decimal("445.20")
    assert {name: found for name, found in invariants.violations().items() if found} == {}


def test_a_wallet_is_filled_once(session: Session, customer: Person) -> None:
    data_of(customer.post("/consumer/wallet/debit", {"amount": 100}))

    again = seed()

    assert again.shop_items == 0
    assert balance(session, AccountKind.WALLET, customer.user.id) == Decimal("400.00")
    assert len(session.execute(select(Journal.id).where(Journal.reference.like("demo-wallet:%"))).all()) == 1


def test_what_the_demo_people_chose_themselves_is_kept(session: Session, vendor: Person) -> None:
    user = demo_user(session, Role.VENDOR)
    user.city = "Haifa"
    shop = session.execute(select(Shop).where(Shop.owner_id == user.id)).scalar_one()
    shop.verified = False
    business = session.get_one(VendorProfile, user.id)
    business.business_name = "Sharma and Daughters"
    session.execute(ShopHours.__table__.delete())
    session.commit()

    seed()

    session.expire_all()
    assert (user.city, shop.verified, business.business_name) == ("Haifa", False, "Sharma and Daughters")
    assert session.execute(select(ShopHours.day_of_week)).all() == []


def test_a_database_from_before_the_marketplace_gets_it(session: Session) -> None:
    email = next(person.email for person in DEMO_USERS if person.role is Role.VENDOR)
    vendor = factories.make_user(session, role=Role.VENDOR, email=email)

    added = seed()

    session.refresh(vendor)
    assert (added.users, added.shop_items) == (4, len(DEMO_ITEMS))
    assert session.execute(select(Shop.owner_id)).scalar_one() == vendor.id


def test_who_has_another_role_now_gets_no_shop(session: Session) -> None:
    email = next(person.email for person in DEMO_USERS if person.role is Role.VENDOR)
    promoted = factories.make_user(session, role=Role.MANAGER, email=email)

    added = seed()

    session.refresh(promoted)
    assert (added.shop_items, promoted.city) == (0, None)
    assert session.execute(select(StockLocation.id).where(StockLocation.kind == "SHOP")).all() == []
