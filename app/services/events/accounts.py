"""Messages about accounts: welcome, codes for addresses and phones, password reset."""

from datetime import UTC, datetime

from sqlalchemy import bindparam, select

from app.config import settings
from app.models import User
from app.services.events import texts
from app.services.events.event import Event, Handler
from app.services.events.outgoing import Recipient, tell
from app.transaction import reading

_USER = select(User.email, User.phone, User.full_name).where(User.id == bindparam("user_id"))


def _registered(event: Event) -> None:
    with reading() as connection:
        user = connection.execute(_USER, {"user_id": event.payload["user_id"]}).one()
    tell(Recipient(user.email, user.phone), texts.welcome(settings().shop_name, user.full_name), event)


def _registration_code(event: Event) -> None:
    text = texts.registration_code(settings().shop_name, event.payload["code"])
    tell(Recipient(event.payload["email"]), text, event)


def _phone_code(event: Event) -> None:
    """A code that is too late is not sent: after an outage people would be woken by codes they no longer want."""
    if datetime.fromisoformat(event.payload["expires_at"]) <= datetime.now(UTC):
        return
    payload = event.payload
    text = texts.phone_code(payload["code"], signs_in=payload["signs_in"], pairs=payload.get("pairs", False))
    tell(Recipient(None, event.payload["phone"]), text, event)


def _password_reset(event: Event) -> None:
    text = texts.password_reset(settings().shop_name, event.payload["link"], event.payload["token"])
    tell(Recipient(event.payload["email"]), text, event)


def _staff_invited(event: Event) -> None:
    text = texts.staff_invited(settings().shop_name, event.payload["link"], event.payload["token"])
    tell(Recipient(event.payload["email"]), text, event)


HANDLERS: dict[str, Handler] = {
    "user.registered": _registered,
    "registration.code": _registration_code,
    "phone.code": _phone_code,
    "password.reset": _password_reset,
    "staff.invited": _staff_invited,
}
