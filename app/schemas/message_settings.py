"""How a user wants to be told of things, and the links that end mails."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.domain.enums import Language, MessageChannel, MessageKind
from app.schemas.envelope import Answer, Request


class ChannelsOfKind(Answer):
    """Whether messages of a kind come by mail, text message, WhatsApp, and as a notification in the shop."""

    email: bool
    sms: bool
    whatsapp: bool
    in_app: bool


class ChannelsByKind(Answer):
    """`account` is what keeps an account safe and usable, and never changes."""

    account: ChannelsOfKind
    orders: ChannelsOfKind
    offers: ChannelsOfKind


class NotificationSettings(Answer):
    """What holds now: the user's own word, or else the default."""

    language: Language
    channels: ChannelsByKind


class ChannelsOfKindChange(Request):
    """Absent or null leaves a channel as it is."""

    email: bool | None = None
    sms: bool | None = None
    whatsapp: bool | None = None
    in_app: bool | None = None


class ChannelsByKindChange(Request):
    """Absent or null leaves a kind as it is."""

    account: ChannelsOfKindChange | None = None
    orders: ChannelsOfKindChange | None = None
    offers: ChannelsOfKindChange | None = None


class NotificationSettingsChange(Request):
    """Absent or null leaves a field as it is."""

    example: ClassVar[Mapping[str, Any]] = {"language": "he", "channels": {"orders": {"sms": True}}}

    language: Language | None = None
    channels: ChannelsByKindChange | None = None

    def wanted(self) -> dict[tuple[MessageKind, MessageChannel], bool]:
        """What is asked for, by kind and channel."""
        asked = self.channels.model_dump(exclude_none=True) if self.channels else {}
        return {
            (MessageKind(kind), MessageChannel(channel)): is_on
            for kind, channels in asked.items()
            for channel, is_on in channels.items()
        }


LinkToken = Annotated[str, Field(min_length=1, max_length=200, examples=["17.orders.9f2c"])]


class UnsubscribeQuery(BaseModel):
    """The token of a link."""

    model_config = ConfigDict(extra="ignore")

    token: LinkToken
