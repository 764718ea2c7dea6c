"""The one word for the money of a vendor's order."""

from decimal import Decimal

import pytest

from app.domain.enums import OrderStatus as S
from app.domain.enums import PaymentMethod, PaymentStatus
from app.domain.shop_order_states import ENDED_UNSOLD, HANDED_OVER, SHOP_ORDER_MOVES
from app.domain.shop_payments import Paid, payment_status

TEN, FOUR = Decimal(10), Decimal(4)


@pytest.mark.parametrize("status", SHOP_ORDER_MOVES)
def test_cash_is_paid_when_the_goods_are_handed_over_and_stays_so(status: S) -> None:
    expected = PaymentStatus.PAID if status in HANDED_OVER else PaymentStatus.UNPAID

    assert payment_status(Paid(PaymentMethod.CASH, status)) is expected


@pytest.mark.parametrize(
    ("refunded", "expected"),
    [
        (Decimal(0), PaymentStatus.PAID),
        (FOUR, PaymentStatus.PARTIALLY_REFUNDED),
        (TEN, PaymentStatus.REFUNDED),
    ],
)
def test_refunds_show_on_wallet_and_card(refunded: Decimal, expected: PaymentStatus) -> None:
    by_wallet = Paid(PaymentMethod.WALLET, S.DELIVERED, wallet_paid=TEN, wallet_refunded=refunded)
    by_card = Paid(PaymentMethod.CARD, S.DELIVERED, authorized=TEN, captured=TEN, card_refunded=refunded)

    assert payment_status(by_wallet) is expected
    assert payment_status(by_card) is expected


def test_a_card_is_measured_by_what_was_taken_not_by_what_was_held() -> None:
    paid = Paid(PaymentMethod.CARD, S.RETURN_COMPLETED, authorized=TEN, captured=FOUR, card_refunded=FOUR)

    assert payment_status(paid) is PaymentStatus.REFUNDED


def test_a_card_is_paid_once_the_money_is_held() -> None:
    assert payment_status(Paid(PaymentMethod.CARD, S.PENDING_PAYMENT)) is PaymentStatus.UNPAID
    assert payment_status(Paid(PaymentMethod.CARD, S.PENDING, authorized=TEN)) is PaymentStatus.PAID


@pytest.mark.parametrize("status", ENDED_UNSOLD)
def test_a_held_amount_let_go_of_is_a_refund_and_a_declined_card_was_never_paid(status: S) -> None:
    assert payment_status(Paid(PaymentMethod.CARD, status, authorized=TEN)) is PaymentStatus.REFUNDED
    assert payment_status(Paid(PaymentMethod.CARD, status)) is PaymentStatus.UNPAID
