"""How well orders are carried out: pieces found, deliveries on time, substitutes, the pace of the pickers."""

from app.domain.enums import ReportUnit
from app.services.analytics.frame import WHEN, Column, Definition, Shape, statement

FULFILMENT_RATE = Definition(
    title="Fulfilment rate",
    columns=(
        WHEN,
        Column("ordered_pieces", "Pieces ordered"),
        Column("picked_pieces", "Pieces picked"),
        Column("fulfilment_rate", "Picked", ReportUnit.PERCENT, None),
        Column("delivered_orders", "Orders delivered"),
        Column("on_time_orders", "Delivered on time"),
        Column("on_time_rate", "On time", ReportUnit.PERCENT, None),
    ),
    drawn=("fulfilment_rate", "on_time_rate"),
    statement=statement("""
        WITH delivered AS MATERIALIZED (
            SELECT id, slot_end, delivered_at,
                   CAST(date_trunc(:granularity, delivered_at AT TIME ZONE :zone) AS date) AS bucket
            FROM orders
            WHERE status = 'DELIVERED' AND delivered_at >= :starts AND delivered_at < :ends
              AND channel <> 'MARKETPLACE'
              AND (:branch_id IS NULL OR stock_location_id = :branch_id)
        ), pieces AS (
            SELECT bucket, sum(quantity) AS ordered_pieces, COALESCE(sum(picked_quantity), 0) AS picked_pieces
            FROM delivered JOIN order_items ON order_items.order_id = delivered.id GROUP BY bucket
        ), trips AS (
            SELECT bucket, count(*) AS delivered_orders, count(slot_end) AS with_window,
                   count(*) FILTER (WHERE delivered_at <= slot_end) AS on_time_orders
            FROM delivered GROUP BY bucket
        )
        SELECT bucket, COALESCE(ordered_pieces, 0) AS ordered_pieces, COALESCE(picked_pieces, 0) AS picked_pieces,
               round(100.0 * picked_pieces / ordered_pieces, 1) AS fulfilment_rate,
               delivered_orders, on_time_orders,
               round(100.0 * on_time_orders / NULLIF(with_window, 0), 1) AS on_time_rate
        FROM trips LEFT JOIN pieces USING (bucket)
    """),
)

# A substitute the picker took back again was never put to the customer. One that nobody answered counts as accepted
# once the order is packed. A line is missing on the day it was last marked, whether or not a substitute was refused.
SUBSTITUTIONS = Definition(
    title="Substitutions",
    columns=(
        WHEN,
        Column("proposed", "Proposed"),
        Column("accepted", "Accepted"),
        Column("refused", "Refused"),
        Column("missing", "Lines left out"),
    ),
    drawn=("accepted", "refused", "missing"),
    statement=statement("""
        WITH happened AS (
            SELECT substitutions.created_at AS at,
                   CASE WHEN substitutions.status = 'REFUSED' THEN 'refused'
                        WHEN substitutions.status = 'ACCEPTED' OR ready_at IS NOT NULL THEN 'accepted'
                        ELSE 'open' END AS what
            FROM substitutions JOIN orders ON orders.id = substitutions.order_id
            WHERE substitutions.created_at >= :starts AND substitutions.created_at < :ends
              AND substitutions.status IN ('PROPOSED', 'ACCEPTED', 'REFUSED')
              AND (:branch_id IS NULL OR stock_location_id = :branch_id)
            UNION ALL
            SELECT max(pick_events.created_at), 'missing'
            FROM pick_events JOIN order_items ON order_items.id = pick_events.order_item_id
            WHERE pick_events.created_at >= :starts AND pick_events.created_at < :ends
              AND action IN ('MISS', 'REPLACE') AND picked_status = 'MISSING'
              AND (:branch_id IS NULL OR stock_location_id = :branch_id)
            GROUP BY order_item_id
        )
        SELECT CAST(date_trunc(:granularity, at AT TIME ZONE :zone) AS date) AS bucket,
               count(*) FILTER (WHERE what <> 'missing') AS proposed,
               count(*) FILTER (WHERE what = 'accepted') AS accepted,
               count(*) FILTER (WHERE what = 'refused') AS refused,
               count(*) FILTER (WHERE what = 'missing') AS missing
        FROM happened GROUP BY bucket
    """),
)

# Time at work is the time from one mark to the next; ten minutes without a mark are a pause, and the mark after it has
# no time of its own. So the pace counts the marks whose time is known.
PICKER_SPEED = Definition(
    title="Picker speed",
    columns=(
        Column("picker", "Picker", ReportUnit.TEXT),
        Column("lines", "Lines"),
        Column("hours", "Hours at work", ReportUnit.NUMBER),
        Column("lines_per_hour", "Lines an hour", ReportUnit.NUMBER),
    ),
    drawn=("lines_per_hour",),
    named_by=("picker",),
    shape=Shape.THINGS,
    statement=statement("""
        WITH marks AS (
            SELECT actor_user_id,
                   created_at - lag(created_at) OVER (PARTITION BY actor_user_id ORDER BY created_at) AS since_last
            FROM pick_events
            WHERE created_at >= :starts AND created_at < :ends AND action IN ('PICK', 'MISS', 'REPLACE')
              AND (:branch_id IS NULL OR stock_location_id = :branch_id)
        ), paces AS (
            SELECT actor_user_id, count(*) AS lines,
                   count(*) FILTER (WHERE since_last <= interval '10 minutes') AS timed,
                   COALESCE(extract(epoch FROM sum(since_last) FILTER (WHERE since_last <= interval '10 minutes')), 0)
                       AS seconds
            FROM marks GROUP BY actor_user_id
        )
        SELECT COALESCE(users.full_name, 'User ' || actor_user_id) AS picker, lines,
               round(seconds / 3600, 2) AS hours, round(timed * 3600 / NULLIF(seconds, 0), 1) AS lines_per_hour
        FROM paces LEFT JOIN users ON users.id = actor_user_id
        ORDER BY lines_per_hour DESC NULLS LAST, actor_user_id
    """),
)
