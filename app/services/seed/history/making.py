"""`flask seed --history`: some two hundred orders of the last sixty days, with all that the books demand of them."""

from itertools import groupby

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import BRANCH_KINDS, LocationKind, Role
from app.domain.pricing import DeliveryTariff
from app.models import DeliverySlot, Inventory, Product, StockLocation, User, UserBranch
from app.services import locks
from app.services.seed.history.lines import write_lines
from app.services.seed.history.orders import write_bookings, write_orders
from app.services.seed.history.payments import write_payments
from app.services.seed.history.plan import CUSTOMERS, LEAST_STOCK, PICKERS, Good, Place, Window, plan
from app.services.seed.history.rows import add_rows, insert_rows
from app.services.seed.history.sums import reckon
from app.services.seed.shop import NoDemoInProduction
from app.services.shop_clock import today
from app.transaction import transaction

REORDER_POINT = 12
"""Pieces at which the demo branches order more, for a list of what is low."""

_MAIL = "{kind}{number:02d}@aisle.example"

_GOODS = (
    select(
        Inventory.stock_location_id,
        *(Product.__table__.c[name] for name in Good.__dataclass_fields__ if name != "available"),
        Inventory.available_quantity.label("available"),
    )
    .join(Product, Product.id == Inventory.product_id)
    .where(Product.is_active, Product.shop_id.is_(None), Inventory.available_quantity >= LEAST_STOCK)
    .order_by(Inventory.stock_location_id, Product.id * 37 % 101, Product.id)
)
"""Products in an order that has nothing to do with their kind: the first ones are those the demo customers like."""

_LOCATIONS = (
    select(StockLocation.id, StockLocation.kind)
    .where(StockLocation.is_active, StockLocation.kind.in_(BRANCH_KINDS))
    .order_by(StockLocation.id)
)

_SET_REORDER_POINTS = (
    update(Inventory)
    .where(Inventory.stock_location_id.in_(bindparam("place_ids", expanding=True)), Inventory.reorder_point == 0)
    .values(reorder_point=REORDER_POINT)
    .execution_options(synchronize_session=False)
)


def seed_history() -> int:
    """Write the past of the demo shop, in one transaction; answers the number of orders.

    Nothing is written where there is a past already, or no warehouse with stock and delivery windows. Raises
    NoDemoInProduction.
    """
    if settings().in_production:
        raise NoDemoInProduction
    with transaction() as session:
        locks.catalog_import(session)
        places = _places(session)
        source = next((place for place in places if place.windows and place.goods), None)
        if source is None or _has_past(session):
            return 0
        return _write(session, source, [place for place in places if place is not source])


def _write(session: Session, source: Place, stores: list[Place]) -> int:
    customers, pickers = _people(session, source.id)
    tariff = DeliveryTariff(
        settings().delivery_min_total, settings().delivery_fee_under_min, settings().delivery_fee_tax_rate
    )
    orders = [
        reckon(
            order,
            tariff,
            buffer_percent=settings().weighed_buffer_percent,
            user_id=customers[order.customer],
            picker_id=pickers[order.picker],
        )
        for order in plan(source, stores, today=today(), zone=settings().zone)
    ]
    write_orders(session, orders)
    write_bookings(session, orders)
    write_lines(session, orders)
    write_payments(session, orders)
    session.execute(_SET_REORDER_POINTS, {"place_ids": [source.id, *(store.id for store in stores)]})
    return len(orders)


def _has_past(session: Session) -> bool:
    email = _MAIL.format(kind="shopper", number=1)
    return session.execute(select(User.id).where(User.email == email)).first() is not None


def _places(session: Session) -> list[Place]:
    """The branches with what they may sell and when they deliver, the warehouses first."""
    windows: dict[int, list[Window]] = {}
    for row in session.execute(select(DeliverySlot).where(DeliverySlot.is_active).order_by(DeliverySlot.id)).scalars():
        window = Window(row.id, row.day_of_week, row.start_time, row.end_time)
        windows.setdefault(row.stock_location_id, []).append(window)
    goods = {
        place_id: [Good(*row[1:]) for row in rows]
        for place_id, rows in groupby(session.execute(_GOODS).all(), key=lambda row: row.stock_location_id)
    }
    found = session.execute(_LOCATIONS).all()
    ordered = sorted(found, key=lambda row: row.kind is not LocationKind.WAREHOUSE)
    return [Place(row.id, goods.get(row.id, ()), windows.get(row.id, ())) for row in ordered]


def _people(session: Session, branch_id: int) -> tuple[list[int], list[int]]:
    """The customers of the past, and its pickers: the demo employee and two more. None of the new ones can sign in."""
    customers = insert_rows(session, User, _users(Role.CUSTOMER, "shopper", CUSTOMERS))
    pickers = insert_rows(session, User, _users(Role.EMPLOYEE, "picker", PICKERS))
    add_rows(session, UserBranch, [{"user_id": user_id, "stock_location_id": branch_id} for user_id in pickers])
    employee = session.execute(select(User.id).where(User.role == Role.EMPLOYEE).order_by(User.id)).scalars().first()
    return customers, [employee or pickers[0], *pickers]


def _users(role: Role, kind: str, names: tuple[str, ...]) -> list[dict[str, object]]:
    return [
        {"role": role, "email": _MAIL.format(kind=kind, number=number), "full_name": name}
        for number, name in enumerate(names, start=1)
    ]
