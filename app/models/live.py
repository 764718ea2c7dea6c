"""What clients are told the moment it happens."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Id


class LiveEvent(Base):
    """News for one user. Ids grow in the order of the commits for each user, so a client resumes after the last one."""

    __tablename__ = "live_events"
    __table_args__ = (
        Index("ix_live_events_user_id_id", "user_id", "id"),
        Index("ix_live_events_created_at", "created_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    topic: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Created]
