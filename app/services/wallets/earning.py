"""What a vendor earns with an order, and what of it goes back."""

from decimal import Decimal

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.commission import commission_given_back
from app.domain.enums import AccountKind, JournalReason
from app.models import Account, Entry, Journal, Order
from app.services import ledger
from app.services.ledger import Move


def post_delivery(session: Session, order: Order) -> None:
    """What we owed the consumer of a delivered, prepaid order becomes the vendor's, less our commission. A step.

    It stays pending until it matures (checkout-design, section 9).
    """
    moves = [
        Move(AccountKind.ORDER_LIABILITY, -order.total_amount),
        Move(AccountKind.VENDOR_PENDING, order.total_amount - order.commission, order.stock_location_id),
        Move(AccountKind.FEES, order.commission),
    ]
    ledger.post(
        session,
        reference=f"delivered:{order.id}",
        description=f"Order #{order.id} delivered",
        reason=JournalReason.DELIVERED,
        moves=[move for move in moves if move.amount],
        order_id=order.id,
    )


_LEFT_PENDING = (
    select(func.coalesce(func.sum(Entry.amount), 0))
    .join(Journal, Journal.id == Entry.journal_id)
    .join(Account, Account.id == Entry.account_id)
    .where(
        Journal.order_id == bindparam("order_id"),
        Account.kind == AccountKind.VENDOR_PENDING,
        Account.owner_id == bindparam("shop_id"),
    )
)


def pending_of(session: Session, order: Order) -> Decimal:
    """What is still pending of an order's earnings. A step."""
    values = {"order_id": order.id, "shop_id": order.stock_location_id}
    left: Decimal = session.execute(_LEFT_PENDING, values).scalar_one()
    return left


def take_back(session: Session, order: Order, *, refund: Decimal, earned: Decimal) -> list[Move]:
    """The vendor's side of a refund: what they and our commission give back. A step; lessens `order.commission`.

    `earned` is what of the order was not refunded before. Pending money is taken first, then available.
    """
    fee = commission_given_back(order.commission, earned=earned, refund=refund)
    order.commission -= fee
    session.flush()
    share = refund - fee
    from_pending = min(share, pending_of(session, order))
    moves = [
        Move(AccountKind.FEES, -fee),
        Move(AccountKind.VENDOR_PENDING, -from_pending, order.stock_location_id),
        Move(AccountKind.VENDOR_AVAILABLE, from_pending - share, order.stock_location_id),
    ]
    return [move for move in moves if move.amount]


def post_refund(
    session: Session, order: Order, *, moves: list[Move], reference: str, description: str, reason: JournalReason
) -> None:
    """Book a refund out of a delivered order. A step. Raises InsufficientFunds, where a setting does not allow that."""
    booked = ledger.post(
        session,
        reference=reference,
        description=description,
        reason=reason,
        moves=moves,
        order_id=order.id,
        may_overdraw=settings().return_allow_negative_vendor,
    )
    if not booked:
        raise RuntimeError(f"{reference} is booked already: the order was not locked, or its state not read again")
