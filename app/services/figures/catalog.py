"""Every figure there is: what it says and by what it is told apart. docs/monitoring.md says what to make of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from app.domain.enums import ChannelName, DeliveryState, JournalReason, OrderStatus, TrolleyState

ENDED = (
    OrderStatus.DELIVERED,
    OrderStatus.CANCELED,
    OrderStatus.REJECTED,
    OrderStatus.RETURN_COMPLETED,
)
"""Where orders pile up over the years; of the others there are never more than there is work."""

OPEN = tuple(status for status in OrderStatus if status not in ENDED)
CODE_TOPICS = ("phone.code", "registration.code")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; `labels` in the order of its line below."""

    name: str
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Known:
    """What a figure says; `always` are labels under which it is told even when it is 0."""

    what: str
    labels: tuple[str, ...] = ()
    always: tuple[tuple[str, ...], ...] = ()
    only_grows: bool = False


def _each(words: Iterable[str], *more: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(str(word) for word in labels) for labels in product(words, *more))


CATALOG: dict[str, Known] = {
    # read at each look, each by an index over nothing but the open rows
    "aisle_orders_open": Known("Orders that are not at their end.", ("status", "channel")),
    "aisle_payment_operations_open": Known(
        "Calls to the payment provider without an outcome yet.",
        ("kind", "state"),
    ),
    "aisle_payment_operations_stuck": Known(
        "Calls to the payment provider due for over five minutes (overdue), or waiting for a person (manual).",
        ("reason",),
        _each(("overdue", "manual")),
    ),
    "aisle_top_ups_stuck": Known(
        "Payments into wallets due for over five minutes (overdue), or waiting for a person (manual).",
        ("reason",),
        _each(("overdue", "manual")),
    ),
    "aisle_outbox_events": Known("Events not yet acted on, or given up.", ("state",), _each(("pending", "failed"))),
    "aisle_outbox_oldest_seconds": Known("Age of the oldest event not yet acted on.", (), ((),)),
    "aisle_outbox_overdue_seconds": Known("How long the event due first has been due.", (), ((),)),
    "aisle_webhook_deliveries_open": Known("Messages to integrators not yet taken.", (), ((),)),
    "aisle_webhook_overdue_seconds": Known("How long the message due first at an active endpoint is due.", (), ((),)),
    "aisle_webhook_endpoints_off": Known("Endpoints switched off because they failed or are gone.", (), ((),)),
    "aisle_trolleys": Known("Trolleys by the state they are in.", ("state",), _each(TrolleyState)),
    "aisle_trolleys_online": Known("Trolleys heard of in the last five minutes.", (), ((),)),
    "aisle_trolley_sessions": Known("Shoppers with a trolley.", (), ((),)),
    "aisle_reservations": Known("Pieces that trolleys have put aside.", (), ((),)),
    "aisle_queue_depth": Known("Calls waiting in Redis for a Celery worker.", ("queue",)),
    # counted once a minute at most, by one process for all
    "aisle_orders": Known("Orders there are.", ("status", "channel"), _each(OrderStatus, ChannelName)),
    "aisle_payment_operations": Known("Calls to the payment provider there are.", ("kind", "state")),
    "aisle_wallet_movements": Known(
        "Movements of wallets since the beginning.", ("reason",), _each(JournalReason), only_grows=True
    ),
    "aisle_webhook_deliveries": Known("Messages to integrators kept.", ("state",), _each(DeliveryState)),
    "aisle_codes": Known(
        "One-time codes asked for in the last hour, by what became of their message.",
        ("topic", "state"),
        _each(CODE_TOPICS, ("sent", "pending", "failed")),
    ),
    "aisle_invariant_violations": Known("Rows that break a rule of the books; each must be 0.", ("name",)),
    "aisle_counted_age_seconds": Known("How long ago the figures counted once a minute were counted."),
    "aisle_counted_took_seconds": Known("How long counting them took."),
}
