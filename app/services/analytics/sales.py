"""What was ordered and what came of it: revenue, orders, baskets.

Revenue is what delivered orders cost in the end, on the day of their delivery in the shop's time zone. What vendors
sell is theirs, and in none of these reports.
"""

from app.domain.enums import ReportUnit
from app.services.analytics.frame import WHEN, Column, Definition, statement

REVENUE = Definition(
    title="Revenue",
    columns=(WHEN, Column("revenue", "Revenue", ReportUnit.MONEY), Column("orders", "Orders delivered")),
    drawn=("revenue",),
    statement=statement("""
        SELECT CAST(date_trunc(:granularity, delivered_at AT TIME ZONE :zone) AS date) AS bucket,
               sum(final_total) AS revenue, count(*) AS orders
        FROM orders
        WHERE status = 'DELIVERED' AND delivered_at >= :starts AND delivered_at < :ends AND channel <> 'MARKETPLACE'
          AND (:branch_id IS NULL OR stock_location_id = :branch_id)
        GROUP BY bucket
    """),
)

# An order whose payment never came about was never placed, as far as the shop is concerned.
ORDERS = Definition(
    title="Orders",
    columns=(WHEN, Column("placed", "Placed"), Column("delivered", "Delivered"), Column("canceled", "Cancelled")),
    drawn=("placed", "delivered", "canceled"),
    statement=statement("""
        SELECT CAST(date_trunc(:granularity, at AT TIME ZONE :zone) AS date) AS bucket,
               count(*) FILTER (WHERE what = 'placed') AS placed,
               count(*) FILTER (WHERE what = 'delivered') AS delivered,
               count(*) FILTER (WHERE what = 'canceled') AS canceled
        FROM orders CROSS JOIN LATERAL (
            VALUES ('placed', created_at), ('delivered', delivered_at), ('canceled', canceled_at)
        ) AS happened (what, at)
        WHERE at >= :starts AND at < :ends AND status NOT IN ('PENDING_PAYMENT', 'CANCELLING')
          AND channel <> 'MARKETPLACE'
          AND COALESCE(cancel_reason, '') NOT IN ('payment_declined', 'payment_abandoned')
          AND (:branch_id IS NULL OR stock_location_id = :branch_id)
        GROUP BY bucket
    """),
)

BASKET_SIZE = Definition(
    title="Basket size",
    columns=(
        WHEN,
        Column("orders", "Orders placed"),
        Column("average_total", "Average total", ReportUnit.MONEY, None),
        Column("average_items", "Average items", ReportUnit.NUMBER, None),
    ),
    drawn=("average_total",),
    statement=statement("""
        WITH placed AS MATERIALIZED (
            SELECT id, total_amount,
                   CAST(date_trunc(:granularity, created_at AT TIME ZONE :zone) AS date) AS bucket
            FROM orders
            WHERE created_at >= :starts AND created_at < :ends
              AND status NOT IN ('PENDING_PAYMENT', 'CANCELLING', 'CANCELED') AND channel <> 'MARKETPLACE'
              AND (:branch_id IS NULL OR stock_location_id = :branch_id)
        ), pieces AS (
            SELECT bucket, sum(quantity) AS number
            FROM placed JOIN order_items ON order_items.order_id = placed.id GROUP BY bucket
        )
        SELECT bucket, count(*) AS orders, round(avg(total_amount), 2) AS average_total,
               round(COALESCE(pieces.number, 0) / CAST(count(*) AS numeric), 1) AS average_items
        FROM placed LEFT JOIN pieces USING (bucket) GROUP BY bucket, pieces.number
    """),
)
