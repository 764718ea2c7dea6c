"""What may be done to a vendor's order, and where it leads: the table of the marketplace's contract, section 12.

PENDING_PAYMENT and CANCELLING stand in front of it, as in every channel (checkout-design, section 4).
"""

from enum import StrEnum

from app.domain.enums import OrderStatus
from app.domain.enums import OrderStatus as S


class Move(StrEnum):
    """An action of the table's columns; V is the vendor, C the consumer."""

    ACCEPT = "accepted"
    REJECT = "rejected"
    DELIVER = "delivered"
    MODIFY = "modify"
    VENDOR_CANCEL = "vendor_cancel"
    CONSUMER_CANCEL = "consumer_cancel"
    CONFIRM_MODIFIED = "confirm_modified"
    RAISE_RETURN = "raise_return"
    ACCEPT_RETURN = "accept_return"
    COMPLETE_RETURN = "complete_return"


_FROM_ANY_OPEN = {
    Move.REJECT: S.REJECTED,
    Move.MODIFY: S.AWAITING_CONSUMER_CONFIRMATION,
    Move.VENDOR_CANCEL: S.CANCELED,
    Move.CONSUMER_CANCEL: S.CANCELED,
}
_WORKED_ON = {**_FROM_ANY_OPEN, Move.ACCEPT: S.ACCEPTED, Move.DELIVER: S.DELIVERED}

SHOP_ORDER_MOVES: dict[S, dict[Move, S]] = {
    S.PENDING: _WORKED_ON,
    S.ACCEPTED: _WORKED_ON,
    S.AWAITING_CONSUMER_CONFIRMATION: {**_FROM_ANY_OPEN, Move.CONFIRM_MODIFIED: S.CONFIRMED},
    S.CONFIRMED: _WORKED_ON,
    S.DELIVERED: {
        Move.DELIVER: S.DELIVERED,
        Move.RAISE_RETURN: S.DELIVERED,
        Move.ACCEPT_RETURN: S.RETURN_ACCEPTED,
    },
    S.RETURN_ACCEPTED: {Move.COMPLETE_RETURN: S.RETURN_COMPLETED},
    S.RETURN_COMPLETED: {Move.RAISE_RETURN: S.RETURN_COMPLETED, Move.ACCEPT_RETURN: S.RETURN_ACCEPTED},
    S.REJECTED: {},
    S.CANCELED: {},
}
"""RETURN_COMPLETED takes a later return of other pieces (contract, below the table)."""

OPEN = frozenset({S.PENDING, S.ACCEPTED, S.AWAITING_CONSUMER_CONFIRMATION, S.CONFIRMED})
"""Neither handed over nor ended."""
HANDED_OVER = frozenset({S.DELIVERED, S.RETURN_ACCEPTED, S.RETURN_COMPLETED})
ENDED_UNSOLD = frozenset({S.REJECTED, S.CANCELED})

_WORDS = {S.CANCELED: "cancelled"}
"""The one word that is not simply the stored one in lower case."""


def after(move: Move, now: S) -> S | None:
    """Where a move leads from a state; None where the table has a dash."""
    return SHOP_ORDER_MOVES.get(now, {}).get(move)


def changes_nothing(move: Move, now: S) -> bool:
    """A repeat of what was done already: answered as done, without a second effect."""
    return (move, now) in {(Move.ACCEPT, S.ACCEPTED), (Move.DELIVER, S.DELIVERED)}


def shown(status: OrderStatus) -> str:
    """A state in the words of the marketplace's clients."""
    return _WORDS.get(status, status.value.lower())


def asked(word: str) -> OrderStatus | None:
    """The state behind a client's word; None for an unknown one."""
    return _BY_WORD.get(word)


_BY_WORD = {shown(status): status for status in (S.PENDING_PAYMENT, S.CANCELLING, *SHOP_ORDER_MOVES)}
