"""the staff run the shop

Revision: 0003
Before: 0002
"""

import sqlalchemy as sa

from alembic import op
from app import migration_steps as steps

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "coupons",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "PERCENT", "AMOUNT", "FREE_DELIVERY", name="kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("value", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("max_discount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("minimum_total", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("per_user_limit", sa.Integer(), nullable=True),
        sa.Column("used_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind <> 'AMOUNT' OR value > 0", name=op.f("ck_coupons_amount_positive")),
        sa.CheckConstraint("kind <> 'FREE_DELIVERY' OR value = 0", name=op.f("ck_coupons_free_delivery_has_no_value")),
        sa.CheckConstraint("kind <> 'PERCENT' OR value BETWEEN 0.01 AND 100", name=op.f("ck_coupons_percent_range")),
        sa.CheckConstraint("code = upper(code)", name=op.f("ck_coupons_code_upper_case")),
        sa.CheckConstraint("max_discount > 0", name=op.f("ck_coupons_max_discount_positive")),
        sa.CheckConstraint("minimum_total >= 0", name=op.f("ck_coupons_minimum_not_negative")),
        sa.CheckConstraint("per_user_limit > 0", name=op.f("ck_coupons_per_user_limit_positive")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_coupons_starts_before_end")),
        sa.CheckConstraint("usage_limit > 0", name=op.f("ck_coupons_usage_limit_positive")),
        sa.CheckConstraint("used_count >= 0", name=op.f("ck_coupons_used_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("code", name=op.f("uq_coupons_code")),
    )
    steps.create_table(
        "stored_images",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("thumbnail_digest", sa.String(length=64), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_stored_images_digest_hex")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_stored_images_has_size")),
        sa.ForeignKeyConstraint(
            ["thumbnail_digest"],
            ["stored_images.digest"],
            name=op.f("fk_stored_images_thumbnail_digest_stored_images"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_stored_images")),
    )
    steps.create_table(
        "stock_transfers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("from_location_id", sa.BigInteger(), nullable=False),
        sa.Column("to_location_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "REQUESTED",
                "SENT",
                "RECEIVED",
                "CANCELED",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="REQUESTED",
            nullable=False,
        ),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("requested_by", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.BigInteger(), nullable=True),
        sa.Column("received_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'RECEIVED') = (received_at IS NOT NULL)", name=op.f("ck_stock_transfers_received_has_time")
        ),
        sa.CheckConstraint(
            "(status IN ('SENT', 'RECEIVED')) = (sent_at IS NOT NULL)", name=op.f("ck_stock_transfers_sent_has_time")
        ),
        sa.CheckConstraint("from_location_id <> to_location_id", name=op.f("ck_stock_transfers_two_places")),
        sa.ForeignKeyConstraint(
            ["from_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_stock_transfers_from_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["to_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_stock_transfers_to_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_transfers")),
    )
    steps.create_index(
        "ix_stock_transfers_status", "stock_transfers", ["status", sa.literal_column("id DESC")], unique=False
    )
    steps.create_table(
        "coupon_uses",
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("used_count >= 0", name=op.f("ck_coupon_uses_used_not_negative")),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupons.id"], name=op.f("fk_coupon_uses_coupon_id_coupons"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_coupon_uses_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("coupon_id", "user_id", name=op.f("pk_coupon_uses")),
    )
    steps.create_table(
        "pick_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("OPEN", "DONE", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="OPEN",
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_pick_batches_created_by_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_pick_batches_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pick_batches")),
    )
    steps.create_index(op.f("ix_pick_batches_created_by"), "pick_batches", ["created_by"])
    steps.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_codes")),
    )
    steps.create_table(
        "stock_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "request_type",
            sa.Enum(
                "SET_QUANTITY",
                "ADD_QUANTITY",
                name="request_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("requested_quantity", sa.Integer(), nullable=False),
        sa.Column(
            "priority",
            sa.Enum(
                "normal", "urgent", "critical", name="priority", native_enum=False, create_constraint=True, length=32
            ),
            server_default="normal",
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "PENDING", "APPROVED", "REJECTED", name="status", native_enum=False, create_constraint=True, length=32
            ),
            server_default="PENDING",
            nullable=False,
        ),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_by", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejection_reason", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'PENDING') = (reviewed_at IS NULL)", name=op.f("ck_stock_requests_reviewed_has_time")
        ),
        sa.CheckConstraint(
            "status <> 'REJECTED' OR rejection_reason IS NOT NULL", name=op.f("ck_stock_requests_rejected_has_reason")
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name=op.f("ck_stock_requests_quantity_range")),
        sa.CheckConstraint(
            "requested_quantity BETWEEN 1 AND 10000", name=op.f("ck_stock_requests_requested_quantity_range")
        ),
        sa.ForeignKeyConstraint(
            ["actor_user_id"], ["users.id"], name=op.f("fk_stock_requests_actor_user_id_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_stock_requests_product_id_products"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_stock_requests_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_requests")),
    )
    steps.create_index(
        "ix_stock_requests_place", "stock_requests", ["stock_location_id", sa.literal_column("id DESC")], unique=False
    )
    steps.create_index(
        "ix_stock_requests_requester", "stock_requests", ["actor_user_id", sa.literal_column("id DESC")], unique=False
    )
    steps.create_index(
        "ix_stock_requests_status", "stock_requests", ["status", sa.literal_column("id DESC")], unique=False
    )
    steps.create_table(
        "stock_transfer_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("requested_quantity", sa.Integer(), nullable=False),
        sa.Column("sent_quantity", sa.Integer(), nullable=True),
        sa.Column("received_quantity", sa.Integer(), nullable=True),
        sa.Column("difference_reason", sa.String(length=256), nullable=True),
        sa.CheckConstraint("received_quantity >= 0", name=op.f("ck_stock_transfer_lines_received_not_negative")),
        sa.CheckConstraint("requested_quantity > 0", name=op.f("ck_stock_transfer_lines_requested_positive")),
        sa.CheckConstraint("sent_quantity >= 0", name=op.f("ck_stock_transfer_lines_sent_not_negative")),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_stock_transfer_lines_product_id_products"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"],
            ["stock_transfers.id"],
            name=op.f("fk_stock_transfer_lines_transfer_id_stock_transfers"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_transfer_lines")),
        sa.UniqueConstraint("transfer_id", "product_id", name=op.f("uq_stock_transfer_lines_transfer_id_product_id")),
    )
    steps.create_table(
        "user_branches",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_user_branches_stock_location_id_stock_locations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_branches_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "stock_location_id", name=op.f("pk_user_branches")),
    )
    steps.create_index(op.f("ix_user_branches_stock_location_id"), "user_branches", ["stock_location_id"])
    steps.create_table(
        "stock_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opening",
                "allocate",
                "release",
                "sell",
                "missing",
                "found",
                "damage",
                "adjust",
                "recount",
                "restock",
                "transfer_out",
                "transfer_in",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("available_before", sa.Integer(), nullable=False),
        sa.Column("available_after", sa.Integer(), nullable=False),
        sa.Column("reserved_before", sa.Integer(), nullable=False),
        sa.Column("reserved_after", sa.Integer(), nullable=False),
        sa.Column("counted_quantity", sa.Integer(), nullable=True),
        sa.Column("stock_request_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=256), nullable=True),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("counted_quantity >= 0", name=op.f("ck_stock_changes_counted_not_negative")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_stock_changes_product_id_products"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_stock_changes_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["stock_request_id"],
            ["stock_requests.id"],
            name=op.f("fk_stock_changes_stock_request_id_stock_requests"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_changes")),
    )
    steps.create_index("ix_stock_changes_place", "stock_changes", ["stock_location_id", "product_id", "id"])
    steps.create_table(
        "assistance_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column(
            "status",
            sa.Enum("OPEN", "RESOLVED", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="OPEN",
            nullable=False,
        ),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.Column("resolution", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'RESOLVED') = (resolved_at IS NOT NULL)", name=op.f("ck_assistance_requests_resolved_has_time")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_assistance_requests_order_id_orders"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_assistance_requests_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_assistance_requests_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assistance_requests")),
    )
    steps.create_index(
        "ix_assistance_requests_open",
        "assistance_requests",
        ["stock_location_id"],
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    steps.create_index(
        "ix_assistance_requests_place", "assistance_requests", ["stock_location_id", "status", "id"], unique=False
    )
    steps.create_index(op.f("ix_assistance_requests_user_id"), "assistance_requests", ["user_id"])
    steps.create_table(
        "delivery_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("DELIVERED", "FAILED", name="outcome", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=256), nullable=True),
        sa.Column("received_by", sa.String(length=128), nullable=True),
        sa.Column("photo_reference", sa.String(length=255), nullable=True),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "outcome <> 'FAILED' OR reason IS NOT NULL", name=op.f("ck_delivery_attempts_failure_has_reason")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_delivery_attempts_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    steps.create_index("ix_delivery_attempts_order_id", "delivery_attempts", ["order_id"])
    steps.create_table(
        "order_discounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "PERCENT", "AMOUNT", "FREE_DELIVERY", name="kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("value", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("max_discount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("final_amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_order_discounts_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupons.id"], name=op.f("fk_order_discounts_coupon_id_coupons"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_discounts_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_discounts")),
        sa.UniqueConstraint("order_id", "coupon_id", name=op.f("uq_order_discounts_order_id_coupon_id")),
    )
    steps.create_index("ix_order_discounts_coupon_id", "order_discounts", ["coupon_id"])
    steps.create_table(
        "pick_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "PICK",
                "MISS",
                "REPLACE",
                "UNDO",
                "DAMAGE",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("weight_grams", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=256), nullable=True),
        sa.Column("notes", sa.String(length=512), nullable=True),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_pick_events_quantity_not_negative")),
        sa.CheckConstraint("weight_grams > 0", name=op.f("ck_pick_events_weight_positive")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_pick_events_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["order_item_id"],
            ["order_items.id"],
            name=op.f("fk_pick_events_order_item_id_order_items"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_pick_events_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pick_events")),
    )
    steps.create_index("ix_pick_events_created_at", "pick_events", ["created_at"])
    steps.create_index("ix_pick_events_order_id", "pick_events", ["order_id"])
    steps.create_table(
        "substitutions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("image_url", sa.String(), nullable=True),
        sa.Column(
            "sold_by",
            sa.Enum("PIECE", "WEIGHT", name="sold_by", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("unit_price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("line_total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("unit_deposit", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("held_quantity", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "PROPOSED",
                "ACCEPTED",
                "REFUSED",
                "WITHDRAWN",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("held_quantity BETWEEN 0 AND quantity", name=op.f("ck_substitutions_held_within_quantity")),
        sa.CheckConstraint(
            "line_total BETWEEN 0 AND unit_price * quantity", name=op.f("ck_substitutions_never_above_own_price")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_substitutions_quantity_positive")),
        sa.CheckConstraint("unit_deposit >= 0", name=op.f("ck_substitutions_unit_deposit_not_negative")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_substitutions_unit_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_substitutions_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["order_item_id"],
            ["order_items.id"],
            name=op.f("fk_substitutions_order_item_id_order_items"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_substitutions_product_id_products"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitutions")),
    )
    steps.create_index("ix_substitutions_created_at", "substitutions", ["created_at"])
    steps.create_index(
        "ix_substitutions_held",
        "substitutions",
        ["product_id"],
        postgresql_where=sa.text("held_quantity > 0"),
    )
    steps.create_index("ix_substitutions_order_id", "substitutions", ["order_id"])
    steps.create_index(
        "uq_substitutions_live",
        "substitutions",
        ["order_item_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('PROPOSED', 'ACCEPTED')"),
    )
    steps.add_columns(
        "inventory",
        sa.Column("reorder_point", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("needs_recount", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    steps.add_columns(
        "order_items",
        sa.Column("discount_amount", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "substitution_preference",
            sa.String(length=32),
            server_default="BEST_MATCH",
            nullable=False,
        ),
        sa.Column("preferred_product_id", sa.BigInteger(), nullable=True),
        sa.Column("held_quantity", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("missing_quantity", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("missing_reason", sa.String(length=256), nullable=True),
        sa.Column("picked_quantity", sa.Integer(), nullable=True),
        sa.Column("picked_weight_grams", sa.Integer(), nullable=True),
        sa.Column("final_total", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("final_tax_amount", sa.Numeric(precision=12, scale=2), nullable=True),
    )
    steps.add_columns(
        "orders",
        sa.Column("picker_id", sa.BigInteger(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("driver_id", sa.BigInteger(), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "delayed_from",
            sa.String(length=32),
            nullable=True,
        ),
        sa.Column("final_items_total", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("final_deposit_total", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("final_discount_total", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("final_reduction", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("final_tax_total", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("final_total", sa.Numeric(precision=12, scale=2), nullable=True),
    )
    steps.add_columns(
        "payment_operations",
        sa.Column("retried_at", sa.DateTime(timezone=True), nullable=True),
    )
    steps.add_columns(
        "products",
        sa.Column("sale_price", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("sale_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sale_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_price", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
    )
    steps.add_columns(
        "users",
        sa.Column("totp_secret", sa.String(length=255), nullable=True),
        sa.Column("totp_enabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=True),
    )
    steps.replace_index("ix_audit_events_actor", "audit_events", ["actor_user_id", "created_at", "id"])
    steps.create_index("ix_audit_events_action", "audit_events", ["action", "created_at", "id"])
    steps.create_index("ix_audit_events_created_at", "audit_events", ["created_at", "id"])
    steps.create_index(
        "ix_audit_events_request_id",
        "audit_events",
        ["request_id"],
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )
    steps.create_index(
        "ix_order_items_held",
        "order_items",
        ["product_id"],
        postgresql_where=sa.text("held_quantity > 0"),
    )
    steps.create_index("ix_orders_batch_id", "orders", ["batch_id"], postgresql_where=sa.text("batch_id IS NOT NULL"))
    steps.create_index(
        "ix_orders_delivered_at",
        "orders",
        ["delivered_at"],
        postgresql_where=sa.text("delivered_at IS NOT NULL"),
    )
    steps.create_index(
        "ix_orders_driver_id", "orders", ["driver_id"], postgresql_where=sa.text("driver_id IS NOT NULL")
    )
    steps.create_index(
        "ix_orders_open",
        "orders",
        ["stock_location_id", "slot_start"],
        postgresql_where=sa.text(
            "status IN ('CREATED', 'IN_PROGRESS', 'MISSING', 'READY', 'OUT_FOR_DELIVERY', 'DELAYED')"
        ),
    )
    steps.create_index(
        "ix_orders_place",
        "orders",
        ["stock_location_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        postgresql_include=["status", "fulfillment_type"],
    )
    steps.create_index("ix_outbox_failed", "outbox", ["id"], postgresql_where=sa.text("failed"))
    steps.create_index(
        "ix_payment_operations_stuck",
        "payment_operations",
        ["id"],
        postgresql_where=sa.text("state IN ('manual', 'failed')"),
    )
    steps.create_index(
        "ix_products_current_price_id",
        "products",
        ["current_price", "id"],
        postgresql_where=sa.text("is_active AND shop_id IS NULL"),
    )
    steps.create_index(
        "ix_products_sale_ends_at",
        "products",
        ["sale_ends_at"],
        postgresql_where=sa.text("sale_price IS NOT NULL"),
    )
    steps.drop_indexes("ix_products_price_id")
    steps.add_foreign_key(
        "fk_order_items_preferred_product_id_products",
        "order_items",
        "preferred_product_id",
        "products",
        on_delete="RESTRICT",
    )
    steps.add_foreign_key("fk_orders_batch_id_pick_batches", "orders", "batch_id", "pick_batches", on_delete="SET NULL")
    steps.add_foreign_key("fk_orders_picker_id_users", "orders", "picker_id", "users", on_delete="SET NULL")
    steps.add_foreign_key("fk_orders_driver_id_users", "orders", "driver_id", "users", on_delete="SET NULL")
    steps.add_checks(
        "inventory",
        {
            "ck_inventory_reorder_point_not_negative": "reorder_point >= 0",
        },
    )
    steps.add_checks(
        "order_items",
        {
            "ck_order_items_substitution_preference": "substitution_preference IN ('BEST_MATCH', 'THIS_PRODUCT', 'REFUND')",
            "ck_order_items_discount_within_line": "(discount_amount >= (0)::numeric) AND (discount_amount <= line_total)",
            "ck_order_items_final_tax_within_line": "(final_tax_amount >= (0)::numeric) AND (final_tax_amount <= final_total)",
            "ck_order_items_final_total_not_negative": "final_total >= (0)::numeric",
            "ck_order_items_held_not_negative": "held_quantity >= 0",
            "ck_order_items_missing_not_negative": "missing_quantity >= 0",
            "ck_order_items_picked_has_quantity": "((picked_status)::text = 'PICKED'::text) = (picked_quantity IS NOT NULL)",
            "ck_order_items_picked_weight_positive": "picked_weight_grams > 0",
            "ck_order_items_picked_within_ordered": "(picked_quantity >= 0) AND (picked_quantity <= quantity)",
            "ck_order_items_this_product_is_named": "((substitution_preference)::text = 'THIS_PRODUCT'::text) = (preferred_product_id IS NOT NULL)",
        },
    )
    steps.add_checks(
        "orders",
        {
            "ck_orders_delayed_from": "delayed_from IN ('PENDING_PAYMENT', 'CANCELLING', 'CREATED', 'IN_PROGRESS', 'READY', 'OUT_FOR_DELIVERY', 'DELIVERED', 'CANCELED', 'DELAYED', 'MISSING')",
            "ck_orders_delayed_knows_from_where": "((status)::text = 'DELAYED'::text) = (delayed_from IS NOT NULL)",
            "ck_orders_delivered_has_time": "((status)::text = 'DELIVERED'::text) = (delivered_at IS NOT NULL)",
            "ck_orders_final_all_or_nothing": "num_nulls(final_items_total, final_deposit_total, final_discount_total, final_reduction, final_tax_total, final_total) = ANY (ARRAY[0, 6])",
            "ck_orders_final_deposit_total_not_negative": "final_deposit_total >= (0)::numeric",
            "ck_orders_final_discount_total_not_negative": "final_discount_total >= (0)::numeric",
            "ck_orders_final_items_total_not_negative": "final_items_total >= (0)::numeric",
            "ck_orders_final_reduction_not_negative": "final_reduction >= (0)::numeric",
            "ck_orders_final_tax_within_total": "(final_tax_total >= (0)::numeric) AND (final_tax_total <= final_total)",
            "ck_orders_final_total_adds_up": "final_total = ((((final_items_total + final_deposit_total) + delivery_fee) - final_discount_total) - final_reduction)",
            "ck_orders_final_total_not_negative": "final_total >= (0)::numeric",
            "ck_orders_packed_has_time": "(status NOT IN ('READY', 'OUT_FOR_DELIVERY', 'DELIVERED')) OR (ready_at IS NOT NULL)",
            "ck_orders_ready_has_final_total": "(ready_at IS NULL) = (final_total IS NULL)",
        },
    )
    steps.add_checks(
        "products",
        {
            "ck_products_sale_all_or_nothing": "num_nulls(sale_price, sale_starts_at, sale_ends_at) = ANY (ARRAY[0, 3])",
            "ck_products_sale_price_positive": "sale_price > (0)::numeric",
            "ck_products_sale_starts_before_end": "sale_starts_at < sale_ends_at",
        },
    )
    steps.add_checks(
        "users",
        {
            "ck_users_second_factor_has_secret": "(totp_enabled_at IS NULL) OR (totp_secret IS NOT NULL)",
        },
    )
    steps.replace_checks(
        "accounts",
        {
            "ck_accounts_kind": "kind IN ('wallet', 'vendor_pending', 'vendor_available', 'payout_clearing', 'psp_receivable', 'order_liability', 'revenue', 'tax_payable', 'deposits', 'fees', 'refunds')",
        },
    )
    steps.replace_checks(
        "stock_movements",
        {
            "ck_stock_movements_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in')",
        },
    )


def downgrade() -> None:
    steps.narrow_checks(
        {
            "accounts": {
                "ck_accounts_kind": "kind IN ('wallet', 'vendor_pending', 'vendor_available', 'payout_clearing', 'psp_receivable', 'order_liability', 'revenue', 'tax_payable', 'fees', 'refunds')",
            },
            "stock_movements": {
                "ck_stock_movements_kind": "kind IN ('opening', 'allocate', 'release', 'adjust')",
            },
        }
    )
    steps.drop_checks("inventory", "ck_inventory_reorder_point_not_negative")
    steps.drop_checks(
        "order_items",
        "ck_order_items_discount_within_line",
        "ck_order_items_final_tax_within_line",
        "ck_order_items_final_total_not_negative",
        "ck_order_items_held_not_negative",
        "ck_order_items_missing_not_negative",
        "ck_order_items_picked_has_quantity",
        "ck_order_items_picked_weight_positive",
        "ck_order_items_picked_within_ordered",
        "ck_order_items_this_product_is_named",
    )
    steps.drop_checks(
        "orders",
        "ck_orders_delayed_knows_from_where",
        "ck_orders_delivered_has_time",
        "ck_orders_final_all_or_nothing",
        "ck_orders_final_deposit_total_not_negative",
        "ck_orders_final_discount_total_not_negative",
        "ck_orders_final_items_total_not_negative",
        "ck_orders_final_reduction_not_negative",
        "ck_orders_final_tax_within_total",
        "ck_orders_final_total_adds_up",
        "ck_orders_final_total_not_negative",
        "ck_orders_packed_has_time",
        "ck_orders_ready_has_final_total",
    )
    steps.drop_checks(
        "products",
        "ck_products_sale_all_or_nothing",
        "ck_products_sale_price_positive",
        "ck_products_sale_starts_before_end",
    )
    steps.drop_checks("users", "ck_users_second_factor_has_secret")
    steps.create_index(
        op.f("ix_products_price_id"),
        "products",
        ["price", "id"],
        postgresql_where="(is_active AND (shop_id IS NULL))",
    )
    steps.replace_index(op.f("ix_audit_events_actor"), "audit_events", ["actor_user_id", "id"])
    steps.drop_indexes(
        "ix_products_sale_ends_at",
        "ix_products_current_price_id",
        "ix_payment_operations_stuck",
        "ix_outbox_failed",
        "ix_orders_place",
        "ix_orders_open",
        "ix_orders_driver_id",
        "ix_orders_delivered_at",
        "ix_orders_batch_id",
        "ix_order_items_held",
        "ix_audit_events_request_id",
        "ix_audit_events_created_at",
        "ix_audit_events_action",
    )
    steps.drop_foreign_keys("orders", "fk_orders_driver_id_users")
    steps.drop_foreign_keys("orders", "fk_orders_picker_id_users")
    steps.drop_foreign_keys("orders", "fk_orders_batch_id_pick_batches")
    steps.drop_foreign_keys("order_items", "fk_order_items_preferred_product_id_products")
    steps.drop_columns("users", "totp_last_step", "totp_enabled_at", "totp_secret")
    steps.drop_columns("products", "current_price", "sale_ends_at", "sale_starts_at", "sale_price")
    steps.drop_columns("payment_operations", "retried_at")
    steps.drop_columns(
        "orders",
        "final_total",
        "final_tax_total",
        "final_reduction",
        "final_discount_total",
        "final_deposit_total",
        "final_items_total",
        "delayed_from",
        "delivered_at",
        "dispatched_at",
        "driver_id",
        "ready_at",
        "batch_id",
        "claimed_at",
        "picker_id",
    )
    steps.drop_columns(
        "order_items",
        "final_tax_amount",
        "final_total",
        "picked_weight_grams",
        "picked_quantity",
        "missing_reason",
        "missing_quantity",
        "held_quantity",
        "preferred_product_id",
        "substitution_preference",
        "discount_amount",
    )
    steps.drop_columns("inventory", "needs_recount", "reorder_point")
    steps.drop_tables(
        "substitutions",
        "pick_events",
        "order_discounts",
        "delivery_attempts",
        "assistance_requests",
        "stock_changes",
        "user_branches",
        "stock_transfer_lines",
        "stock_requests",
        "recovery_codes",
        "pick_batches",
        "coupon_uses",
        "stock_transfers",
        "stored_images",
        "coupons",
    )
