"""What managers may change while the shop runs."""

from sqlalchemy import BigInteger, CheckConstraint, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Money


class GlobalSettings(Base):
    """One row. Delivery costs `delivery_fee` below `delivery_min` and nothing from there on."""

    __tablename__ = "global_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("delivery_min >= 0", name="delivery_min_not_negative"),
        CheckConstraint("delivery_fee >= 0", name="delivery_fee_not_negative"),
        CheckConstraint("free_threshold >= 0", name="free_threshold_not_negative"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    delivery_min: Mapped[Money] = mapped_column(server_default=text("150"))
    delivery_fee: Mapped[Money] = mapped_column(server_default=text("30"))
    free_threshold: Mapped[Money] = mapped_column(server_default=text("150"))
    slots: Mapped[str] = mapped_column(String(32), server_default="06:00-22:00")
    updated_at: Mapped[Created]
    updated_by: Mapped[int | None] = mapped_column(BigInteger)
