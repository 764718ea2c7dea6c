"""Messages about accounts: welcome, codes for addresses and phones, password reset."""

from datetime import UTC, datetime

from sqlalchemy import Select, bindparam, select

from app.config import settings
from app.domain.enums import Language
from app.models import User
from app.models.base import AnyRow
from app.services import password_resets, registration_codes
from app.services.events import texts
from app.services.events.event import Event, Handler
from app.services.events.outgoing import COLUMNS, Recipient, recipient_of, tell
from app.services.messages.tongue import tongue
from app.services.phone import codes
from app.transaction import reading

_USER = select(*COLUMNS).where(User.id == bindparam("user_id"))
_OF_EMAIL = select(*COLUMNS).where(User.email == bindparam("email"))
_OF_PHONE = select(*COLUMNS).where(User.phone == bindparam("phone"), User.phone_verified_at.is_not(None))


def _registered(event: Event) -> None:
    with reading() as connection:
        user = connection.execute(_USER, {"user_id": event.payload["user_id"]}).one()
    text = texts.welcome(tongue(user.language), settings().shop_name, user.full_name)
    tell(recipient_of(user), text, event)


def _registration_code(event: Event) -> None:
    to = _behind_email(event)
    lives = registration_codes.LIFETIME
    text = texts.registration_code(tongue(to.language), settings().shop_name, event.payload["code"], lives)
    tell(to, text, event)


def _phone_code(event: Event) -> None:
    """A code that is too late is not sent: after an outage people would be woken by codes they no longer want."""
    if datetime.fromisoformat(event.payload["expires_at"]) <= datetime.now(UTC):
        return
    payload = event.payload
    user = _found(_OF_PHONE, phone=payload["phone"])
    to = Recipient(None, payload["phone"], language=user.language if user else _language_in(event))
    text = texts.phone_code(
        tongue(to.language),
        payload["code"],
        codes.LIFETIME,
        signs_in=payload["signs_in"],
        pairs=payload.get("pairs", False),
    )
    tell(to, text, event)


def _password_reset(event: Event) -> None:
    to, payload = _behind_email(event), event.payload
    say, lives = tongue(to.language), password_resets.LIFETIME
    tell(to, texts.password_reset(say, settings().shop_name, payload["link"], payload["token"], lives), event)


def _staff_invited(event: Event) -> None:
    to, payload = _behind_email(event), event.payload
    say, lives = tongue(to.language), password_resets.INVITED_FOR
    tell(to, texts.staff_invited(say, settings().shop_name, payload["link"], payload["token"], lives), event)


def _behind_email(event: Event) -> Recipient:
    """Who is behind the address of an event: a user, or else somebody whose language the event may know."""
    email = event.payload["email"]
    user = _found(_OF_EMAIL, email=email)
    return recipient_of(user) if user else Recipient(email, language=_language_in(event))


def _found(statement: Select[*tuple[object, ...]], **values: str) -> AnyRow | None:
    with reading() as connection:
        return connection.execute(statement, values).one_or_none()


def _language_in(event: Event) -> Language | None:
    word = event.payload.get("language")
    return Language(word) if word else None


HANDLERS: dict[str, Handler] = {
    "user.registered": _registered,
    "registration.code": _registration_code,
    "phone.code": _phone_code,
    "password.reset": _password_reset,
    "staff.invited": _staff_invited,
}
