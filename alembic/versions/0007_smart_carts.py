"""smart carts

Revision: 0007
Before: 0006
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from app import migration_steps as steps

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "firmwares",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hardware", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("rollout_percent", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_minimum", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("halted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_firmwares_sha256_hex")),
        sa.CheckConstraint("rollout_percent BETWEEN 0 AND 100", name=op.f("ck_firmwares_rollout_percent_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firmwares")),
        sa.UniqueConstraint("hardware", "version", name=op.f("uq_firmwares_hardware_version")),
    )
    steps.create_table(
        "food_types",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_food_types")),
        sa.UniqueConstraint("name", name=op.f("uq_food_types_name")),
    )
    steps.create_table(
        "recipes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipes")),
        sa.UniqueConstraint("name", name=op.f("uq_recipes_name")),
    )
    steps.create_table(
        "beacon_places",
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("beacon_id", sa.String(length=4), nullable=False),
        sa.Column("floor", sa.SmallInteger(), nullable=False),
        sa.Column("x_cm", sa.Integer(), nullable=False),
        sa.Column("y_cm", sa.Integer(), nullable=False),
        sa.Column("is_exit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("beacon_id ~ '^[0-9a-f]{4}$'", name=op.f("ck_beacon_places_beacon_id_hex")),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_beacon_places_stock_location_id_stock_locations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stock_location_id", "beacon_id", name=op.f("pk_beacon_places")),
    )
    steps.create_table(
        "store_sections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("floor", sa.SmallInteger(), nullable=False),
        sa.Column("x1", sa.Integer(), nullable=False),
        sa.Column("y1", sa.Integer(), nullable=False),
        sa.Column("x2", sa.Integer(), nullable=False),
        sa.Column("y2", sa.Integer(), nullable=False),
        sa.CheckConstraint("x1 <= x2 AND y1 <= y2", name=op.f("ck_store_sections_corners_in_order")),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_store_sections_stock_location_id_stock_locations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_sections")),
        sa.UniqueConstraint("stock_location_id", "name", name=op.f("uq_store_sections_stock_location_id_name")),
    )
    steps.create_table(
        "trolleys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "idle",
                "shopping",
                "review",
                "paying",
                "paid",
                "assist",
                "lost",
                "maintenance",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="idle",
            nullable=False,
        ),
        sa.Column("tare_grams", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("scale_step_grams", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("scale_step_grams > 0", name=op.f("ck_trolleys_scale_step_positive")),
        sa.CheckConstraint("tare_grams >= 0", name=op.f("ck_trolleys_tare_not_negative")),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_trolleys_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trolleys")),
        sa.UniqueConstraint("stock_location_id", "label", name=op.f("uq_trolleys_stock_location_id_label")),
    )
    steps.create_table(
        "checklist_items",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name=op.f("ck_checklist_items_quantity_range")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_checklist_items_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_checklist_items_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "product_id", name=op.f("pk_checklist_items")),
    )
    steps.create_index(op.f("ix_checklist_items_product_id"), "checklist_items", ["product_id"])
    steps.create_table(
        "devices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("device_id", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("trolley_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "suspended",
                "revoked",
                "lost",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="active",
            nullable=False,
        ),
        sa.Column("master_index", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("base_kid", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("kid", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rotations", postgresql.ARRAY(sa.String(length=32)), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("rotation_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bearer_hash", sa.String(length=64), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_boot", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_n", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("firmware", sa.String(length=32), nullable=True),
        sa.Column("hardware", sa.String(length=32), nullable=True),
        sa.Column("battery_percent", sa.SmallInteger(), nullable=True),
        sa.Column("millivolts", sa.Integer(), nullable=True),
        sa.Column("is_charging", sa.Boolean(), nullable=True),
        sa.Column("rssi_dbm", sa.SmallInteger(), nullable=True),
        sa.Column("uptime_seconds", sa.BigInteger(), nullable=True),
        sa.Column("free_heap_bytes", sa.BigInteger(), nullable=True),
        sa.Column("gross_grams", sa.Integer(), nullable=True),
        sa.Column("floor", sa.SmallInteger(), nullable=True),
        sa.Column("x_cm", sa.Integer(), nullable=True),
        sa.Column("y_cm", sa.Integer(), nullable=True),
        sa.Column("located_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=80), nullable=True),
        sa.Column("heartbeat_seconds", sa.Integer(), nullable=True),
        sa.Column("notices", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("device_id ~ '^[0-9a-f]{8}$'", name=op.f("ck_devices_device_id_hex")),
        sa.CheckConstraint("base_kid >= 0 AND kid >= base_kid", name=op.f("ck_devices_kid_order")),
        sa.CheckConstraint("battery_percent BETWEEN 0 AND 100", name=op.f("ck_devices_battery_percent_range")),
        sa.CheckConstraint(
            "last_seq >= 0 AND last_boot >= 0 AND last_n >= 0", name=op.f("ck_devices_counters_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_devices_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["trolley_id"], ["trolleys.id"], name=op.f("fk_devices_trolley_id_trolleys"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("bearer_hash", name=op.f("uq_devices_bearer_hash")),
        sa.UniqueConstraint("device_id", name=op.f("uq_devices_device_id")),
        sa.UniqueConstraint("serial", name=op.f("uq_devices_serial")),
        sa.UniqueConstraint("trolley_id", name=op.f("uq_devices_trolley_id")),
    )
    steps.create_index(
        "ix_devices_last_seen_at",
        "devices",
        ["last_seen_at"],
        postgresql_where=sa.text("status = 'active'"),
    )
    steps.create_index("ix_devices_place", "devices", ["stock_location_id", "id"])
    steps.create_table(
        "pending_pairings",
        sa.Column("trolley_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["trolley_id"], ["trolleys.id"], name=op.f("fk_pending_pairings_trolley_id_trolleys"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_pending_pairings_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trolley_id", name=op.f("pk_pending_pairings")),
    )
    steps.create_index(op.f("ix_pending_pairings_user_id"), "pending_pairings", ["user_id"])
    steps.create_table(
        "product_food_types",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("food_type_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["food_type_id"],
            ["food_types.id"],
            name=op.f("fk_product_food_types_food_type_id_food_types"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_food_types_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "food_type_id", name=op.f("pk_product_food_types")),
    )
    steps.create_index(op.f("ix_product_food_types_food_type_id"), "product_food_types", ["food_type_id"])
    steps.create_table(
        "product_places",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.SmallInteger(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("aisle_num", sa.Integer(), nullable=True),
        sa.Column("shelf_num", sa.Integer(), nullable=True),
        sa.CheckConstraint("x >= 0 AND y >= 0", name=op.f("ck_product_places_on_the_map")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_places_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_product_places_stock_location_id_stock_locations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_places")),
        sa.UniqueConstraint(
            "stock_location_id",
            "product_id",
            "floor",
            "x",
            "y",
            name=op.f("uq_product_places_stock_location_id_product_id_floor_x_y"),
        ),
    )
    steps.create_index("ix_product_places_product_id", "product_places", ["product_id"])
    steps.create_table(
        "product_weights",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("mean_grams", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False),
        sa.CheckConstraint("samples > 0", name=op.f("ck_product_weights_samples_positive")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_weights_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_product_weights")),
    )
    steps.create_table(
        "recipe_products",
        sa.Column("recipe_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_recipe_products_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_recipe_products_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recipe_id"], ["recipes.id"], name=op.f("fk_recipe_products_recipe_id_recipes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("recipe_id", "product_id", name=op.f("pk_recipe_products")),
    )
    steps.create_index(op.f("ix_recipe_products_product_id"), "recipe_products", ["product_id"])
    steps.create_table(
        "shopper_diets",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("food_type_id", sa.BigInteger(), nullable=True),
        sa.Column("allergies", postgresql.ARRAY(sa.String(length=32)), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["food_type_id"],
            ["food_types.id"],
            name=op.f("fk_shopper_diets_food_type_id_food_types"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_shopper_diets_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_shopper_diets")),
    )
    steps.create_table(
        "shopper_qrs",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_shopper_qrs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_shopper_qrs")),
    )
    steps.create_index(op.f("ix_shopper_qrs_user_id"), "shopper_qrs", ["user_id"])
    steps.create_table(
        "store_layouts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "draft", "published", "retired", name="status", native_enum=False, create_constraint=True, length=32
            ),
            server_default="draft",
            nullable=False,
        ),
        sa.Column("cell_cm", sa.Integer(), nullable=False),
        sa.Column("floors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stairs", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("distances", sa.LargeBinary(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'draft') = (version IS NULL)", name=op.f("ck_store_layouts_published_has_version")
        ),
        sa.CheckConstraint("cell_cm > 0", name=op.f("ck_store_layouts_cell_positive")),
        sa.ForeignKeyConstraint(
            ["published_by"], ["users.id"], name=op.f("fk_store_layouts_published_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_store_layouts_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_layouts")),
        sa.UniqueConstraint("stock_location_id", "version", name=op.f("uq_store_layouts_stock_location_id_version")),
    )
    steps.create_index(
        "uq_store_layouts_draft",
        "store_layouts",
        ["stock_location_id"],
        unique=True,
        postgresql_where=sa.text("status = 'draft'"),
    )
    steps.create_index(
        "uq_store_layouts_published",
        "store_layouts",
        ["stock_location_id"],
        unique=True,
        postgresql_where=sa.text("status = 'published'"),
    )
    steps.create_table(
        "device_claims",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_claims_device_id_devices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_claims")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_device_claims_code_hash")),
    )
    steps.create_table(
        "pair_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_pair_codes_device_id_devices"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["used_by"], ["users.id"], name=op.f("fk_pair_codes_used_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_pair_codes_code_hash")),
    )
    steps.create_index(
        "uq_pair_codes_open", "pair_codes", ["device_id"], unique=True, postgresql_where=sa.text("used_at IS NULL")
    )
    steps.create_table(
        "reservations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cart_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ACTIVE",
                "CONSUMED",
                "RELEASED",
                "EXPIRED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="ACTIVE",
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservations_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["carts.id"], name=op.f("fk_reservations_cart_id_carts"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_reservations_product_id_products"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_reservations_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
    )
    steps.create_index(
        "ix_reservations_expiring",
        "reservations",
        ["expires_at"],
        postgresql_where=sa.text("state = 'ACTIVE'"),
    )
    steps.create_index(
        "ix_reservations_product_id",
        "reservations",
        ["product_id"],
        postgresql_where=sa.text("state = 'ACTIVE'"),
    )
    steps.create_index(
        "uq_reservations_line",
        "reservations",
        ["cart_id", "product_id"],
        unique=True,
        postgresql_where=sa.text("state = 'ACTIVE'"),
    )
    steps.create_table(
        "cart_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("trolley_id", sa.BigInteger(), nullable=False),
        sa.Column("cart_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "idle",
                "shopping",
                "review",
                "paying",
                "paid",
                "assist",
                "lost",
                "maintenance",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="shopping",
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "paid",
                "left",
                "abandoned",
                "at_till",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("last_event_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "weight_state",
            sa.Enum(
                "ok",
                "suspect",
                "mismatch",
                "assist",
                name="weight_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="ok",
            nullable=False,
        ),
        sa.Column("weight_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mismatches", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed_samples", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected_grams", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("gross_grams", sa.Integer(), nullable=True),
        sa.Column("baseline_grams", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("needs_check", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("exit_token_hash", sa.String(length=64), nullable=True),
        sa.Column("exited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_cart_sessions_closed_has_outcome")),
        sa.CheckConstraint("mismatches >= 0", name=op.f("ck_cart_sessions_mismatches_not_negative")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["carts.id"], name=op.f("fk_cart_sessions_cart_id_carts"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_cart_sessions_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_cart_sessions_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["trolley_id"], ["trolleys.id"], name=op.f("fk_cart_sessions_trolley_id_trolleys"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_cart_sessions_user_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_sessions")),
        sa.UniqueConstraint("exit_token_hash", name=op.f("uq_cart_sessions_exit_token_hash")),
        sa.UniqueConstraint("order_id", name=op.f("uq_cart_sessions_order_id")),
    )
    steps.create_index(
        "ix_cart_sessions_user_id_id", "cart_sessions", ["user_id", sa.literal_column("id DESC")], unique=False
    )
    steps.create_index(
        "uq_cart_sessions_cart",
        "cart_sessions",
        ["cart_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    steps.create_index(
        "uq_cart_sessions_trolley",
        "cart_sessions",
        ["trolley_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    steps.create_index(
        "uq_cart_sessions_user",
        "cart_sessions",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    steps.create_table(
        "device_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=1), nullable=False),
        sa.Column("code", sa.String(length=14), nullable=False),
        sa.Column("grams", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.SmallInteger(), nullable=False),
        sa.Column("quantity_now", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("ck_device_events_seq_positive")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_events_device_id_devices"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_device_events_product_id_products"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["cart_sessions.id"],
            name=op.f("fk_device_events_session_id_cart_sessions"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_events")),
        sa.UniqueConstraint("device_id", "seq", name=op.f("uq_device_events_device_id_seq")),
    )
    steps.create_index("ix_device_events_session_id", "device_events", ["session_id", "id"])
    steps.create_table(
        "handoff_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["cart_sessions.id"],
            name=op.f("fk_handoff_codes_session_id_cart_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["used_by"], ["users.id"], name=op.f("fk_handoff_codes_used_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_handoff_codes")),
    )
    steps.create_index(op.f("ix_handoff_codes_session_id"), "handoff_codes", ["session_id"])
    steps.create_table(
        "location_samples",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("floor", sa.SmallInteger(), nullable=False),
        sa.Column("x_cm", sa.Integer(), nullable=False),
        sa.Column("y_cm", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_location_samples_device_id_devices"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["cart_sessions.id"],
            name=op.f("fk_location_samples_session_id_cart_sessions"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("device_id", "minute", name=op.f("pk_location_samples")),
    )
    steps.create_index("ix_location_samples_minute", "location_samples", ["minute"])
    steps.create_table(
        "trolley_assists",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("trolley_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "help",
                "weight",
                "tamper",
                "age_check",
                "spot_check",
                "restock",
                "low_battery",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("floor", sa.SmallInteger(), nullable=True),
        sa.Column("x_cm", sa.Integer(), nullable=True),
        sa.Column("y_cm", sa.Integer(), nullable=True),
        sa.Column("expected_grams", sa.Integer(), nullable=True),
        sa.Column("gross_grams", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ack_by", sa.BigInteger(), nullable=True),
        sa.Column("ack_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "corrected",
                "removed",
                "fraud",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.String(length=400), nullable=True),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (outcome IS NULL)", name=op.f("ck_trolley_assists_resolved_has_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["ack_by"], ["users.id"], name=op.f("fk_trolley_assists_ack_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"], ["users.id"], name=op.f("fk_trolley_assists_resolved_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["cart_sessions.id"],
            name=op.f("fk_trolley_assists_session_id_cart_sessions"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_trolley_assists_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["trolley_id"], ["trolleys.id"], name=op.f("fk_trolley_assists_trolley_id_trolleys"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trolley_assists")),
    )
    steps.create_index(
        "ix_trolley_assists_open",
        "trolley_assists",
        ["stock_location_id", "id"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    steps.create_index(
        "uq_trolley_assists_open",
        "trolley_assists",
        ["session_id", "reason"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    steps.create_table(
        "trolley_incidents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "late_event",
                "clash",
                "clone",
                "lost_events",
                "lost_trolley",
                "tamper",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("stock_location_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_trolley_incidents_device_id_devices"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"], ["users.id"], name=op.f("fk_trolley_incidents_resolved_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["cart_sessions.id"],
            name=op.f("fk_trolley_incidents_session_id_cart_sessions"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["stock_location_id"],
            ["stock_locations.id"],
            name=op.f("fk_trolley_incidents_stock_location_id_stock_locations"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trolley_incidents")),
    )
    steps.create_index(
        "ix_trolley_incidents_open",
        "trolley_incidents",
        ["stock_location_id", "id"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    steps.create_table(
        "basket_moves",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("grams", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("device_event_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("pieces <> 0 OR grams <> 0", name=op.f("ck_basket_moves_moves_something")),
        sa.ForeignKeyConstraint(
            ["actor_user_id"], ["users.id"], name=op.f("fk_basket_moves_actor_user_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["device_event_id"],
            ["device_events.id"],
            name=op.f("fk_basket_moves_device_event_id_device_events"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_basket_moves_product_id_products"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["cart_sessions.id"],
            name=op.f("fk_basket_moves_session_id_cart_sessions"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basket_moves")),
    )
    steps.create_index("ix_basket_moves_session_id", "basket_moves", ["session_id", "id"])
    steps.add_columns(
        "cart_items",
        sa.Column("weight_grams", sa.Integer(), nullable=True),
    )
    steps.add_columns(
        "products",
        sa.Column("weight_tolerance_grams", sa.Integer(), nullable=True),
        sa.Column("is_frozen", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    steps.add_checks(
        "cart_items",
        {
            "ck_cart_items_weighed_is_one_line": "(weight_grams IS NULL) OR (quantity = 1)",
            "ck_cart_items_weight_positive": "weight_grams > 0",
        },
    )
    steps.add_checks(
        "products",
        {
            "ck_products_weight_tolerance_positive": "weight_tolerance_grams > 0",
        },
    )
    steps.replace_checks(
        "stock_changes",
        {
            "ck_stock_changes_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in', 'modify', 'reserve', 'unreserve')",
        },
    )
    steps.replace_checks(
        "stock_movements",
        {
            "ck_stock_movements_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in', 'modify', 'reserve', 'unreserve')",
        },
    )


def downgrade() -> None:
    steps.narrow_checks(
        {
            "stock_changes": {
                "ck_stock_changes_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in', 'modify')",
            },
            "stock_movements": {
                "ck_stock_movements_kind": "kind IN ('opening', 'allocate', 'release', 'sell', 'missing', 'found', 'damage', 'adjust', 'recount', 'restock', 'transfer_out', 'transfer_in', 'modify')",
            },
        }
    )
    steps.drop_checks("cart_items", "ck_cart_items_weighed_is_one_line", "ck_cart_items_weight_positive")
    steps.drop_checks("products", "ck_products_weight_tolerance_positive")
    steps.drop_columns("products", "is_frozen", "weight_tolerance_grams")
    steps.drop_columns("cart_items", "weight_grams")
    steps.drop_tables(
        "basket_moves",
        "trolley_incidents",
        "trolley_assists",
        "location_samples",
        "handoff_codes",
        "device_events",
        "cart_sessions",
        "reservations",
        "pair_codes",
        "device_claims",
        "store_layouts",
        "shopper_qrs",
        "shopper_diets",
        "recipe_products",
        "product_weights",
        "product_places",
        "product_food_types",
        "pending_pairings",
        "devices",
        "checklist_items",
        "trolleys",
        "store_sections",
        "beacon_places",
        "recipes",
        "food_types",
        "firmwares",
    )
