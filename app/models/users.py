"""People, what proves who they are, and what they keep with us."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import Language, MembershipTier, PaymentProvider, Role
from app.models.base import Base, Created, Id, Instant, Timestamped
from app.models.enums import stored


class User(Timestamped, Base):
    """One person or staff member; without `password_hash` nobody signs in by password.

    `phone` is a way to sign in once it is verified, and E.164 then. `role_pending`: made by a first sign-in by phone
    and not onboarded yet, so that role and place are still to be chosen. An erased person's row stays for their orders.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        CheckConstraint("email IS NOT NULL OR phone IS NOT NULL OR erased_at IS NOT NULL", name="reachable"),
        CheckConstraint(
            "erased_at IS NULL OR (num_nonnulls(email, phone, password_hash, totp_secret) = 0 AND NOT is_active)",
            name="erased_is_nobody",
        ),
        CheckConstraint("totp_enabled_at IS NULL OR totp_secret IS NOT NULL", name="second_factor_has_secret"),
        CheckConstraint("phone_verified_at IS NULL OR phone IS NOT NULL", name="verified_phone_is_known"),
        CheckConstraint("onboarded_at IS NULL OR num_nulls(city, society) = 0", name="onboarded_has_place"),
        CheckConstraint("role_pending = false OR role = 'CUSTOMER'", name="pending_role_is_customer"),
        Index("uq_users_phone", "phone", unique=True, postgresql_where=text("phone_verified_at IS NOT NULL")),
        Index("ix_users_erased_at", "erased_at", postgresql_where=text("erased_at IS NOT NULL")),
    )

    id: Mapped[Id]
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    phone: Mapped[str | None] = mapped_column(String(33))
    phone_verified_at: Mapped[Instant | None]
    full_name: Mapped[str] = mapped_column(String(128))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(stored(Role, "role"), server_default=Role.CUSTOMER.value)
    role_pending: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    city: Mapped[str | None] = mapped_column(String(100))
    society: Mapped[str | None] = mapped_column(String(100))
    onboarded_at: Mapped[Instant | None]
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    membership_tier: Mapped[MembershipTier] = mapped_column(
        stored(MembershipTier, "membership_tier"), server_default=MembershipTier.FREE.value
    )
    default_branch_id: Mapped[int | None] = mapped_column(ForeignKey("stock_locations.id", ondelete="SET NULL"))
    totp_secret: Mapped[str | None] = mapped_column(String(255))
    totp_enabled_at: Mapped[Instant | None]
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    language: Mapped[Language] = mapped_column(stored(Language, "language"), server_default=Language.ENGLISH.value)
    erased_at: Mapped[Instant | None]


class UserBranch(Base):
    """A branch an employee works at: they see and touch only these."""

    __tablename__ = "user_branches"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    stock_location_id: Mapped[int] = mapped_column(
        ForeignKey("stock_locations.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class RecoveryCode(Base):
    """A way in without the authenticator app, good for one sign-in; kept as a keyed hash."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[Instant | None]


class AuthSession(Base):
    """One sign-in on one device; revoking it ends its access and refresh tokens at once.

    Access tokens of a sign-in `by_phone` live shorter.
    """

    __tablename__ = "auth_sessions"
    __table_args__ = (
        Index("ix_auth_sessions_user_id_open", "user_id", postgresql_where=text("revoked_at IS NULL")),
        Index("ix_auth_sessions_created_at", "created_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    user_agent: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(64))
    by_phone: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    created_at: Mapped[Created]
    revoked_at: Mapped[Instant | None]
    revoked_because: Mapped[str | None] = mapped_column(String(32))


class RefreshToken(Base):
    """A refresh token by its jti; it works once, and a second use revokes the whole session."""

    __tablename__ = "refresh_tokens"

    jti: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("auth_sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[Instant] = mapped_column(index=True)
    used_at: Mapped[Instant | None]


class RegistrationCode(Base):
    """The one live code that proves an e-mail address before registration; kept as a keyed hash."""

    __tablename__ = "registration_codes"
    __table_args__ = (CheckConstraint("attempts >= 0", name="attempts_not_negative"),)

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    expires_at: Mapped[Instant]
    verified_at: Mapped[Instant | None]


class PasswordReset(Base):
    """The one live password reset of a user; kept as a hash, deleted on use."""

    __tablename__ = "password_resets"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[Instant]


class LoginFailure(Base):
    """Failed sign-ins by account and by address, for the back-off; `subject` is a hash, not the address itself."""

    __tablename__ = "login_failures"
    __table_args__ = (CheckConstraint("failures > 0", name="failures_positive"),)

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[Instant] = mapped_column(index=True)
    blocked_until: Mapped[Instant | None]


class Address(Base):
    """A delivery address; at most one per user is the default."""

    __tablename__ = "addresses"
    __table_args__ = (
        Index("uq_addresses_default", "user_id", unique=True, postgresql_where=text("is_default")),
        CheckConstraint("lat BETWEEN -90 AND 90", name="lat_on_earth"),
        CheckConstraint("lng BETWEEN -180 AND 180", name="lng_on_earth"),
        CheckConstraint("(lat IS NULL) = (lng IS NULL)", name="lat_with_lng"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    address_line: Mapped[str] = mapped_column(String(256))
    city: Mapped[str] = mapped_column(String(64))
    postal_code: Mapped[str] = mapped_column(String(16))
    country: Mapped[str] = mapped_column(String(64))
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    lat: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    lng: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    created_at: Mapped[Created]


class PaymentToken(Base):
    """A means of payment kept at the provider; we hold its handle and the last four digits, never a card number.

    Row 1 without an owner is the shared demo card of the sandbox.
    """

    __tablename__ = "payment_tokens"
    __table_args__ = (
        Index("uq_payment_tokens_default", "user_id", unique=True, postgresql_where=text("is_default")),
        CheckConstraint("last4 ~ '^[0-9]{4}$'", name="last4_digits"),
        CheckConstraint("user_id IS NOT NULL OR provider = 'mockpay'", name="shared_only_in_sandbox"),
    )

    id: Mapped[Id]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[PaymentProvider] = mapped_column(stored(PaymentProvider, "provider"))
    provider_token: Mapped[str] = mapped_column(String(255))
    last4: Mapped[str] = mapped_column(String(4))
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_at: Mapped[Created]


class WishlistItem(Base):
    __tablename__ = "wishlist_items"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    note: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[Created]


class Notification(Base):
    """Something a user should know; made from an outbox event, once for each event."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_user_id_id", "user_id", text("id DESC")),
        Index("ix_notifications_created_at", "created_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    outbox_id: Mapped[int | None] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(String(1000))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    created_at: Mapped[Created]
    read_at: Mapped[Instant | None]
