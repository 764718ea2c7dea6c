"""Orders to pick and people who pick them, for tests: everything the staff do, in few words."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderStatus, PickedStatus, Role
from app.models import Inventory, Order, OrderItem, Payment, Product, Substitution
from app.schemas.picking import DamageRequest, MarkRequest
from app.services.fulfilment import moving
from app.services.picking import claiming, marking
from tests import factories
from tests.shopping import Shop, Shopper


@dataclass
class Picker:
    """Somebody of the staff, who acts through the services."""

    session: Session
    caller: Caller

    def claim(self, order: Order, *, take_over: bool = False) -> None:
        claiming.claim(order_id=order.id, take_over=take_over, caller=self.caller)

    def mark(self, item: OrderItem, status: PickedStatus = PickedStatus.PICKED, **form: Any) -> None:
        body = MarkRequest(picked_status=status, **form)
        marking.mark(order_id=item.order_id, item_id=item.id, form=body, caller=self.caller)

    def miss(self, item: OrderItem) -> None:
        self.mark(item, PickedStatus.MISSING)

    def undo(self, item: OrderItem) -> None:
        self.mark(item, PickedStatus.PENDING)

    def replace(self, item: OrderItem, product: Product, **form: Any) -> None:
        self.mark(item, PickedStatus.REPLACED, replacement_product_id=product.id, **form)

    def damage(self, item: OrderItem, quantity: int = 1) -> None:
        form = DamageRequest(reason="Broken", quantity=quantity)
        marking.report_damage(order_id=item.order_id, item_id=item.id, form=form, caller=self.caller)

    def move(self, order: Order, *states: OrderStatus) -> None:
        for to in states:
            moving.change_status(order_id=order.id, to=to, caller=self.caller)


def make_picker(session: Session, shop: Shop, role: Role = Role.EMPLOYEE) -> Picker:
    """An employee of the shop's warehouse, or a manager or admin."""
    user = factories.make_user(session, role=role)
    if role is Role.EMPLOYEE:
        user = factories.make_employee(session, shop.warehouse)
    return Picker(session, factories.caller_of(session, user))


def bought(session: Session, shopper: Shopper, shop: Shop, *quantities: int, **body: Any) -> Order:
    """An order of the shop's first products, so many pieces of each, paid with the demo card."""
    for product, quantity in zip(shop.products, quantities, strict=False):
        assert shopper.add(product, quantity).status_code == 201
    answer = shopper.confirm(shop, **body)
    assert answer.status_code == 201, answer.json
    return order_of(session, answer.json["data"]["order_id"])


def order_of(session: Session, order_id: int) -> Order:
    """An order as the database has it now."""
    session.expire_all()
    return session.execute(select(Order).where(Order.id == order_id)).scalar_one()


def items_of(session: Session, order: Order) -> list[OrderItem]:
    """The lines of an order as the database has them now."""
    session.expire_all()
    statement = select(OrderItem).where(OrderItem.order_id == order.id).order_by(OrderItem.id)
    return list(session.execute(statement).scalars())


def stock_of(session: Session, product: Product, shop: Shop) -> tuple[int, int]:
    """(available, reserved) pieces of a product at the warehouse."""
    session.expire_all()
    row = session.execute(
        select(Inventory).where(Inventory.product_id == product.id, Inventory.stock_location_id == shop.warehouse.id)
    ).scalar_one()
    return row.available_quantity, row.reserved_quantity


def captured(session: Session, order: Order) -> Decimal:
    """What was taken of the order's card."""
    session.expire_all()
    return session.execute(select(Payment.captured_amount).where(Payment.order_id == order.id)).scalar_one()


def substitution_of(session: Session, item: OrderItem) -> Substitution:
    """The newest substitution of a line."""
    session.expire_all()
    statement = select(Substitution).where(Substitution.order_item_id == item.id).order_by(Substitution.id.desc())
    return session.execute(statement.limit(1)).scalar_one()
