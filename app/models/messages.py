"""How people want to be told, and what was sent to them already."""

from sqlalchemy import BigInteger, Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import MessageChannel, MessageKind
from app.models.base import Base, Created, Timestamped
from app.models.enums import stored


class MessagePreference(Timestamped, Base):
    """A user's word on one kind of message by one channel; without a row the default of that pair holds."""

    __tablename__ = "message_preferences"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[MessageKind] = mapped_column(stored(MessageKind, "message_kind"), primary_key=True)
    channel: Mapped[MessageChannel] = mapped_column(stored(MessageChannel, "message_channel"), primary_key=True)
    is_enabled: Mapped[bool] = mapped_column(Boolean)


class MessageSend(Base):
    """An event's message that a provider took over by a channel: a later try of the event does not send it again."""

    __tablename__ = "message_sends"

    outbox_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    channel: Mapped[MessageChannel] = mapped_column(stored(MessageChannel, "message_channel"), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_at: Mapped[Created]
