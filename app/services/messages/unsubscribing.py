"""The link in a mail that ends mails of its kind, without signing in (RFC 8058: one click, by POST).

The token names user and kind under a keyed hash. It never expires, as mails are kept for years; all it can do is end
mails.
"""

import hmac
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import bindparam, select

from app.config import settings
from app.domain.caller import Origin
from app.domain.enums import Language, MessageChannel, MessageKind
from app.errors import BadRequest
from app.models import User
from app.services import audit
from app.services.messages import preferences, rendering
from app.services.messages.tongue import marked, tongue
from app.services.secrets_at_rest import keyed_hash, possible_hashes
from app.transaction import reading, transaction

PATH = "/api/v1/messages/unsubscribe"
_PURPOSE = "unsubscribe"
_LANGUAGE = select(User.language).where(User.id == bindparam("user_id"))


class InvalidUnsubscribeLink(BadRequest):
    code = "INVALID_UNSUBSCRIBE_LINK"
    message = "This link is damaged. Follow it again from the mail, or choose your messages in your account."


@dataclass(frozen=True, slots=True)
class _Target:
    user_id: int
    kind: MessageKind
    language: Language


_QUESTIONS = {
    MessageKind.ORDERS: marked("Do you want no more e-mails about your orders?"),
    MessageKind.OFFERS: marked("Do you want no more e-mails about offers?"),
}
_ENDED = {
    MessageKind.ORDERS: marked("We write you no more e-mails about your orders. You still find the news in the shop."),
    MessageKind.OFFERS: marked("We write you no more e-mails about offers."),
}


def address(*, user_id: int, kind: MessageKind) -> str:
    """The link that ends mails of a kind to a user; empty for account mails, and without PUBLIC_BASE_URL."""
    base = settings().public_base_url
    if not base or kind is MessageKind.ACCOUNT:
        return ""
    token = f"{user_id}.{kind}.{keyed_hash(_PURPOSE, str(user_id), kind)}"
    return f"{base}{PATH}?{urlencode({'token': token})}"


def ask(token: str) -> str:
    """The page that asks whether mails should end; following a link alone ends nothing, as programs follow links too.

    Raises InvalidUnsubscribeLink.
    """
    target = _read(token)
    say = tongue(target.language)
    sentence = say(_QUESTIONS[target.kind])
    return rendering.page(say, title=say("Unsubscribe"), sentence=sentence, button=say("No more e-mails"))


def end(token: str, origin: Origin) -> str:
    """End mails of the token's kind to its user, however often; answers a page that says so.

    Raises InvalidUnsubscribeLink.
    """
    target = _read(token)
    with transaction() as session:
        preferences.choose(
            session, user_id=target.user_id, kind=target.kind, channel=MessageChannel.EMAIL, is_enabled=False
        )
        audit.record(
            session,
            entity_type="user",
            action="UNSUBSCRIBE",
            entity_id=target.user_id,
            origin=origin,
            new={"kind": target.kind.value, "channel": MessageChannel.EMAIL.value},
        )
    say = tongue(target.language)
    return rendering.page(say, title=say("You are unsubscribed"), sentence=say(_ENDED[target.kind]))


def _read(token: str) -> _Target:
    user_id, _, rest = token.partition(".")
    kind, _, mark = rest.partition(".")
    known = possible_hashes(f"{_PURPOSE}:{user_id}:{kind}")
    if not any(hmac.compare_digest(mark.encode(), good.encode()) for good in known):
        raise InvalidUnsubscribeLink
    with reading() as connection:
        language = connection.execute(_LANGUAGE, {"user_id": int(user_id)}).scalar_one_or_none()
    if language is None:
        raise InvalidUnsubscribeLink
    return _Target(int(user_id), MessageKind(kind), language)
