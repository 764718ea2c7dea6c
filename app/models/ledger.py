"""Double-entry books: accounts, journals and entries that sum to zero for each journal."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import AccountKind, JournalReason
from app.models.base import Base, Created, Id, Money
from app.models.enums import stored


class Account(Base):
    """A ledger account. Only wallets and vendor accounts keep a stored balance; the others are summed from entries.

    A trigger lets `balance` follow the entries and refuses every other change of it. `vendor_available` may fall below
    zero only where RETURN_ALLOW_NEGATIVE_VENDOR says so.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("kind", "owner_id", "currency", postgresql_nulls_not_distinct=True),
        CheckConstraint("kind = 'vendor_available' OR balance >= 0", name="balance_not_negative"),
        CheckConstraint(
            "(kind IN ('wallet', 'vendor_pending', 'vendor_available')) = (balance IS NOT NULL)",
            name="balance_only_where_kept",
        ),
    )

    id: Mapped[Id]
    kind: Mapped[AccountKind] = mapped_column(stored(AccountKind, "kind"))
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    balance: Mapped[Money | None]


class Journal(Base):
    """One booking; `reference` is unique, so the same event is never booked twice. Append-only."""

    __tablename__ = "journals"

    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(String(128), unique=True)
    description: Mapped[str] = mapped_column(String(200))
    reason: Mapped[JournalReason | None] = mapped_column(stored(JournalReason, "reason"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    created_at: Mapped[Created]


class Entry(Base):
    """One side of a journal: positive credits, negative debits. Append-only; a trigger holds the sum at zero.

    Another one writes `balance_after` where the account keeps a balance.
    """

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        Index("ix_entries_account_id_id", "account_id", "id"),
    )

    id: Mapped[Id]
    journal_id: Mapped[int] = mapped_column(ForeignKey("journals.id", ondelete="RESTRICT"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="RESTRICT"))
    amount: Mapped[Money]
    balance_after: Mapped[Money | None]
