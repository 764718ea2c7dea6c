"""Wallets and orders: paying, and getting money back. The caller keeps `orders.wallet_*` in step."""

from decimal import Decimal

from sqlalchemy.orm import Session

from app.domain.enums import AccountKind, JournalReason
from app.models import Order
from app.services import ledger
from app.services.ledger import Move


def pay(session: Session, order: Order, *, amount: Decimal, reference: str, reason: JournalReason) -> None:
    """Move money of the customer's wallet to what we owe them for an order. A step on a locked order.

    `reference` names the occasion: the same one of an order is never booked twice. Raises InsufficientFunds.
    """
    moves = [
        Move(AccountKind.WALLET, -amount, order.user_id),
        Move(AccountKind.ORDER_LIABILITY, amount),
    ]
    _post(session, order, moves, reference, f"Order #{order.id}", reason)


def give_back(
    session: Session, order: Order, *, amount: Decimal, reference: str, description: str, reason: JournalReason
) -> None:
    """Move what we owe for an order back into the customer's wallet. A step on a locked order."""
    moves = [
        Move(AccountKind.ORDER_LIABILITY, -amount),
        Move(AccountKind.WALLET, amount, order.user_id),
    ]
    _post(session, order, moves, reference, description, reason)


def _post(
    session: Session, order: Order, moves: list[Move], reference: str, description: str, reason: JournalReason
) -> None:
    name = f"order-wallet:{order.id}:{reference}"
    ledger.post(
        session,
        reference=name,
        description=description,
        moves=moves,
        order_id=order.id,
        reason=reason,
        must_be_new=True,
    )
