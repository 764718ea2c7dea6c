"""Which moves an order may make and who may make them, as one table (contract of the supermarket, section 9).

CANCELLING is a fence: from then on no payment may start or resume. Moves out of DELAYED lead back to where the order
came from; the services hold what a move demands of the order's lines.
"""

from app.domain.enums import FulfillmentType, Role
from app.domain.enums import OrderStatus as S
from app.domain.roles import MANAGERS, STAFF

NOBODY: frozenset[Role] = frozenset()
"""Moves that no person makes by naming the new state: payment, cancelling, the driver's steps."""

SUPERMARKET_MOVES: dict[S, dict[S, frozenset[Role]]] = {
    S.PENDING_PAYMENT: {S.CREATED: NOBODY, S.CANCELLING: NOBODY, S.CANCELED: NOBODY},
    S.CANCELLING: {S.CANCELED: NOBODY},
    S.CREATED: {S.IN_PROGRESS: STAFF, S.DELAYED: MANAGERS, S.CANCELED: NOBODY},
    S.IN_PROGRESS: {S.READY: STAFF, S.MISSING: STAFF, S.DELAYED: MANAGERS, S.CANCELED: NOBODY},
    S.MISSING: {S.IN_PROGRESS: STAFF, S.READY: STAFF, S.CANCELED: MANAGERS},
    S.READY: {S.OUT_FOR_DELIVERY: MANAGERS, S.DELIVERED: MANAGERS, S.DELAYED: MANAGERS, S.CANCELED: NOBODY},
    S.OUT_FOR_DELIVERY: {S.DELIVERED: MANAGERS, S.DELAYED: MANAGERS},
    S.DELAYED: {
        S.CREATED: MANAGERS,
        S.IN_PROGRESS: MANAGERS,
        S.READY: MANAGERS,
        S.OUT_FOR_DELIVERY: MANAGERS,
        S.CANCELED: NOBODY,
    },
    S.DELIVERED: {},
    S.CANCELED: {},
}

UNDECIDED = frozenset({S.PENDING_PAYMENT, S.CANCELLING})
CANCELLABLE_BY_OWNER = frozenset({S.PENDING_PAYMENT, S.CREATED})
CANCELLABLE_BY_SHOP = frozenset({S.CREATED, S.IN_PROGRESS, S.MISSING, S.READY, S.DELAYED})
PICKABLE = frozenset({S.CREATED, S.IN_PROGRESS, S.MISSING})
"""Where lines may be marked; in MISSING a line is replaced, found again or left out."""
IN_WORK = frozenset(SUPERMARKET_MOVES) - UNDECIDED - {S.DELIVERED, S.CANCELED}
"""Of the supermarket's orders; those of vendors have states of their own: `domain.shop_order_states`."""
PACKED = frozenset({S.READY, S.OUT_FOR_DELIVERY, S.DELIVERED})


def may_be_moved_by(role: Role, now: S, to: S) -> bool:
    """Whether somebody of that role may name the new state."""
    return role in SUPERMARKET_MOVES[now].get(to, NOBODY)


def fits_fulfillment(to: S, now: S, fulfillment: FulfillmentType) -> bool:
    """A pickup is never out for delivery; a delivery is not handed over straight from the shelf."""
    if fulfillment is FulfillmentType.PICKUP:
        return to is not S.OUT_FOR_DELIVERY
    return not (now is S.READY and to is S.DELIVERED)
