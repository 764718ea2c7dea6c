"""What sells, what runs out, and how full the delivery windows are."""

from app.domain.enums import ReportUnit
from app.services.analytics.frame import WHEN, Column, Definition, Shape, statement

# What went into the bags: picked lines, and the substitutes of replaced ones under their own name.
TOP_PRODUCTS = Definition(
    title="Top products",
    columns=(
        Column("product_id", "Product id", ReportUnit.TEXT),
        Column("name", "Product", ReportUnit.TEXT),
        Column("sku", "SKU", ReportUnit.TEXT),
        Column("pieces", "Pieces"),
        Column("revenue", "Revenue", ReportUnit.MONEY),
    ),
    drawn=("revenue",),
    named_by=("name",),
    shape=Shape.THINGS,
    limit=10,
    statement=statement("""
        WITH delivered AS MATERIALIZED (
            SELECT id FROM orders
            WHERE status = 'DELIVERED' AND delivered_at >= :starts AND delivered_at < :ends
              AND channel <> 'MARKETPLACE'
              AND (:branch_id IS NULL OR stock_location_id = :branch_id)
        ), sold AS (
            SELECT product_id, picked_quantity AS pieces, final_total AS revenue
            FROM delivered JOIN order_items ON order_items.order_id = delivered.id WHERE picked_status = 'PICKED'
            UNION ALL
            SELECT product_id, quantity, line_total
            FROM delivered JOIN substitutions ON substitutions.order_id = delivered.id
            WHERE substitutions.status IN ('PROPOSED', 'ACCEPTED')
        ), totals AS (
            SELECT product_id, sum(pieces) AS pieces, COALESCE(sum(revenue), 0) AS revenue FROM sold
            GROUP BY product_id
            ORDER BY CASE WHEN :by = 'pieces' THEN sum(pieces) ELSE COALESCE(sum(revenue), 0) END DESC, product_id
            LIMIT :limit
        )
        SELECT product_id, name, sku, pieces, revenue FROM totals JOIN products ON products.id = product_id
        ORDER BY CASE WHEN :by = 'pieces' THEN pieces ELSE revenue END DESC, product_id
    """),
)

# A date of a window is written down by its first booking; the others are read off the weekly plan.
SLOT_USE = Definition(
    title="Use of delivery windows",
    columns=(
        WHEN,
        Column("window", "Window", ReportUnit.TEXT),
        Column("branch", "Branch", ReportUnit.TEXT),
        Column("capacity", "Capacity"),
        Column("booked", "Booked"),
        Column("use", "Use", ReportUnit.PERCENT),
    ),
    drawn=("use",),
    named_by=("date", "window"),
    shape=Shape.THINGS,
    statement=statement("""
        WITH planned AS (
            SELECT delivery_slots.id AS slot_id, CAST(day AS date) AS delivery_date, capacity
            FROM generate_series(CAST(:first AS timestamp), CAST(:last AS timestamp), interval '1 day') AS day
            JOIN delivery_slots ON day_of_week = extract(dow FROM day)
            WHERE is_active AND day >= date_trunc('day', created_at AT TIME ZONE :zone)
        ), used AS (
            SELECT slot_id, delivery_date, capacity, booked FROM slot_occurrences
            WHERE delivery_date BETWEEN :first AND :last
        )
        SELECT delivery_date AS date, to_char(start_time, 'HH24:MI') || '-' || to_char(end_time, 'HH24:MI') AS window,
               stock_locations.name AS branch, COALESCE(used.capacity, planned.capacity) AS capacity,
               COALESCE(booked, 0) AS booked,
               round(100.0 * COALESCE(booked, 0) / NULLIF(COALESCE(used.capacity, planned.capacity), 0), 1) AS use
        FROM planned FULL JOIN used USING (slot_id, delivery_date)
        JOIN delivery_slots ON delivery_slots.id = slot_id
        JOIN stock_locations ON stock_locations.id = stock_location_id
        WHERE :branch_id IS NULL OR stock_location_id = :branch_id
        ORDER BY delivery_date, start_time, stock_location_id
    """),
)

LOW_STOCK = Definition(
    title="Low stock",
    columns=(
        Column("branch", "Branch", ReportUnit.TEXT),
        Column("product_id", "Product id", ReportUnit.TEXT),
        Column("name", "Product", ReportUnit.TEXT),
        Column("sku", "SKU", ReportUnit.TEXT),
        Column("available", "Available"),
        Column("reserved", "Reserved"),
        Column("reorder_point", "Reorder point"),
    ),
    drawn=("available", "reorder_point"),
    named_by=("name", "branch"),
    shape=Shape.THINGS,
    limit=100,
    has_period=False,
    statement=statement("""
        SELECT stock_locations.name AS branch, products.id AS product_id, products.name, products.sku,
               available_quantity AS available, reserved_quantity AS reserved, reorder_point
        FROM inventory
        JOIN products ON products.id = product_id
        JOIN stock_locations ON stock_locations.id = stock_location_id
        WHERE available_quantity <= reorder_point AND products.is_active AND stock_locations.is_active
          AND stock_locations.kind IN ('STORE', 'WAREHOUSE')
          AND (:branch_id IS NULL OR stock_location_id = :branch_id)
        ORDER BY available_quantity - reorder_point, stock_location_id, products.id
        LIMIT :limit
    """),
)
