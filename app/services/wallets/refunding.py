"""Giving back money of a delivered order, out of the vendor's account or the house's."""

from decimal import Decimal

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.amounts import NOTHING
from app.domain.enums import AccountKind, JournalReason, PaymentMethod
from app.models import Account, Entry, Journal, Order
from app.services import locks
from app.services.ledger import Move
from app.services.payments import settlement
from app.services.wallets import earning


def refundable(session: Session, order: Order) -> Decimal:
    """What was paid for a locked order and is not given back or being given back. A step; locks the payment of a card.

    Of an order paid in cash that is its total: it never passed our books, and is given from hand to hand.
    """
    match order.payment_method:
        case PaymentMethod.WALLET:
            return order.wallet_paid - order.wallet_refunded
        case PaymentMethod.CASH:
            return order.total_amount
        case PaymentMethod.CARD:
            payment = locks.payment_of(session, order_id=order.id)
            taken = payment.refunded_amount + payment.refund_pending_amount if payment else order.total_amount
            return order.total_amount - taken


def passed_our_books(session: Session, order: Order) -> Decimal:
    """As `refundable`, but nothing for cash. A step."""
    return NOTHING if order.payment_method is PaymentMethod.CASH else refundable(session, order)


_BOOKED = (
    select(
        func.max(Entry.amount).label("amount"),
        func.bool_or(Account.kind == AccountKind.ADJUSTMENTS).label("by_house"),
    )
    .join(Journal, Journal.id == Entry.journal_id)
    .join(Account, Account.id == Entry.account_id)
    .where(Journal.reference == bindparam("reference"))
    .group_by(Journal.id)
)


def booked(session: Session, *, reference: str) -> tuple[Decimal, bool] | None:
    """The amount of the refund booked under a reference before, and whether the house paid it; None without. A step."""
    row = session.execute(_BOOKED, {"reference": reference}).one_or_none()
    return (row.amount, row.by_house) if row else None


def refund(
    session: Session,
    order: Order,
    *,
    amount: Decimal,
    reference: str,
    description: str,
    reason: JournalReason,
    by_house: bool = False,
) -> int | None:
    """Give back part of what was paid for a locked, delivered order. A step; answers the call to the provider, if any.

    `amount` is at most `refundable`. The vendor pays it with our commission on it, or the house alone where `by_house`.
    Nothing is booked for an order paid in cash. Raises InsufficientFunds, or AmountNotAvailable for a card that is not
    charged yet.
    """
    if order.payment_method is PaymentMethod.CASH or amount <= 0:
        return None
    operation_id = None
    if order.payment_method is PaymentMethod.CARD:
        operation_id = _ask_card(session, order, amount)
        to_consumer = Move(AccountKind.ORDER_LIABILITY, amount)
    else:
        order.wallet_refunded += amount
        to_consumer = Move(AccountKind.WALLET, amount, order.user_id)
    if by_house:
        from_whom = [Move(AccountKind.ADJUSTMENTS, -amount)]
    else:
        from_whom = earning.take_back(session, order, refund=amount)
    session.flush()
    moves = [to_consumer, *from_whom]
    earning.post_refund(session, order, moves=moves, reference=reference, description=description, reason=reason)
    return operation_id


def _ask_card(session: Session, order: Order, amount: Decimal) -> int:
    """Ask the provider for the refund; what we owe the consumer until it is done is booked by the caller."""
    payment = locks.payment_of(session, order_id=order.id)
    if payment is None:
        raise RuntimeError(f"order {order.id} is paid by a card it does not have")
    return settlement.request_refund(session, payment, amount=amount)
