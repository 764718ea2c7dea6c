"""Figures that are dear to count, counted by one process for all."""

from typing import Any

from sqlalchemy import Float, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant


class CountedFigures(Base):
    """What was counted last, when and in how many seconds; `next_at` is when anybody may count again."""

    __tablename__ = "counted_figures"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    next_at: Mapped[Instant]
    counted_at: Mapped[Instant | None]
    seconds: Mapped[float | None] = mapped_column(Float)
    rows: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
