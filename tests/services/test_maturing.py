"""Earnings that become the vendor's to draw: when, how much, and never twice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.enums import AccountKind, JournalReason, OrderStatus, PaymentMethod, PaymentProvider, ReturnStatus
from app.models import Journal, Order, OrderReturn, Payment, Shop, User
from app.services import invariants
from app.services.wallets import balances, maturing
from app.transaction import transaction
from tests.books import give
from tests.factories import make_consumer, make_shop, make_shop_order

PAST = datetime.now(UTC) - timedelta(minutes=1)


@pytest.fixture
def consumer(session: Session) -> User:
    return make_consumer(session)


@pytest.fixture
def shop(session: Session) -> Shop:
    return make_shop(session)


def deliver(session: Session, consumer: User, shop: Shop, *, earned: str = "9.50", **columns: Any) -> Order:
    """An order that was delivered, paid by wallet unless given, whose earnings are due."""
    values = {"payment_method": PaymentMethod.WALLET, "status": OrderStatus.DELIVERED, "matures_at": PAST, **columns}
    order = make_shop_order(session, consumer, shop, **values)
    post(session, order, earned)
    return order


def post(session: Session, order: Order, amount: str) -> None:
    kind, reason = AccountKind.VENDOR_PENDING, JournalReason.DELIVERED
    give(session, kind, order.stock_location_id, amount, reason=reason, order_id=order.id)


def ask_back(session: Session, order: Order, status: ReturnStatus) -> None:
    decided = None if status is ReturnStatus.REQUESTED else datetime.now(UTC)
    refund = Decimal("1.00") if status is ReturnStatus.COMPLETED else None
    session.add(
        OrderReturn(
            order_id=order.id,
            reason="Broken",
            requested_by=order.user_id,
            status=status,
            decided_at=decided,
            refund_amount=refund,
        )
    )
    session.commit()


def pay_by_card(session: Session, order: Order, *, captured: str) -> None:
    session.add(
        Payment(
            order_id=order.id,
            payment_token_id=1,
            provider=PaymentProvider.MOCKPAY,
            reference=f"MOCKPAY-1-{order.id}",
            currency="ILS",
            requested_amount=order.total_amount,
            authorized_amount=order.total_amount,
            captured_amount=Decimal(captured),
        )
    )
    session.commit()


def earnings(session: Session, shop: Shop) -> tuple[Decimal, Decimal]:
    found = balances.of_shop(session, shop_id=shop.id)
    return found.pending, found.available


def assert_books_agree() -> None:
    broken = invariants.violations()
    assert broken["journals_out_of_balance"] == broken["balances_not_sum_of_entries"] == 0


def test_what_is_due_becomes_available_once(session: Session, consumer: User, shop: Shop) -> None:
    order = deliver(session, consumer, shop)

    counts = [maturing.mature_due() for _ in range(2)]

    session.refresh(order)
    assert (counts, order.matures_at) == ([1, 0], None)
    assert earnings(session, shop) == (0, Decimal("9.50"))
    journal = session.execute(select(Journal).where(Journal.reference == f"matured:{order.id}")).scalar_one()
    assert (journal.reason, journal.order_id) == (JournalReason.MATURED, order.id)
    assert_books_agree()


def test_what_a_refund_took_before_does_not_mature(session: Session, consumer: User, shop: Shop) -> None:
    order = deliver(session, consumer, shop, earned="9.50")
    post(session, order, "-3.25")
    ask_back(session, order, ReturnStatus.COMPLETED)

    maturing.mature_due()

    assert earnings(session, shop) == (0, Decimal("6.25"))


def test_an_order_of_which_nothing_is_left_matures_without_a_journal(
    session: Session, consumer: User, shop: Shop
) -> None:
    order = deliver(session, consumer, shop)
    post(session, order, "-9.50")

    assert maturing.mature_due() == 1

    session.refresh(order)
    assert order.matures_at is None
    assert session.execute(select(Journal).where(Journal.reference == f"matured:{order.id}")).all() == []


def test_only_its_own_earnings_mature_with_an_order(session: Session, consumer: User, shop: Shop) -> None:
    deliver(session, consumer, shop, earned="9.50")
    deliver(session, consumer, shop, earned="5.00", matures_at=datetime.now(UTC) + timedelta(days=1))
    deliver(session, consumer, make_shop(session), earned="7.00", matures_at=None)

    assert maturing.mature_due() == 1
    assert earnings(session, shop) == (5, Decimal("9.50"))


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        (ReturnStatus.REQUESTED, True),
        (ReturnStatus.ACCEPTED, True),
        (ReturnStatus.REJECTED, False),
        (ReturnStatus.COMPLETED, False),
    ],
)
def test_a_return_on_its_way_holds_the_money_back(
    session: Session, consumer: User, shop: Shop, status: ReturnStatus, waits: bool
) -> None:
    ask_back(session, deliver(session, consumer, shop), status)

    assert maturing.mature_due() == (0 if waits else 1)


def test_so_does_an_order_whose_return_is_accepted(session: Session, consumer: User, shop: Shop) -> None:
    deliver(session, consumer, shop, status=OrderStatus.RETURN_ACCEPTED)

    assert maturing.mature_due() == 0


@pytest.mark.parametrize(("captured", "matured"), [(None, 0), ("0.00", 0), ("10.00", 1)])
def test_money_of_a_card_matures_once_it_was_taken(
    session: Session, consumer: User, shop: Shop, captured: str | None, matured: int
) -> None:
    order = deliver(session, consumer, shop, payment_method=PaymentMethod.CARD)
    if captured is not None:
        pay_by_card(session, order, captured=captured)

    assert maturing.mature_due() == matured


def test_cash_never_was_ours_to_pay_out(session: Session, consumer: User, shop: Shop) -> None:
    make_shop_order(session, consumer, shop, status=OrderStatus.DELIVERED, matures_at=PAST)

    assert maturing.mature_due() == 0


def test_the_step_moves_at_once_what_needs_no_waiting(session: Session, consumer: User, shop: Shop) -> None:
    order_id = deliver(session, consumer, shop, matures_at=datetime.now(UTC) + timedelta(days=7)).id

    with transaction() as inner:
        moved = [maturing.mature(inner, inner.get_one(Order, order_id)) for _ in range(2)]

    assert moved == [Decimal("9.50"), 0]
    assert earnings(session, shop) == (0, Decimal("9.50"))


def test_one_that_fails_blocks_no_other(
    session: Session, consumer: User, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, sound = deliver(session, consumer, shop).id, deliver(session, consumer, shop).id
    real = maturing.mature

    def fail(inner: Session, order: Order) -> Decimal:
        if order.id == poisoned:
            raise RuntimeError("poisoned")
        return real(inner, order)

    monkeypatch.setattr(maturing, "mature", fail)

    assert maturing.mature_due() == 1
    left = session.execute(text("SELECT id FROM orders WHERE matures_at IS NOT NULL")).scalars().all()
    assert left == [poisoned]
    assert sound != poisoned
