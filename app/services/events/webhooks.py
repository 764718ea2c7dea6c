"""Messages to admins about integrators' endpoints that were switched off."""

from urllib.parse import urlsplit

from sqlalchemy import BigInteger, bindparam, select, true

from app.domain.enums import SwitchedOff
from app.models import User, WebhookEndpoint
from app.services.events import webhook_texts
from app.services.events.event import Event, Handler
from app.services.events.noting import note
from app.services.events.outgoing import COLUMNS, recipient_of, tell
from app.services.messages.tongue import tongue
from app.transaction import reading

_ENDPOINT = (
    select(WebhookEndpoint.id, WebhookEndpoint.url, *COLUMNS)
    .join(User, true())
    .where(
        WebhookEndpoint.id == bindparam("endpoint_id", type_=BigInteger),
        User.id == bindparam("user_id", type_=BigInteger),
    )
)


def _disabled(event: Event) -> None:
    """Of the address only the host is told: the rest may hold a token. An endpoint that is gone needs no news."""
    asked = {name: event.payload[name] for name in ("endpoint_id", "user_id")}
    with reading() as connection:
        row = connection.execute(_ENDPOINT, asked).one_or_none()
    if row is None:
        return
    reason = SwitchedOff(event.payload["reason"])
    text = webhook_texts.disabled(tongue(row.language), str(row.id), urlsplit(row.url).hostname or "", reason)
    note(event, text, user_id=row.recipient_id, order_id=None)
    tell(recipient_of(row), text, event)


def _tell_nobody(_event: Event) -> None:
    """A payout is told of by live updates and webhooks alone."""


HANDLERS: dict[str, Handler] = {"webhook.disabled": _disabled, "payout.changed": _tell_nobody}
