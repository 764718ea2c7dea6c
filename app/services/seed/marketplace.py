"""The marketplace of the demo: its vendor's shop, and its customer as a neighbour with money in the wallet."""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import AccountKind, JournalReason, LocationKind, ReviewStatus, Role
from app.domain.shop_hours import END_OF_DAY
from app.models import PayoutBank, Shop, ShopHours, StockLocation, User, VendorDocument, VendorProfile
from app.services import ledger
from app.services.ledger import Move
from app.services.secrets_at_rest import encrypt
from app.services.seed.people import CUSTOMER_ADDRESS, DEMO_USERS
from app.services.shop_items import writing
from app.services.shops.making import address_of

CITY, SOCIETY = str(CUSTOMER_ADDRESS["city"]), "Herzl Gardens"
SHOP_NAME = "Sharma's Corner"
IN_WALLET = Decimal("500.00")
_ACCOUNT_NUMBER = "000123456789"


class DemoItem(NamedTuple):
    sku: str
    title: str
    category: str
    price: Decimal
    mrp: Decimal | None
    unit: str
    stock: int


def _item(number: int, title: str, category: str, price: str, unit: str, stock: int, mrp: str = "") -> DemoItem:
    return DemoItem(f"CORNER-{number:02d}", title, category, Decimal(price), Decimal(mrp) if mrp else None, unit, stock)


DEMO_ITEMS: tuple[DemoItem, ...] = (
    _item(1, "Basmati Rice", "grains", "24.90", "1 kg", 200, mrp="29.90"),
    _item(2, "Red Lentils", "grains", "11.50", "500 g", 150),
    _item(3, "Chickpeas", "grains", "9.90", "500 g", 150),
    _item(4, "Whole Wheat Flour", "grains", "14.90", "2 kg", 120),
    _item(5, "Turmeric", "spices", "7.90", "100 g", 80),
    _item(6, "Garam Masala", "spices", "12.90", "100 g", 80, mrp="14.90"),
    _item(7, "Cumin Seeds", "spices", "8.50", "100 g", 80),
    _item(8, "Paneer", "dairy", "21.90", "250 g", 60),
    _item(9, "Fresh Yogurt", "dairy", "8.90", "500 ml", 90),
    _item(10, "Milk", "dairy", "6.90", "1 l", 200),
    _item(11, "Masala Tea", "drinks", "18.90", "250 g", 100),
    _item(12, "Mango Juice", "drinks", "13.90", "1 l", 100),
    _item(13, "Samosas", "snacks", "16.90", "6 pcs", 60),
    _item(14, "Cashew Cookies", "snacks", "15.50", "300 g", 70, mrp="18.00"),
    _item(15, "Fresh Coriander", "vegetables", "4.90", "bunch", 120),
)


def add_market(session: Session) -> int:
    """Add what the marketplace of the demo lacks; answers how many items that was. A step of `seed`.

    Nobody who has chosen a place, opened a shop or changed their business is touched.
    """
    people = _demo_users(session)
    customer, vendor = people.get(Role.CUSTOMER), people.get(Role.VENDOR)
    _settle(session, [user for user in (customer, vendor) if user is not None])
    if customer is not None:
        _fill_wallet(session, customer)
    return _open_for_business(session, vendor, people.get(Role.ADMIN)) if vendor is not None else 0


def _demo_users(session: Session) -> dict[Role, int]:
    """Ids of the demo users who still have the role they were made with."""
    rows = session.execute(
        select(User.email, User.role, User.id).where(User.email.in_([person.email for person in DEMO_USERS]))
    ).all()
    made = {person.email: person.role for person in DEMO_USERS}
    return {row.role: row.id for row in rows if row.role is made[row.email]}


def _settle(session: Session, user_ids: list[int]) -> None:
    session.execute(
        update(User)
        .where(User.id.in_(user_ids), User.onboarded_at.is_(None))
        .values(city=CITY, society=SOCIETY, onboarded_at=datetime.now(UTC))
        .execution_options(synchronize_session=False)
    )


def _fill_wallet(session: Session, user_id: int) -> None:
    """Money of the house, once."""
    moves = [Move(AccountKind.ADJUSTMENTS, -IN_WALLET), Move(AccountKind.WALLET, IN_WALLET, user_id)]
    reference = f"demo-wallet:{user_id}"
    ledger.post(session, reference=reference, description="Welcome", moves=moves, reason=JournalReason.ADMIN_REFUND)


def _open_for_business(session: Session, vendor_id: int, admin_id: int | None) -> int:
    """A reviewed business with a bank, and a verified shop; answers the number of items, 0 where a shop was there."""
    _add_business(session, vendor_id, admin_id)
    if session.execute(select(Shop.id).where(Shop.owner_id == vendor_id)).first() is not None:
        return 0
    place = StockLocation(kind=LocationKind.SHOP, name=SHOP_NAME, address=address_of(SOCIETY, CITY))
    session.add(place)
    session.flush()
    session.add(
        Shop(
            id=place.id,
            owner_id=vendor_id,
            shop_type="grocery",
            description="Spices, grains and fresh things from around the corner",
            city=CITY,
            society=SOCIETY,
            phone="+97235550142",
            category_tags="grains,spices,dairy,snacks",
            delivers=True,
            verified=True,
            delivery_fee=Decimal("5.00"),
        )
    )
    session.flush()
    # Round the clock: the demo is tried at any hour.
    session.add_all(
        ShopHours(shop_id=place.id, day_of_week=day, open_time=time.min, close_time=END_OF_DAY) for day in range(7)
    )
    goods = [item._asdict() | {"quantity_in_stock": item.stock} for item in DEMO_ITEMS]
    return len(writing.make(session, goods, shop_id=place.id, by=Caller(vendor_id, Role.VENDOR, session_id=0)))


def _add_business(session: Session, vendor_id: int, admin_id: int | None) -> None:
    """The vendor's business and paper, approved, and where payouts go; nothing where a business was there."""
    reviewed = {"reviewed_by": admin_id, "reviewed_at": datetime.now(UTC)}
    business = {"business_type": "grocery", "business_name": SHOP_NAME, "address": address_of(SOCIETY, CITY)}
    made = session.execute(
        insert(VendorProfile)
        .values(user_id=vendor_id, **business, kyc_status=ReviewStatus.APPROVED, **reviewed)
        .on_conflict_do_nothing()
        .returning(VendorProfile.user_id)
    ).first()
    if made is None:
        return
    paper = {"document_type": "business_licence", "file_url": "https://files.example/licence.pdf"}
    session.add(VendorDocument(user_id=vendor_id, **paper, status=ReviewStatus.APPROVED, **reviewed))
    bank = {"bank_name": "Demo Bank", "last4": _ACCOUNT_NUMBER[-4:], "ifsc_code": "DEMO0000001"}
    account = {"user_id": vendor_id, "account_number": encrypt(_ACCOUNT_NUMBER)}
    session.execute(insert(PayoutBank).values(**account, **bank).on_conflict_do_nothing())
    session.flush()
