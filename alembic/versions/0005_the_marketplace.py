"""the marketplace

Revision: 0005
Before: 0004
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from app import migration_steps as steps

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "phone_codes",
        sa.Column("phone", sa.String(length=33), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_phone_codes_attempts_not_negative")),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_phone_codes")),
    )
    steps.create_table(
        "consumer_profiles",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("flat_number", sa.String(length=50), nullable=True),
        sa.Column("profile_image_url", sa.String(length=255), nullable=True),
        sa.Column("gender", sa.String(length=10), nullable=True),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("preferred_language", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_consumer_profiles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_consumer_profiles")),
    )
    steps.create_table(
        "live_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_live_events_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_events")),
    )
    steps.create_index("ix_live_events_created_at", "live_events", ["created_at"])
    steps.create_index("ix_live_events_user_id_id", "live_events", ["user_id", "id"])
    steps.create_table(
        "payout_banks",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("bank_name", sa.String(length=100), nullable=False),
        sa.Column("account_number", sa.String(length=500), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("ifsc_code", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_payout_banks_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_payout_banks")),
    )
    steps.create_table(
        "shop_items",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.String(length=50), nullable=True),
        sa.Column("tags", sa.String(length=100), nullable=True),
        sa.Column("pack_size", sa.String(length=50), nullable=True),
        sa.Column("discount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("expiry_date", sa.Date(), nullable=True),
        sa.Column("is_available", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("discount >= 0", name=op.f("ck_shop_items_discount_not_negative")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_shop_items_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_shop_items")),
    )
    steps.create_table(
        "shops",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("shop_type", sa.String(length=50), nullable=False),
        sa.Column("description", sa.String(length=200), server_default="", nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("society", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=33), nullable=True),
        sa.Column("category_tags", sa.String(length=400), server_default="", nullable=False),
        sa.Column("logo_url", sa.String(length=255), nullable=True),
        sa.Column("delivers", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("appointment_only", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("featured", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("minimum_order", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("delivery_fee", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("rating_sum", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rating_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("delivery_fee >= 0", name=op.f("ck_shops_delivery_fee_not_negative")),
        sa.CheckConstraint("minimum_order >= 0", name=op.f("ck_shops_minimum_order_not_negative")),
        sa.CheckConstraint("rating_count >= 0", name=op.f("ck_shops_rating_count_not_negative")),
        sa.CheckConstraint(
            "rating_sum BETWEEN rating_count AND 5 * rating_count", name=op.f("ck_shops_rating_sum_fits_count")
        ),
        sa.ForeignKeyConstraint(
            ["id"], ["stock_locations.id"], name=op.f("fk_shops_id_stock_locations"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_shops_owner_id_users"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shops")),
        sa.UniqueConstraint("owner_id", name=op.f("uq_shops_owner_id")),
    )
    steps.create_index(
        "ix_shops_area", "shops", [sa.literal_column("lower(city)"), sa.literal_column("lower(society)")], unique=False
    )
    steps.create_table(
        "vendor_documents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("document_type", sa.String(length=50), nullable=False),
        sa.Column("file_url", sa.String(length=500), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending", "approved", "rejected", name="status", native_enum=False, create_constraint=True, length=32
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("reviewed_by", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_note", sa.String(length=400), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'pending') = (reviewed_at IS NULL)", name=op.f("ck_vendor_documents_reviewed_has_time")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["users.id"], name=op.f("fk_vendor_documents_reviewed_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_vendor_documents_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendor_documents")),
    )
    steps.create_index("ix_vendor_documents_user_id_id", "vendor_documents", ["user_id", "id"])
    steps.create_table(
        "vendor_profiles",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("business_type", sa.String(length=100), nullable=False),
        sa.Column("business_name", sa.String(length=150), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("gst_number", sa.String(length=30), nullable=True),
        sa.Column(
            "kyc_status",
            sa.Enum(
                "pending",
                "approved",
                "rejected",
                name="kyc_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("reviewed_by", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_note", sa.String(length=400), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(kyc_status = 'pending') = (reviewed_at IS NULL)", name=op.f("ck_vendor_profiles_reviewed_has_time")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["users.id"], name=op.f("fk_vendor_profiles_reviewed_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_vendor_profiles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_vendor_profiles")),
    )
    steps.create_index(
        "ix_vendor_profiles_pending",
        "vendor_profiles",
        ["user_id"],
        postgresql_where=sa.text("kyc_status = 'pending'"),
    )
    steps.create_table(
        "item_uploads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("pending", "running", "done", name="state", native_enum=False, create_constraint=True, length=32),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("created + failed <= total", name=op.f("ck_item_uploads_counts_within_total")),
        sa.CheckConstraint(
            "total >= 0 AND created >= 0 AND failed >= 0", name=op.f("ck_item_uploads_counts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_item_uploads_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_item_uploads_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_uploads")),
        sa.UniqueConstraint("task_id", name=op.f("uq_item_uploads_task_id")),
    )
    steps.create_index(
        "ix_item_uploads_shop_id_id", "item_uploads", ["shop_id", sa.literal_column("id DESC")], unique=False
    )
    steps.create_table(
        "payouts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "approved",
                "sent",
                "paid",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="requested",
            nullable=False,
        ),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("bank_name", sa.String(length=100), nullable=False),
        sa.Column("account_number", sa.String(length=500), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("ifsc_code", sa.String(length=20), nullable=False),
        sa.Column("requested_by", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("bank_reference", sa.String(length=100), nullable=True),
        sa.Column("failure_reason", sa.String(length=255), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'failed') = (failure_reason IS NOT NULL)", name=op.f("ck_payouts_failed_has_reason")
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'failed') OR approved_by IS NOT NULL", name=op.f("ck_payouts_approved_before_sent")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payouts_amount_positive")),
        sa.CheckConstraint("approved_by <> requested_by", name=op.f("ck_payouts_approved_by_another")),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["users.id"], name=op.f("fk_payouts_approved_by_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["users.id"], name=op.f("fk_payouts_requested_by_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_payouts_shop_id_shops"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("shop_id", "idempotency_key", name=op.f("uq_payouts_shop_id_idempotency_key")),
    )
    steps.create_index(
        "ix_payouts_open",
        "payouts",
        ["id"],
        postgresql_where=sa.text("state IN ('requested', 'approved', 'sent')"),
    )
    steps.create_index("ix_payouts_shop_id_id", "payouts", ["shop_id", sa.literal_column("id DESC")])
    steps.create_table(
        "shop_holidays",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_shop_holidays_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shop_id", "day", name=op.f("pk_shop_holidays")),
    )
    steps.create_table(
        "shop_hours",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("day_of_week", sa.SmallInteger(), nullable=False),
        sa.Column("open_time", sa.Time(), nullable=False),
        sa.Column("close_time", sa.Time(), nullable=False),
        sa.CheckConstraint("day_of_week BETWEEN 0 AND 6", name=op.f("ck_shop_hours_day_of_week")),
        sa.CheckConstraint("open_time < close_time", name=op.f("ck_shop_hours_opens_before_it_closes")),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_shop_hours_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shop_id", "day_of_week", "open_time", name=op.f("pk_shop_hours")),
    )
    steps.create_table(
        "shop_status_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "event",
            sa.Enum("opened", "closed", name="event", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_user_id"],
            ["users.id"],
            name=op.f("fk_shop_status_changes_actor_user_id_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_shop_status_changes_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_status_changes")),
    )
    steps.create_index(
        "ix_shop_status_changes_shop_id_id",
        "shop_status_changes",
        ["shop_id", sa.literal_column("id DESC")],
    )
    steps.create_table(
        "top_ups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("client_key", sa.String(length=128), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("note", sa.String(length=100), nullable=False),
        sa.Column("payment_token_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "provider",
            sa.Enum("mockpay", "stripe", name="provider", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("provider_reference", sa.String(length=255), nullable=True),
        sa.Column("authorize_key", sa.Uuid(), nullable=False),
        sa.Column("capture_key", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "created",
                "authorized",
                "paid",
                "declined",
                "manual",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="created",
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_top_ups_amount_positive")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_top_ups_attempts_not_negative")),
        sa.ForeignKeyConstraint(
            ["payment_token_id"],
            ["payment_tokens.id"],
            name=op.f("fk_top_ups_payment_token_id_payment_tokens"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_top_ups_user_id_users"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_ups")),
        sa.UniqueConstraint("authorize_key", name=op.f("uq_top_ups_authorize_key")),
        sa.UniqueConstraint("capture_key", name=op.f("uq_top_ups_capture_key")),
        sa.UniqueConstraint("provider", "provider_reference", name=op.f("uq_top_ups_provider_provider_reference")),
        sa.UniqueConstraint("reference", name=op.f("uq_top_ups_reference")),
        sa.UniqueConstraint("user_id", "client_key", name=op.f("uq_top_ups_user_id_client_key")),
    )
    steps.create_index(
        "ix_top_ups_due",
        "top_ups",
        ["next_at"],
        postgresql_where=sa.text("state IN ('created', 'authorized')"),
    )
    steps.create_index("ix_top_ups_user_id_id", "top_ups", ["user_id", sa.literal_column("id DESC")])
    steps.create_table(
        "order_actions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "order_created",
                "status_updated",
                "vendor_modified",
                "modification_confirmed",
                "order_cancelled",
                "message_sent",
                "order_rated",
                "issue_raised",
                "issue_resolved",
                "return_requested",
                "return_accepted",
                "return_rejected",
                "vendor_forced_return",
                "return_completed",
                "refunded",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "PENDING_PAYMENT",
                "CANCELLING",
                "CREATED",
                "IN_PROGRESS",
                "READY",
                "OUT_FOR_DELIVERY",
                "DELIVERED",
                "CANCELED",
                "DELAYED",
                "MISSING",
                "PENDING",
                "ACCEPTED",
                "REJECTED",
                "AWAITING_CONSUMER_CONFIRMATION",
                "CONFIRMED",
                "RETURN_ACCEPTED",
                "RETURN_COMPLETED",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.String(length=400), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_user_id"], ["users.id"], name=op.f("fk_order_actions_actor_user_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_actions_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_actions")),
    )
    steps.create_index("ix_order_actions_order_id_id", "order_actions", ["order_id", "id"])
    steps.create_table(
        "order_issues",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_type", sa.String(length=50), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "raised", "resolved", "rejected", name="status", native_enum=False, create_constraint=True, length=32
            ),
            server_default="raised",
            nullable=False,
        ),
        sa.Column("resolution", sa.String(length=500), nullable=True),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'raised') = (resolved_at IS NULL)", name=op.f("ck_order_issues_resolved_has_time")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_issues_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"], ["users.id"], name=op.f("fk_order_issues_resolved_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_order_issues_user_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_issues")),
    )
    steps.create_index("ix_order_issues_order_id_id", "order_issues", ["order_id", "id"])
    steps.create_index("ix_order_issues_raised", "order_issues", ["id"], postgresql_where=sa.text("status = 'raised'"))
    steps.create_table(
        "order_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_user_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_messages_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["sender_user_id"], ["users.id"], name=op.f("fk_order_messages_sender_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_messages")),
    )
    steps.create_index("ix_order_messages_order_id_id", "order_messages", ["order_id", "id"])
    steps.create_table(
        "order_modifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("old_total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("new_total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_user_id"],
            ["users.id"],
            name=op.f("fk_order_modifications_actor_user_id_users"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_modifications_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_modifications")),
    )
    steps.create_index("ix_order_modifications_order_id_id", "order_modifications", ["order_id", "id"])
    steps.create_table(
        "order_ratings",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("review", sa.String(length=500), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_order_ratings_rating_stars")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_ratings_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_order_ratings_shop_id_shops"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_order_ratings_user_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_ratings")),
    )
    steps.create_index("ix_order_ratings_shop_id", "order_ratings", ["shop_id", "created_at"])
    steps.create_table(
        "order_returns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "accepted",
                "completed",
                "rejected",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="requested",
            nullable=False,
        ),
        sa.Column("requested_by", sa.BigInteger(), nullable=False),
        sa.Column("photo_urls", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("decision_note", sa.String(length=255), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refund_amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'completed') = (refund_amount IS NOT NULL)", name=op.f("ck_order_returns_completed_has_refund")
        ),
        sa.CheckConstraint(
            "(status = 'requested') = (decided_at IS NULL)", name=op.f("ck_order_returns_decided_has_time")
        ),
        sa.CheckConstraint("refund_amount >= 0", name=op.f("ck_order_returns_refund_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_returns_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["users.id"], name=op.f("fk_order_returns_requested_by_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_returns")),
    )
    steps.create_index("ix_order_returns_order_id_id", "order_returns", ["order_id", "id"])
    steps.create_table(
        "order_modification_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("modification_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("old_quantity", sa.Integer(), nullable=False),
        sa.Column("new_quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("new_quantity <> old_quantity", name=op.f("ck_order_modification_lines_changes_something")),
        sa.CheckConstraint(
            "new_quantity BETWEEN 0 AND 10", name=op.f("ck_order_modification_lines_new_quantity_range")
        ),
        sa.CheckConstraint("old_quantity > 0", name=op.f("ck_order_modification_lines_old_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["modification_id"],
            ["order_modifications.id"],
            name=op.f("fk_order_modification_lines_modification_id_order_modifications"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_order_modification_lines_product_id_products"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_modification_lines")),
        sa.UniqueConstraint(
            "modification_id", "product_id", name=op.f("uq_order_modification_lines_modification_id_product_id")
        ),
    )
    steps.create_table(
        "order_return_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_return_lines_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["order_item_id"],
            ["order_items.id"],
            name=op.f("fk_order_return_lines_order_item_id_order_items"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["return_id"],
            ["order_returns.id"],
            name=op.f("fk_order_return_lines_return_id_order_returns"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_return_lines")),
        sa.UniqueConstraint("return_id", "order_item_id", name=op.f("uq_order_return_lines_return_id_order_item_id")),
    )
    steps.create_index("ix_order_return_lines_order_item_id", "order_return_lines", ["order_item_id"])
    steps.add_columns(
        "auth_sessions",
        sa.Column("by_phone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    steps.add_columns(
        "entries",
        sa.Column("balance_after", sa.Numeric(precision=12, scale=2), nullable=True),
    )
    steps.add_columns(
        "journals",
        sa.Column(
            "reason",
            sa.String(length=32),
            nullable=True,
        ),
    )
    steps.add_columns(
        "orders",
        sa.Column(
            "payment_method",
            sa.String(length=32),
            server_default="CARD",
            nullable=False,
        ),
        sa.Column("wallet_paid", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("wallet_refunded", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("commission", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("matures_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notes", sa.String(length=500), nullable=True),
    )
    steps.add_columns(
        "users",
        sa.Column("phone_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("role_pending", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("society", sa.String(length=100), nullable=True),
        sa.Column("onboarded_at", sa.DateTime(timezone=True), nullable=True),
    )
    steps.allow_null("products", "category_id")
    steps.create_index(
        "ix_orders_maturing", "orders", ["matures_at"], postgresql_where=sa.text("matures_at IS NOT NULL")
    )
    steps.create_index("ix_orders_unanswered", "orders", ["created_at"], postgresql_where=sa.text("status = 'PENDING'"))
    steps.create_index(
        "ix_products_shop_id_id",
        "products",
        ["shop_id", "id"],
        postgresql_where=sa.text("shop_id IS NOT NULL"),
    )
    steps.create_index(
        "uq_users_phone", "users", ["phone"], unique=True, postgresql_where=sa.text("phone_verified_at IS NOT NULL")
    )
    steps.add_checks(
        "journals",
        {
            "ck_journals_reason": "reason IN ('top_up', 'api', 'order_confirm', 'order_modify', 'order_cancel', 'vendor_cancel', 'return_completed', 'admin_refund', 'delivered', 'matured', 'payout', 'payout_paid', 'payout_failed')",
        },
    )
    steps.add_checks(
        "orders",
        {
            "ck_orders_payment_method": "payment_method IN ('CARD', 'WALLET', 'CASH')",
            "ck_orders_commission_within_total": "(commission >= (0)::numeric) AND (commission <= total_amount)",
            "ck_orders_only_wallets_pay_so": "((payment_method)::text = 'WALLET'::text) OR (wallet_paid = (0)::numeric)",
            "ck_orders_wallet_refunded_within_paid": "(wallet_refunded >= (0)::numeric) AND (wallet_refunded <= wallet_paid)",
        },
    )
    steps.add_checks(
        "products",
        {
            "ck_products_own_range_has_category": "(shop_id IS NOT NULL) OR (category_id IS NOT NULL)",
        },
    )
    steps.add_checks(
        "users",
        {
            "ck_users_onboarded_has_place": "(onboarded_at IS NULL) OR (num_nulls(city, society) = 0)",
            "ck_users_pending_role_is_customer": "(role_pending = false) OR ((role)::text = 'CUSTOMER'::text)",
            "ck_users_verified_phone_is_known": "(phone_verified_at IS NULL) OR (phone IS NOT NULL)",
        },
    )
    steps.replace_checks(
        "accounts",
        {
            "ck_accounts_balance_not_negative": "((kind)::text = 'vendor_available'::text) OR (balance >= (0)::numeric)",
            "ck_accounts_kind": "kind IN ('wallet', 'vendor_pending', 'vendor_available', 'payout_clearing', 'psp_receivable', 'order_liability', 'revenue', 'tax_payable', 'deposits', 'fees', 'refunds', 'adjustments')",
        },
    )
    steps.replace_checks(
        "orders",
        {
            "ck_orders_delayed_from": "delayed_from IN ('PENDING_PAYMENT', 'CANCELLING', 'CREATED', 'IN_PROGRESS', 'READY', 'OUT_FOR_DELIVERY', 'DELIVERED', 'CANCELED', 'DELAYED', 'MISSING', 'PENDING', 'ACCEPTED', 'REJECTED', 'AWAITING_CONSUMER_CONFIRMATION', 'CONFIRMED', 'RETURN_ACCEPTED', 'RETURN_COMPLETED')",
            "ck_orders_delivered_has_time": "(status IN ('DELIVERED', 'RETURN_ACCEPTED', 'RETURN_COMPLETED')) = (delivered_at IS NOT NULL)",
            "ck_orders_packed_has_time": "((channel)::text = 'MARKETPLACE'::text) OR (status NOT IN ('READY', 'OUT_FOR_DELIVERY', 'DELIVERED')) OR (ready_at IS NOT NULL)",
            "ck_orders_ready_has_final_total": "((channel)::text = 'MARKETPLACE'::text) OR ((ready_at IS NULL) = (final_total IS NULL))",
            "ck_orders_status": "status IN ('PENDING_PAYMENT', 'CANCELLING', 'CREATED', 'IN_PROGRESS', 'READY', 'OUT_FOR_DELIVERY', 'DELIVERED', 'CANCELED', 'DELAYED', 'MISSING', 'PENDING', 'ACCEPTED', 'REJECTED', 'AWAITING_CONSUMER_CONFIRMATION', 'CONFIRMED', 'RETURN_ACCEPTED', 'RETURN_COMPLETED')",
        },
    )
    steps.replace_checks(
        "stock_changes",
        {
            "ck_stock_changes_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in', 'modify')",
        },
    )
    steps.replace_checks(
        "stock_movements",
        {
            "ck_stock_movements_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in', 'modify')",
        },
    )


def downgrade() -> None:
    steps.refuse_rows_against("products", {"a category": "category_id IS NOT NULL"})
    steps.narrow_checks(
        {
            "accounts": {
                "ck_accounts_balance_not_negative": "balance >= (0)::numeric",
                "ck_accounts_kind": "kind IN ('wallet', 'vendor_pending', 'vendor_available', 'payout_clearing', 'psp_receivable', 'order_liability', 'revenue', 'tax_payable', 'deposits', 'fees', 'refunds')",
            },
            "orders": {
                "ck_orders_delayed_from": "delayed_from IN ('PENDING_PAYMENT', 'CANCELLING', 'CREATED', 'IN_PROGRESS', 'READY', 'OUT_FOR_DELIVERY', 'DELIVERED', 'CANCELED', 'DELAYED', 'MISSING')",
                "ck_orders_delivered_has_time": "((status)::text = 'DELIVERED'::text) = (delivered_at IS NOT NULL)",
                "ck_orders_packed_has_time": "(status NOT IN ('READY', 'OUT_FOR_DELIVERY', 'DELIVERED')) OR (ready_at IS NOT NULL)",
                "ck_orders_ready_has_final_total": "(ready_at IS NULL) = (final_total IS NULL)",
                "ck_orders_status": "status IN ('PENDING_PAYMENT', 'CANCELLING', 'CREATED', 'IN_PROGRESS', 'READY', 'OUT_FOR_DELIVERY', 'DELIVERED', 'CANCELED', 'DELAYED', 'MISSING')",
            },
            "stock_changes": {
                "ck_stock_changes_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in')",
            },
            "stock_movements": {
                "ck_stock_movements_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in')",
            },
        }
    )
    steps.forbid_null("products", "category_id")
    steps.drop_checks(
        "orders",
        "ck_orders_commission_within_total",
        "ck_orders_only_wallets_pay_so",
        "ck_orders_wallet_refunded_within_paid",
    )
    steps.drop_checks("products", "ck_products_own_range_has_category")
    steps.drop_checks(
        "users", "ck_users_onboarded_has_place", "ck_users_pending_role_is_customer", "ck_users_verified_phone_is_known"
    )
    steps.drop_indexes("uq_users_phone", "ix_products_shop_id_id", "ix_orders_unanswered", "ix_orders_maturing")
    steps.drop_columns("users", "onboarded_at", "society", "city", "role_pending", "phone_verified_at")
    steps.drop_columns(
        "orders", "notes", "matures_at", "commission", "wallet_refunded", "wallet_paid", "payment_method"
    )
    steps.drop_columns("journals", "reason")
    steps.drop_columns("entries", "balance_after")
    steps.drop_columns("auth_sessions", "by_phone")
    steps.drop_tables(
        "order_return_lines",
        "order_modification_lines",
        "order_returns",
        "order_ratings",
        "order_modifications",
        "order_messages",
        "order_issues",
        "order_actions",
        "top_ups",
        "shop_status_changes",
        "shop_hours",
        "shop_holidays",
        "payouts",
        "item_uploads",
        "vendor_profiles",
        "vendor_documents",
        "shops",
        "shop_items",
        "payout_banks",
        "live_events",
        "consumer_profiles",
        "phone_codes",
    )
