"""Messages about requests for help: a notification in the shop and a mail, both once for each event."""

from sqlalchemy import bindparam, select

from app.models import AssistanceRequest, User
from app.services.events import texts
from app.services.events.event import Event, Handler
from app.services.events.noting import note
from app.services.events.outgoing import Recipient, tell
from app.transaction import reading

_REQUEST = (
    select(
        AssistanceRequest.user_id,
        AssistanceRequest.order_id,
        AssistanceRequest.message,
        AssistanceRequest.resolution,
        User.email,
        User.phone,
    )
    .join(User, User.id == AssistanceRequest.user_id)
    .where(AssistanceRequest.id == bindparam("request_id"))
)


def _resolved(event: Event) -> None:
    with reading() as connection:
        asked = connection.execute(_REQUEST, {"request_id": event.payload["request_id"]}).one()
    text = texts.assistance_resolved(asked.message, asked.resolution)
    note(event, text, user_id=asked.user_id, order_id=asked.order_id)
    tell(Recipient(asked.email, asked.phone), text, event)


HANDLERS: dict[str, Handler] = {"assistance.resolved": _resolved}
