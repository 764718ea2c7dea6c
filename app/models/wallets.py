"""Money on its way into wallets and out of the vendors' accounts; the balances themselves are in the ledger."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import PaymentProvider, PayoutState, TopUpState
from app.models.base import Base, Id, Instant, Money, Timestamped
from app.models.enums import stored


class TopUp(Timestamped, Base):
    """A payment of a user into their own wallet, held and then taken by the provider under two keys of its own.

    `client_key` is the caller's idempotency key, `reference` ours at the provider.
    """

    __tablename__ = "top_ups"
    __table_args__ = (
        UniqueConstraint("user_id", "client_key"),
        UniqueConstraint("provider", "provider_reference"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_top_ups_due", "next_at", postgresql_where=text("state IN ('created', 'authorized')")),
        Index("ix_top_ups_user_id_id", "user_id", text("id DESC")),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    client_key: Mapped[str | None] = mapped_column(String(128))
    request_hash: Mapped[str] = mapped_column(String(64))
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    note: Mapped[str] = mapped_column(String(100))
    payment_token_id: Mapped[int | None] = mapped_column(ForeignKey("payment_tokens.id", ondelete="SET NULL"))
    provider: Mapped[PaymentProvider] = mapped_column(stored(PaymentProvider, "provider"))
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    provider_reference: Mapped[str | None] = mapped_column(String(255))
    authorize_key: Mapped[UUID] = mapped_column(unique=True)
    capture_key: Mapped[UUID] = mapped_column(unique=True)
    state: Mapped[TopUpState] = mapped_column(stored(TopUpState, "state"), server_default=TopUpState.CREATED.value)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[Instant]
    failure_code: Mapped[str | None] = mapped_column(String(64))


class Payout(Timestamped, Base):
    """Money of a vendor on its way to their bank, debited when it was asked for; a failed one is given back.

    The bank is that of the moment of the request. Whoever asks does not approve.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        UniqueConstraint("shop_id", "idempotency_key"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("approved_by <> requested_by", name="approved_by_another"),
        CheckConstraint("state IN ('requested', 'failed') OR approved_by IS NOT NULL", name="approved_before_sent"),
        CheckConstraint("(state = 'failed') = (failure_reason IS NOT NULL)", name="failed_has_reason"),
        Index("ix_payouts_shop_id_id", "shop_id", text("id DESC")),
        Index("ix_payouts_open", "id", postgresql_where=text("state IN ('requested', 'approved', 'sent')")),
    )

    id: Mapped[Id]
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="RESTRICT"))
    amount: Mapped[Money]
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[PayoutState] = mapped_column(stored(PayoutState, "state"), server_default=PayoutState.REQUESTED.value)
    idempotency_key: Mapped[str] = mapped_column(String(128))
    request_hash: Mapped[str] = mapped_column(String(64))
    bank_name: Mapped[str] = mapped_column(String(100))
    account_number: Mapped[str] = mapped_column(String(500))
    last4: Mapped[str] = mapped_column(String(4))
    ifsc_code: Mapped[str] = mapped_column(String(20))
    requested_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    bank_reference: Mapped[str | None] = mapped_column(String(100))
    failure_reason: Mapped[str | None] = mapped_column(String(255))
    ended_at: Mapped[Instant | None]
