"""An order at the end of picking, with one of everything that can happen to a line."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import DiscountKind, OrderStatus, PickedStatus, SubstitutionStatus
from app.models import Order, OrderItem, User
from tests.factories import make_discount, make_order, make_product, make_substitution


def lines_of(session: Session, order: Order) -> list[OrderItem]:
    return list(session.scalars(select(OrderItem).where(OrderItem.order_id == order.id).order_by(OrderItem.id)))


def packed_order(session: Session, user: User) -> Order:
    """READY: two of three colas picked, milk replaced by dearer oat milk, bread missing; 10% off and free delivery.

    Charged: cola 2 x 8.90, oat milk as much as the milk, 10.00; the authorization cuts off 0.80.
    """
    cola = make_product(session, name="Cola", price=Decimal("8.90"), deposit=Decimal("0.30"))
    milk = make_product(session, name="Milk", price=Decimal("5.00"))
    bread = make_product(session, name="Bread", price=Decimal("7.00"))
    oat = make_product(session, name="Oat", price=Decimal("6.00"), deposit=Decimal("0.25"), tax_rate=Decimal("0"))
    columns = {"delivery_fee": Decimal("30.00"), "delivery_tax_rate": Decimal("18.00")}
    order = make_order(session, user, cola, milk, bread, quantity=3, status=OrderStatus.READY, **columns)
    first, second, third = lines_of(session, order)
    first.picked_quantity, first.final_total = 2, Decimal("17.80")
    substitution = {"quantity": 2, "line_total": Decimal("10.00"), "status": SubstitutionStatus.ACCEPTED}
    make_substitution(session, second, oat, **substitution)
    second.final_total = Decimal("10.00")
    third.picked_status, third.picked_quantity, third.final_total = PickedStatus.MISSING, None, None
    percent = {"kind": DiscountKind.PERCENT, "value": Decimal(10), "code": "TEN", "amount": Decimal("6.27")}
    make_discount(session, order, **percent, final_amount=Decimal("2.78"))
    fee = {"kind": DiscountKind.FREE_DELIVERY, "value": Decimal(0), "code": "FREE", "amount": Decimal("30.00")}
    make_discount(session, order, **fee, final_amount=Decimal("30.00"))
    order.final_items_total, order.final_deposit_total = Decimal("27.80"), Decimal("1.10")
    order.final_discount_total, order.final_reduction = Decimal("32.78"), Decimal("0.80")
    order.final_total, order.final_tax_total = Decimal("25.32"), Decimal("2.38")
    session.commit()
    return order
