"""Which moves an order may make, as one table. CANCELLING is a fence: from then on no payment may start or resume."""

from app.domain.enums import OrderStatus as S

SUPERMARKET_MOVES: dict[S, frozenset[S]] = {
    S.PENDING_PAYMENT: frozenset({S.CREATED, S.CANCELLING, S.CANCELED}),
    S.CANCELLING: frozenset({S.CANCELED}),
    S.CREATED: frozenset({S.IN_PROGRESS, S.DELAYED, S.CANCELED}),
    S.IN_PROGRESS: frozenset({S.READY, S.MISSING, S.DELAYED}),
    S.MISSING: frozenset({S.IN_PROGRESS, S.READY, S.CANCELED}),
    S.READY: frozenset({S.OUT_FOR_DELIVERY, S.DELIVERED, S.DELAYED}),
    S.OUT_FOR_DELIVERY: frozenset({S.DELIVERED, S.DELAYED}),
    S.DELAYED: frozenset({S.CREATED, S.IN_PROGRESS, S.READY, S.OUT_FOR_DELIVERY}),
    S.DELIVERED: frozenset(),
    S.CANCELED: frozenset(),
}

UNDECIDED = frozenset({S.PENDING_PAYMENT, S.CANCELLING})
CANCELLABLE_BY_OWNER = frozenset({S.PENDING_PAYMENT, S.CREATED})
HOLDS_STOCK = frozenset(S) - {S.CANCELED, S.DELIVERED}


def may_move(now: S, to: S) -> bool:
    """Whether the table allows the move."""
    return to in SUPERMARKET_MOVES[now]
