"""Messages about requests for help: a notification in the shop and a mail, both once for each event."""

from sqlalchemy import bindparam, select

from app.models import AssistanceRequest, User
from app.services.events import texts
from app.services.events.event import Event, Handler
from app.services.events.noting import note
from app.services.events.outgoing import COLUMNS, recipient_of, tell
from app.services.messages.tongue import tongue
from app.transaction import reading

_REQUEST = (
    select(
        AssistanceRequest.user_id,
        AssistanceRequest.order_id,
        AssistanceRequest.message,
        AssistanceRequest.resolution,
        *COLUMNS,
    )
    .join(User, User.id == AssistanceRequest.user_id)
    .where(AssistanceRequest.id == bindparam("request_id"))
)


def _resolved(event: Event) -> None:
    with reading() as connection:
        asked = connection.execute(_REQUEST, {"request_id": event.payload["request_id"]}).one()
    text = texts.assistance_resolved(tongue(asked.language), asked.message, asked.resolution)
    note(event, text, user_id=asked.user_id, order_id=asked.order_id)
    tell(recipient_of(asked), text, event)


HANDLERS: dict[str, Handler] = {"assistance.resolved": _resolved}
