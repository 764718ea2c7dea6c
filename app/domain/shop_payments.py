"""What the buyer of a vendor's order sees of its money."""

from dataclasses import dataclass
from decimal import Decimal

from app.domain.amounts import NOTHING
from app.domain.enums import OrderStatus, PaymentMethod, PaymentStatus
from app.domain.shop_order_states import ENDED_UNSOLD, HANDED_OVER


@dataclass(frozen=True, slots=True)
class Paid:
    """How an order is paid and what has moved so far, in the shop's currency.

    `wallet_paid` came out of the wallet and `wallet_refunded` went back; of a card `authorized` is held, `captured`
    is taken, and `card_refunded` went back or is on its way.
    """

    method: PaymentMethod
    status: OrderStatus
    wallet_paid: Decimal = NOTHING
    wallet_refunded: Decimal = NOTHING
    authorized: Decimal = NOTHING
    captured: Decimal = NOTHING
    card_refunded: Decimal = NOTHING


def payment_status(paid: Paid) -> PaymentStatus:
    """The one word for an order's money (contract of the marketplace, section 12).

    Cash is paid at the door and stays so, as what is handed back in cash is not booked. A card is paid once the amount
    is held, and one whose order ended unsold is let go of, which the buyer sees as a refund.
    """
    if paid.method is PaymentMethod.CASH:
        return PaymentStatus.PAID if paid.status in HANDED_OVER else PaymentStatus.UNPAID
    if paid.method is PaymentMethod.WALLET:
        return _after_refunds(paid.wallet_paid, paid.wallet_refunded)
    if not paid.authorized:
        return PaymentStatus.UNPAID
    if paid.status in ENDED_UNSOLD:
        return PaymentStatus.REFUNDED
    return _after_refunds(paid.captured, paid.card_refunded)


def _after_refunds(taken: Decimal, refunded: Decimal) -> PaymentStatus:
    if not refunded:
        return PaymentStatus.PAID
    return PaymentStatus.REFUNDED if refunded >= taken else PaymentStatus.PARTIALLY_REFUNDED
