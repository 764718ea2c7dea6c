"""Which messages reach whom by which channel: the defaults, and a user's word on them."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import MessageChannel, MessageKind
from app.errors import Conflict
from app.models import MessagePreference, User
from app.models.base import AnyRow
from app.schemas.message_settings import NotificationSettings, NotificationSettingsChange
from app.services import audit, profile
from app.transaction import reading, transaction

Choices = Mapping[MessageChannel, bool]
"""A user's own word by channel; a channel without one follows the default."""

_ACCOUNT = {channel: channel is not MessageChannel.WHATSAPP for channel in MessageChannel}
"""A code goes to what it proves, other news of the account to the address, or to the phone of who has none."""


class AccountMessagesAlwaysOn(Conflict):
    code = "ACCOUNT_MESSAGES_ALWAYS_ON"
    message = "Messages that keep your account safe cannot be changed. Leave `account` out, or as it is."


_USER = select(User.email, User.language).where(User.id == bindparam("user_id"))
_ALL = select(MessagePreference.kind, MessagePreference.channel, MessagePreference.is_enabled).where(
    MessagePreference.user_id == bindparam("user_id")
)
_OF_KIND = _ALL.where(MessagePreference.kind == bindparam("kind"))


def default(kind: MessageKind, channel: MessageChannel, *, has_email: bool) -> bool:
    """Whether a kind of message uses a channel as long as the user has not said otherwise.

    What happens to an order is told in the shop and by mail, or by text message to who has no address. Offers wait in
    the shop.
    """
    if kind is MessageKind.ACCOUNT:
        return _ACCOUNT[channel]
    if channel is MessageChannel.IN_APP:
        return True
    if kind is MessageKind.OFFERS:
        return False
    return channel is (MessageChannel.EMAIL if has_email else MessageChannel.SMS)


def choices(*, user_id: int, kind: MessageKind) -> Choices:
    """What a user said about a kind of message."""
    with reading() as connection:
        rows = connection.execute(_OF_KIND, {"user_id": user_id, "kind": kind}).all()
    return {row.channel: row.is_enabled for row in rows}


def show(caller: Caller) -> NotificationSettings:
    """The caller's language and what they get by which channel."""
    with reading() as connection:
        user = connection.execute(_USER, {"user_id": caller.user_id}).one()
        rows = connection.execute(_ALL, {"user_id": caller.user_id}).all()
    return _settings(user, rows)


def change(form: NotificationSettingsChange, caller: Caller) -> NotificationSettings:
    """Change what the form names; the rest stays. Raises AccountMessagesAlwaysOn."""
    wanted = form.wanted()
    if any(_ACCOUNT[channel] is not is_on for (kind, channel), is_on in wanted.items() if kind is MessageKind.ACCOUNT):
        raise AccountMessagesAlwaysOn
    with transaction() as session:
        user = profile.locked(session, caller)
        before = _settings(user, session.execute(_ALL, {"user_id": user.id}).all())
        user.language = form.language or user.language
        for (kind, channel), is_on in wanted.items():
            if kind is not MessageKind.ACCOUNT:
                choose(session, user_id=user.id, kind=kind, channel=channel, is_enabled=is_on)
        after = _settings(user, session.execute(_ALL, {"user_id": user.id}).all())
        if after != before:
            old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
            audit.record(
                session, entity_type="user", action="UPDATE_MESSAGES", entity_id=user.id, by=caller, old=old, new=new
            )
    return after


def choose(session: Session, *, user_id: int, kind: MessageKind, channel: MessageChannel, is_enabled: bool) -> None:
    """Keep a user's word on one kind by one channel. A step."""
    row = {"user_id": user_id, "kind": kind, "channel": channel, "is_enabled": is_enabled}
    session.execute(
        insert(MessagePreference)
        .values(row)
        .on_conflict_do_update(
            index_elements=[MessagePreference.user_id, MessagePreference.kind, MessagePreference.channel],
            set_={"is_enabled": is_enabled},
        )
    )


def _settings(user: User | AnyRow, rows: Iterable[AnyRow]) -> NotificationSettings:
    said = {(row.kind, row.channel): row.is_enabled for row in rows}
    channels = {
        kind.value: {
            channel.value: said.get((kind, channel), default(kind, channel, has_email=user.email is not None))
            for channel in MessageChannel
        }
        for kind in MessageKind
    }
    return NotificationSettings.model_validate({"language": user.language, "channels": channels})
