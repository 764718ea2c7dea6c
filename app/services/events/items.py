"""Making the items of an uploaded file."""

from app.services.events.event import Event, Handler
from app.services.shop_items import uploading


def _uploaded(event: Event) -> None:
    uploading.finish(event.payload["task_id"])


HANDLERS: dict[str, Handler] = {uploading.TOPIC: _uploaded}
