"""Passes over due rows: rows that always fail hold up none of the others, however many there are."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.domain.enums import AccountKind, JournalReason, OrderStatus, PaymentMethod
from app.models import Order, Shop
from app.services import passes
from app.services.shop_orders import canceling, ending
from app.services.wallets import maturing
from tests.books import give
from tests.factories import make_consumer, make_shop, make_shop_order

PASSES = 60
"""Each takes half of the two or three that are due: that one is never among them in so many is beyond all chance."""


@pytest.fixture
def shop(session: Session) -> Shop:
    return make_shop(session)


def test_orders_that_cannot_be_cancelled_do_not_hold_up_those_behind_them(
    session: Session, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canceling, "BATCH", 2)
    orders = [make_shop_order(session, make_consumer(session), shop) for _ in range(4)]
    for days, order in zip((9, 8, 7, 1), orders, strict=True):
        order.created_at = datetime.now(UTC) - timedelta(days=days)
    session.commit()
    poisoned = {order.id for order in orders[:3]}
    end = ending.end
    monkeypatch.setattr(
        ending, "end", lambda *given, **named: 1 / 0 if given[1].id in poisoned else end(*given, **named)
    )

    ended = sum(canceling.cancel_unanswered() for _ in range(PASSES))

    assert ended == 1
    session.expire_all()
    assert session.get_one(Order, orders[3].id).status is OrderStatus.CANCELED


def test_orders_that_cannot_mature_do_not_hold_up_those_behind_them(
    session: Session, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maturing, "BATCH", 2)
    orders = [_delivered(session, shop, days) for days in (9, 8, 7, 1)]
    poisoned = {order.id for order in orders[:3]}
    mature = maturing.mature
    monkeypatch.setattr(
        maturing, "mature", lambda session, order: 1 / 0 if order.id in poisoned else mature(session, order)
    )

    matured = sum(maturing.mature_due() for _ in range(PASSES))

    assert matured == 1
    session.expire_all()
    assert session.get_one(Order, orders[3].id).matures_at is None


def _delivered(session: Session, shop: Shop, days: int) -> Order:
    values = {"payment_method": PaymentMethod.WALLET, "status": OrderStatus.DELIVERED}
    due = datetime.now(UTC) - timedelta(days=days)
    order = make_shop_order(session, make_consumer(session), shop, matures_at=due, **values)
    give(session, AccountKind.VENDOR_PENDING, shop.id, "9.50", reason=JournalReason.DELIVERED, order_id=order.id)
    return order


def test_one_pass_takes_more_than_one_batch(session: Session, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maturing, "BATCH", 2)
    for _ in range(5):
        _delivered(session, shop, 1)

    assert maturing.mature_due() == 5


def test_a_pass_ends_with_a_batch_that_came_to_nothing() -> None:
    tried: list[int] = []

    def fail(row_id: int) -> bool:
        tried.append(row_id)
        return False

    assert passes.in_batches(lambda: [1, 2], fail, batch=2) == 0
    assert tried == [1, 2]


def test_a_pass_begins_nothing_more_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 1.0, 4.9, 5.0])
    monkeypatch.setattr(passes.time, "monotonic", lambda: next(moments))

    def find() -> Sequence[int]:
        return [1, 2, 3]

    assert passes.in_batches(find, lambda _row_id: True, batch=3) == 2
