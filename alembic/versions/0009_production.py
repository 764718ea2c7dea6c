"""production

Revision: 0009
Before: 0008
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from app import migration_steps as steps

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "message_sends",
        sa.Column("outbox_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "sms",
                "whatsapp",
                "in_app",
                name="message_channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_message_sends_outbox_id_outbox"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("outbox_id", "channel", "recipient", name=op.f("pk_message_sends")),
    )
    steps.create_table(
        "message_preferences",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "account", "orders", "offers", name="message_kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "sms",
                "whatsapp",
                "in_app",
                name="message_channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_message_preferences_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", "channel", name=op.f("pk_message_preferences")),
    )
    steps.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("description", sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.Column("topics", sa.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("secret", sa.String(length=255), nullable=False),
        sa.Column("previous_secret", sa.String(length=255), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("disabled_reason", sa.String(length=64), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("cardinality(topics) > 0", name=op.f("ck_webhook_endpoints_has_topics")),
        sa.CheckConstraint(
            "is_active OR disabled_reason IS NOT NULL", name=op.f("ck_webhook_endpoints_disabled_has_reason")
        ),
        sa.CheckConstraint(
            "num_nulls(previous_secret, previous_until) IN (0, 2)",
            name=op.f("ck_webhook_endpoints_previous_secret_ends"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_webhook_endpoints_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    steps.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("replay_of", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "pending", "sent", "failed", name="delivery_state", native_enum=False, create_constraint=True, length=32
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("answer_status", sa.SmallInteger(), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_webhook_deliveries_sent_has_time")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_webhook_deliveries_attempts_not_negative")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["replay_of"],
            ["webhook_deliveries.id"],
            name=op.f("fk_webhook_deliveries_replay_of_webhook_deliveries"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )
    steps.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    steps.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["endpoint_id", "next_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    steps.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint_id", "id"])
    steps.create_index(
        "ix_webhook_deliveries_replay_of",
        "webhook_deliveries",
        ["replay_of"],
        postgresql_where=sa.text("replay_of IS NOT NULL"),
    )
    steps.create_index(
        "uq_webhook_deliveries_event",
        "webhook_deliveries",
        ["endpoint_id", "event_id"],
        unique=True,
        postgresql_where=sa.text("replay_of IS NULL"),
    )
    steps.add_columns(
        "users",
        sa.Column(
            "language",
            sa.String(length=32),
            server_default="en",
            nullable=False,
        ),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
    )
    steps.create_index("ix_auth_sessions_created_at", "auth_sessions", ["created_at"])
    steps.create_index("ix_cart_sessions_cart_id", "cart_sessions", ["cart_id"])
    steps.create_index("ix_carts_abandoned", "carts", ["updated_at"], postgresql_where=sa.text("status = 'ABANDONED'"))
    steps.create_index(
        "ix_carts_of_guests",
        "carts",
        ["updated_at"],
        postgresql_where=sa.text("guest_token_hash IS NOT NULL AND status = 'ACTIVE'"),
    )
    steps.create_index(op.f("ix_login_failures_last_failed_at"), "login_failures", ["last_failed_at"])
    steps.create_index("ix_notifications_created_at", "notifications", ["created_at"])
    steps.create_index("ix_outbox_done", "outbox", ["done_at"], postgresql_where=sa.text("done_at IS NOT NULL"))
    steps.create_index(
        "ix_outbox_of_people",
        "outbox",
        ["aggregate"],
        postgresql_where=sa.text(
            "topic IN ('registration.code', 'phone.code', 'password.reset', 'staff.invited', 'user.registered', 'order.delivery_failed')"
        ),
    )
    steps.create_index(op.f("ix_phone_codes_expires_at"), "phone_codes", ["expires_at"])
    steps.create_index("ix_reservations_cart_id", "reservations", ["cart_id"])
    steps.create_index("ix_users_erased_at", "users", ["erased_at"], postgresql_where=sa.text("erased_at IS NOT NULL"))
    steps.create_index(
        "ix_webhook_events_processed",
        "webhook_events",
        ["processed_at"],
        postgresql_where=sa.text("processed_at IS NOT NULL"),
    )
    steps.add_checks(
        "users",
        {
            "ck_users_language": "language IN ('en', 'he', 'hi')",
            "ck_users_erased_is_nobody": "(erased_at IS NULL) OR ((num_nonnulls(email, phone, password_hash, totp_secret) = 0) AND (NOT is_active))",
        },
    )
    steps.replace_checks(
        "users",
        {
            "ck_users_reachable": "(email IS NOT NULL) OR (phone IS NOT NULL) OR (erased_at IS NOT NULL)",
        },
    )


def downgrade() -> None:
    steps.narrow_checks(
        {
            "users": {
                "ck_users_reachable": "(email IS NOT NULL) OR (phone IS NOT NULL)",
            },
        }
    )
    steps.drop_checks("users", "ck_users_erased_is_nobody")
    steps.drop_indexes(
        "ix_webhook_events_processed",
        "ix_users_erased_at",
        "ix_reservations_cart_id",
        "ix_phone_codes_expires_at",
        "ix_outbox_of_people",
        "ix_outbox_done",
        "ix_notifications_created_at",
        "ix_login_failures_last_failed_at",
        "ix_carts_of_guests",
        "ix_carts_abandoned",
        "ix_cart_sessions_cart_id",
        "ix_auth_sessions_created_at",
    )
    steps.drop_columns("users", "erased_at", "language")
    steps.drop_tables("webhook_deliveries", "webhook_endpoints", "message_preferences", "message_sends")
