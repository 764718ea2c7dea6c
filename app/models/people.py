"""What the marketplace knows of its people: consumers' profiles, vendors' papers and banks, codes sent to phones."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import ReviewStatus
from app.models.base import Base, Id, Instant, Timestamped
from app.models.enums import stored


class PhoneCode(Base):
    """The one live code of a phone number (E.164); kept as a keyed hash, good once, dead after five wrong tries."""

    __tablename__ = "phone_codes"
    __table_args__ = (CheckConstraint("attempts >= 0", name="attempts_not_negative"),)

    phone: Mapped[str] = mapped_column(String(33), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    expires_at: Mapped[Instant] = mapped_column(index=True)
    used_at: Mapped[Instant | None]


class ConsumerProfile(Timestamped, Base):
    """What a consumer tells about themselves; name, city and society stand in `users`."""

    __tablename__ = "consumer_profiles"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    flat_number: Mapped[str | None] = mapped_column(String(50))
    profile_image_url: Mapped[str | None] = mapped_column(String(255))
    gender: Mapped[str | None] = mapped_column(String(10))
    date_of_birth: Mapped[date | None] = mapped_column(Date)
    preferred_language: Mapped[str | None] = mapped_column(String(20))


class VendorProfile(Timestamped, Base):
    """A vendor's business; `kyc_status` is an admin's verdict on it and its documents."""

    __tablename__ = "vendor_profiles"
    __table_args__ = (
        CheckConstraint("(kyc_status = 'pending') = (reviewed_at IS NULL)", name="reviewed_has_time"),
        Index("ix_vendor_profiles_pending", "user_id", postgresql_where=text("kyc_status = 'pending'")),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    business_type: Mapped[str] = mapped_column(String(100))
    business_name: Mapped[str] = mapped_column(String(150))
    address: Mapped[str] = mapped_column(String(400))
    gst_number: Mapped[str | None] = mapped_column(String(30))
    kyc_status: Mapped[ReviewStatus] = mapped_column(
        stored(ReviewStatus, "kyc_status"), server_default=ReviewStatus.PENDING.value
    )
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reviewed_at: Mapped[Instant | None]
    review_note: Mapped[str | None] = mapped_column(String(400))


class VendorDocument(Timestamped, Base):
    """A paper of a vendor by reference; the file itself is kept elsewhere."""

    __tablename__ = "vendor_documents"
    __table_args__ = (
        CheckConstraint("(status = 'pending') = (reviewed_at IS NULL)", name="reviewed_has_time"),
        Index("ix_vendor_documents_user_id_id", "user_id", "id"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    document_type: Mapped[str] = mapped_column(String(50))
    file_url: Mapped[str] = mapped_column(String(500))
    status: Mapped[ReviewStatus] = mapped_column(
        stored(ReviewStatus, "status"), server_default=ReviewStatus.PENDING.value
    )
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reviewed_at: Mapped[Instant | None]
    review_note: Mapped[str | None] = mapped_column(String(400))


class PayoutBank(Timestamped, Base):
    """Where a vendor's money goes. The account number is encrypted (`services.secrets_at_rest`); `last4` is shown."""

    __tablename__ = "payout_banks"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    bank_name: Mapped[str] = mapped_column(String(100))
    account_number: Mapped[str] = mapped_column(String(500))
    last4: Mapped[str] = mapped_column(String(4))
    ifsc_code: Mapped[str] = mapped_column(String(20))
