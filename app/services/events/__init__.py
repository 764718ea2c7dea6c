"""What happens when an event of the outbox is relayed. Every handler may run more than once for the same event."""

from app.services.events import accounts, assistance, items, orders, shop_orders, webhooks
from app.services.events.event import Event, Handler

HANDLERS: dict[str, Handler] = {
    **accounts.HANDLERS,
    **assistance.HANDLERS,
    **items.HANDLERS,
    **orders.HANDLERS,
    **shop_orders.HANDLERS,
    **webhooks.HANDLERS,
}

SECRETS: dict[str, tuple[str, ...]] = {
    "registration.code": ("code",),
    "phone.code": ("code",),
    "password.reset": ("token", "link"),
    "staff.invited": ("token", "link"),
}
"""The fields of a payload that must not outlive the message they were sent in."""


def handle(event: Event) -> None:
    """Run the handler of the event's topic. Raises LookupError for a topic nobody handles, or whatever failed."""
    handler = HANDLERS.get(event.topic)
    if handler is None:
        raise LookupError("no handler for this topic")
    handler(event)


def without_secrets(event: Event) -> dict[str, object]:
    """The payload with its secret fields emptied."""
    return event.payload | {name: "" for name in SECRETS.get(event.topic, ()) if name in event.payload}


def may_name(event: Event, error: Exception) -> str:
    """An error as it may be kept: its kind, and its text only where the event holds no secret."""
    kind = type(error).__name__
    return kind if event.topic in SECRETS else f"{kind}: {error}"[:500]
