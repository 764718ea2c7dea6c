"""The watch over what must always be true also looks at the orders of vendors' shops."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.enums import OrderStatus, PaymentMethod
from app.domain.shop_order_states import ENDED_UNSOLD, HANDED_OVER, OPEN
from app.models import Order
from app.services import invariants
from tests.factories import make_consumer, make_item, make_shop, make_shop_order

STOCK, HOLDS = "stock_held_by_ended_orders", "holds_without_live_order_or_void"
KEPT, UNPAID = "captures_kept_of_cancelled_orders", "confirmed_orders_without_authorization"


def shop_order(session: Session, status: OrderStatus, **columns: Any) -> Order:
    shop = make_shop(session)
    if status is OrderStatus.CANCELED:
        columns["canceled_at"] = text("now()")
    return make_shop_order(session, make_consumer(session), shop, make_item(session, shop), status=status, **columns)


def broken(session: Session, *names: str) -> list[int]:
    session.commit()
    found = invariants.violations()
    return [found[name] for name in names]


@pytest.mark.parametrize("status", sorted(ENDED_UNSOLD | HANDED_OVER))
def test_an_ended_or_delivered_order_of_a_shop_holds_no_stock(session: Session, status: OrderStatus) -> None:
    shop_order(session, status)
    assert broken(session, STOCK) == [0]

    session.execute(text("UPDATE order_items SET held_quantity = 1"))

    assert broken(session, STOCK) == [1]


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_open_order_of_a_shop_may_hold_stock(session: Session, status: OrderStatus) -> None:
    shop_order(session, status)
    session.execute(text("UPDATE order_items SET held_quantity = 1"))

    assert broken(session, STOCK) == [0]


PAY_BY_CARD = """
    INSERT INTO payments (order_id, provider, reference, currency, requested_amount, authorized_amount)
    SELECT id, 'mockpay', 'MOCKPAY', 'ILS', total_amount, {} FROM orders
"""


@pytest.mark.parametrize("status", sorted(ENDED_UNSOLD))
def test_of_a_rejected_or_cancelled_order_no_money_is_held_or_kept(session: Session, status: OrderStatus) -> None:
    shop_order(session, status, payment_method=PaymentMethod.CARD)
    session.execute(text(PAY_BY_CARD.format("total_amount")))
    assert broken(session, HOLDS, KEPT, UNPAID) == [1, 0, 0]

    session.execute(text("UPDATE payments SET captured_amount = authorized_amount"))

    assert broken(session, HOLDS, KEPT, UNPAID) == [1, 1, 0]


@pytest.mark.parametrize("status", sorted(OPEN | HANDED_OVER))
def test_an_order_of_a_shop_by_card_is_authorized_before_anybody_sees_it(session: Session, status: OrderStatus) -> None:
    shop_order(session, status, payment_method=PaymentMethod.CARD)
    session.execute(text(PAY_BY_CARD.format("0")))

    assert broken(session, HOLDS, KEPT, UNPAID) == [0, 0, 1]


def test_a_cash_order_needs_no_authorization(session: Session) -> None:
    shop_order(session, OrderStatus.ACCEPTED)

    assert broken(session, UNPAID, HOLDS, KEPT) == [0, 0, 0]
