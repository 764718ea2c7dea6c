"""What happens to a vendor's order after it is placed: log, changes, messages, issues, ratings and returns."""

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import IssueStatus, OrderActionType, OrderStatus, ReturnStatus
from app.models.base import Base, Created, Id, Instant, Money, Timestamped
from app.models.enums import stored


class OrderAction(Base):
    """One thing done to a vendor's order, by whom and when, and the state it left the order in. Append-only.

    Without an actor the shop did it by itself, such as cancelling an order nobody answered.
    """

    __tablename__ = "order_actions"
    __table_args__ = (Index("ix_order_actions_order_id_id", "order_id", "id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    action: Mapped[OrderActionType] = mapped_column(stored(OrderActionType, "action"))
    status: Mapped[OrderStatus] = mapped_column(stored(OrderStatus, "status"))
    actor_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    details: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[Created]


class OrderModification(Base):
    """A vendor's change of an order's quantities. Append-only."""

    __tablename__ = "order_modifications"
    __table_args__ = (Index("ix_order_modifications_order_id_id", "order_id", "id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    old_total: Mapped[Money]
    new_total: Mapped[Money]
    actor_user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    created_at: Mapped[Created]


class OrderModificationLine(Base):
    """How many pieces of one product a modification took or gave; the source of its stock movement. Append-only."""

    __tablename__ = "order_modification_lines"
    __table_args__ = (
        UniqueConstraint("modification_id", "product_id"),
        CheckConstraint("old_quantity > 0", name="old_quantity_positive"),
        CheckConstraint("new_quantity BETWEEN 0 AND 10", name="new_quantity_range"),
        CheckConstraint("new_quantity <> old_quantity", name="changes_something"),
    )

    id: Mapped[Id]
    modification_id: Mapped[int] = mapped_column(ForeignKey("order_modifications.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(200))
    old_quantity: Mapped[int]
    new_quantity: Mapped[int]


class OrderMessage(Base):
    """One message between consumer and vendor about an order; automatic ones tell of what somebody did."""

    __tablename__ = "order_messages"
    __table_args__ = (Index("ix_order_messages_order_id_id", "order_id", "id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    sender_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    body: Mapped[str] = mapped_column(Text)
    is_automatic: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    created_at: Mapped[Created]


class OrderIssue(Timestamped, Base):
    """What a consumer complains of after delivery."""

    __tablename__ = "order_issues"
    __table_args__ = (
        CheckConstraint("(status = 'raised') = (resolved_at IS NULL)", name="resolved_has_time"),
        Index("ix_order_issues_order_id_id", "order_id", "id"),
        Index("ix_order_issues_raised", "id", postgresql_where=text("status = 'raised'")),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    issue_type: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(Text, server_default="")
    status: Mapped[IssueStatus] = mapped_column(stored(IssueStatus, "status"), server_default=IssueStatus.RAISED.value)
    resolution: Mapped[str | None] = mapped_column(String(500))
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    resolved_at: Mapped[Instant | None]


class OrderRating(Base):
    """What a consumer thinks of a delivered order, once; it feeds the shop's rating."""

    __tablename__ = "order_ratings"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_stars"),
        Index("ix_order_ratings_shop_id", "shop_id", "created_at"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="RESTRICT"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    rating: Mapped[int] = mapped_column(SmallInteger)
    review: Mapped[str] = mapped_column(String(500), server_default="")
    created_at: Mapped[Created]


class OrderReturn(Timestamped, Base):
    """Goods of a delivered order on their way back; `refund_amount` is set when it is completed."""

    __tablename__ = "order_returns"
    __table_args__ = (
        CheckConstraint("refund_amount >= 0", name="refund_not_negative"),
        CheckConstraint("(status = 'completed') = (refund_amount IS NOT NULL)", name="completed_has_refund"),
        CheckConstraint("(status = 'requested') = (decided_at IS NULL)", name="decided_has_time"),
        Index("ix_order_returns_order_id_id", "order_id", "id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    reason: Mapped[str] = mapped_column(String(255))
    status: Mapped[ReturnStatus] = mapped_column(
        stored(ReturnStatus, "status"), server_default=ReturnStatus.REQUESTED.value
    )
    requested_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    photo_urls: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    decision_note: Mapped[str | None] = mapped_column(String(255))
    decided_at: Mapped[Instant | None]
    refund_amount: Mapped[Money | None]


class OrderReturnLine(Base):
    """Pieces of one line of the order that go back."""

    __tablename__ = "order_return_lines"
    __table_args__ = (
        UniqueConstraint("return_id", "order_item_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_order_return_lines_order_item_id", "order_item_id"),
    )

    id: Mapped[Id]
    return_id: Mapped[int] = mapped_column(ForeignKey("order_returns.id", ondelete="RESTRICT"))
    order_item_id: Mapped[int] = mapped_column(ForeignKey("order_items.id", ondelete="RESTRICT"))
    quantity: Mapped[int]
