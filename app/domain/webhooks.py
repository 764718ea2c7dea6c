"""Messages to integrators: what they are about, how they are signed, when they are tried again.

Signatures and headers follow the Standard Webhooks specification 1.0.0 (standardwebhooks.com).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from app.domain.enums import OrderActionType as Did

API_VERSION = "2026-11-01"
"""Of the payloads: a field that changes its meaning or goes away gets a new one, a new field does not."""

PAYOUT_CHANGED = "payout.changed"
SHOP_ORDER_ACTED = "shop_order.acted"
"""What the outbox calls two families of events; what happened stands in the payload."""

PING = "webhook.ping"
"""Sent when an admin asks for it; nobody needs to listen to it."""

EVENTS: dict[str, str] = {
    "order.placed": "A customer checked out; the payment is still to be held.",
    "order.confirmed": "An order is paid for, or paid at the door: work on it begins. Trolleys' orders too.",
    "order.substitution_proposed": "A picker proposed another product for a line.",
    "order.ready": "An order is packed; `final_total` is what it costs.",
    "order.out_for_delivery": "A driver has an order on the way.",
    "order.delivered": "An order was handed over.",
    "order.delivery_failed": "A delivery was tried in vain.",
    "order.delayed": "An order will be late.",
    "order.canceled": "An order was cancelled or rejected, in any channel; `cancel_reason` says why.",
    "order.refunded": "Money was given back; `refunded` is all of it so far.",
    "shop_order.created": "An order was placed with a vendor's shop.",
    "shop_order.status_updated": "A vendor accepted, rejected or handed over an order.",
    "shop_order.modified": "A vendor changed quantities; the consumer has to confirm.",
    "shop_order.modification_confirmed": "The consumer took the vendor's change.",
    "shop_order.canceled": "An order of a vendor's shop was cancelled.",
    "shop_order.rated": "A consumer rated a delivered order.",
    "shop_order.issue_raised": "A consumer complained about a delivered order.",
    "shop_order.issue_resolved": "A complaint was dealt with.",
    "shop_order.return_requested": "A consumer wants to give goods back.",
    "shop_order.return_accepted": "The vendor takes the goods back.",
    "shop_order.return_rejected": "The vendor does not take the goods back.",
    "shop_order.return_forced": "The vendor took goods back that nobody had asked to return.",
    "shop_order.return_completed": "Returned goods are back and their money is given back.",
    "shop_order.refunded": "The office gave money of an order back.",
    "payout.requested": "Somebody asked for a payout of a vendor's money.",
    "payout.approved": "A payout was approved.",
    "payout.sent": "The transfer of a payout was made at the bank.",
    "payout.paid": "The money of a payout has arrived.",
    "payout.failed": "A payout was refused or did not arrive: the vendor has the money again.",
}
"""Every event an endpoint can listen to, and when it happens."""

_OF_ACTION = {
    Did.ORDER_CREATED: "created",
    Did.VENDOR_MODIFIED: "modified",
    Did.ORDER_CANCELLED: "canceled",
    Did.ORDER_RATED: "rated",
    Did.VENDOR_FORCED_RETURN: "return_forced",
}
"""Actions whose event has another name than they."""

PATTERNS: tuple[str, ...] = ("*", *sorted({f"{name.partition('.')[0]}.*" for name in EVENTS}), *EVENTS)
"""What an endpoint may listen to: everything, a family, or one event."""


def topic_of(topic: str, payload: Mapping[str, Any]) -> str | None:
    """The event that integrators hear of for one of the outbox; None for what is no business of theirs."""
    if topic == SHOP_ORDER_ACTED:
        action = Did(payload["action"])
        topic = f"shop_order.{_OF_ACTION.get(action, action.value)}"
    elif topic == PAYOUT_CHANGED:
        topic = f"payout.{payload['status']}"
    return topic if topic in EVENTS else None


def heard_by(topic: str) -> list[str]:
    """The patterns that an event falls under."""
    return ["*", f"{topic.partition('.')[0]}.*", topic]


SECRET_PREFIX = "whsec_"  # noqa: S105 (what every secret begins with)
SECRET_BYTES = 32  # the specification asks for 24 to 64


def secret_from(random: bytes) -> str:
    """A signing secret in the form integrators know."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def signatures(body: bytes, *, message_id: str, timestamp: int, secrets: Sequence[str]) -> str:
    """The `webhook-signature` header: `v1,` and base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`, for each secret.

    `timestamp` is in Unix seconds.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix(SECRET_PREFIX)) for secret in secrets]
    digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


_SECONDS = (10, 60, 300, 900)
_HOURS = (1, 2, 4, 8, 12, 20, 25)
WAITS = (*(timedelta(seconds=number) for number in _SECONDS), *(timedelta(hours=number) for number in _HOURS))
"""Between one try and the next: together a little over three days."""

MOST_ATTEMPTS = len(WAITS) + 1
GIVEN_UP_AFTER = timedelta(days=3)
"""An endpoint that only fails for so long is switched off."""

SPREAD = 0.1
"""By how much a wait is stretched at most, so that what failed together does not come back together."""

LONGEST_WISH = timedelta(hours=24)


def wait_after(attempts: int, *, chance: float, wished: timedelta | None = None) -> timedelta:
    """How long to wait after so many tries. `chance` is from 0 to 1; `wished` is what the other side asked for.

    A wish never shortens a wait, and counts up to a day.
    """
    wait = WAITS[min(attempts, len(WAITS)) - 1] * (1 + SPREAD * chance)
    return max(wait, min(wished, LONGEST_WISH)) if wished else wait


def retry_after(header: str, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date (RFC 9110, 10.2.3); None for anything else."""
    if header.isascii() and header.isdigit():
        return timedelta(seconds=int(header[:9]))
    try:
        asked = parsedate_to_datetime(header)
    except ValueError:
        return None
    if asked.tzinfo is None:
        asked = asked.replace(tzinfo=UTC)
    return max(asked - now, timedelta())
