"""What a vendor earns with an order, and what of it goes back."""

from decimal import Decimal

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.commission import commission_given_back
from app.domain.enums import AccountKind, JournalReason
from app.models import Account, Entry, Journal, Order
from app.models.base import AnyRow
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


_PENDING = Account.kind == AccountKind.VENDOR_PENDING
_KEPT = (
    select(
        func.coalesce(func.sum(Entry.amount).filter(_PENDING), 0).label("pending"),
        func.coalesce(func.sum(Entry.amount), 0).label("in_all"),
    )
    .join(Journal, Journal.id == Entry.journal_id)
    .join(Account, Account.id == Entry.account_id)
    .where(
        Journal.order_id == bindparam("order_id"),
        Account.kind.in_((AccountKind.VENDOR_PENDING, AccountKind.VENDOR_AVAILABLE)),
        Account.owner_id == bindparam("shop_id"),
    )
)


def pending_of(session: Session, order: Order) -> Decimal:
    """What is still pending of an order's earnings. A step."""
    left: Decimal = _kept(session, order).pending
    return left


def _kept(session: Session, order: Order) -> AnyRow:
    """What the vendor has left of an order: `pending`, and `in_all` with what matured. A step on a locked order."""
    return session.execute(_KEPT, {"order_id": order.id, "shop_id": order.stock_location_id}).one()


def take_back(session: Session, order: Order, *, refund: Decimal) -> list[Move]:
    """The vendor's side of a refund: what they and our commission give back. A step; lessens `order.commission`.

    The commission goes back in proportion to what the vendor still earns with the order, which a refund paid by the
    house does not lessen. Pending money is taken first, then available.
    """
    kept = _kept(session, order)
    fee = commission_given_back(order.commission, earned=kept.in_all + order.commission, refund=refund)
    order.commission -= fee
    session.flush()
    share = refund - fee
    from_pending = min(share, kept.pending)
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
    ledger.post(
        session,
        reference=reference,
        description=description,
        reason=reason,
        moves=moves,
        order_id=order.id,
        may_overdraw=settings().return_allow_negative_vendor,
        must_be_new=True,
    )
