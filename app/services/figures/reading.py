"""The figures read at each look: one statement, each part of it by an index over open rows alone."""

from sqlalchemy import text

from app.domain.devices.lifecycle import STALE_S
from app.domain.enums import SwitchedOff
from app.services.figures.catalog import OPEN, Figure
from app.transaction import reading

_READ = text("""
    SELECT 'aisle_orders_open', ARRAY[status::text, channel::text], count(*)::float8
    FROM orders WHERE status = ANY(:open) GROUP BY status, channel
    UNION ALL
    SELECT 'aisle_payment_operations_open', ARRAY[kind::text, state::text], count(*)
    FROM payment_operations WHERE state IN ('created', 'sent', 'unknown') GROUP BY kind, state
    UNION ALL
    SELECT 'aisle_payment_operations_stuck', ARRAY['overdue'], count(*) FROM payment_operations
    WHERE state IN ('created', 'sent', 'unknown') AND next_at < now() - interval '5 minutes'
    UNION ALL
    SELECT 'aisle_payment_operations_stuck', ARRAY['manual'], count(*) FROM payment_operations
    WHERE state = 'manual'
    UNION ALL
    SELECT 'aisle_top_ups_stuck', ARRAY['overdue'], count(*) FROM top_ups
    WHERE state IN ('created', 'authorized') AND next_at < now() - interval '5 minutes'
    UNION ALL
    SELECT 'aisle_outbox_events', ARRAY['pending'], count(*) FROM outbox WHERE done_at IS NULL AND NOT failed
    UNION ALL
    SELECT 'aisle_outbox_events', ARRAY['failed'], count(*) FROM outbox WHERE failed
    UNION ALL
    SELECT 'aisle_outbox_oldest_seconds', '{}', COALESCE(extract(epoch FROM now() - min(created_at)), 0)
    FROM outbox WHERE done_at IS NULL AND NOT failed
    UNION ALL
    SELECT 'aisle_outbox_overdue_seconds', '{}', greatest(0, COALESCE(extract(epoch FROM now() - min(next_at)), 0))
    FROM outbox WHERE done_at IS NULL AND NOT failed
    UNION ALL
    SELECT 'aisle_webhook_deliveries_open', '{}', count(*) FROM webhook_deliveries WHERE state = 'pending'
    UNION ALL
    SELECT 'aisle_webhook_overdue_seconds', '{}', greatest(0, COALESCE(extract(epoch FROM now() - min(next_at)), 0))
    FROM webhook_deliveries JOIN webhook_endpoints ON webhook_endpoints.id = endpoint_id
    WHERE state = 'pending' AND is_active
    UNION ALL
    SELECT 'aisle_webhook_endpoints_off', '{}', count(*) FROM webhook_endpoints
    WHERE NOT is_active AND disabled_reason = ANY(:by_itself)
    UNION ALL
    SELECT 'aisle_trolleys', ARRAY[state::text], count(*) FROM trolleys GROUP BY state
    UNION ALL
    SELECT 'aisle_trolleys_online', '{}', count(*) FROM devices
    WHERE status = 'active' AND trolley_id IS NOT NULL AND last_seen_at > now() - make_interval(secs => :stale)
    UNION ALL
    SELECT 'aisle_trolley_sessions', '{}', count(*) FROM cart_sessions WHERE closed_at IS NULL
    UNION ALL
    SELECT 'aisle_reservations', '{}', COALESCE(sum(quantity), 0) FROM reservations WHERE state = 'ACTIVE'
    UNION ALL
    SELECT kept ->> 0, ARRAY(SELECT jsonb_array_elements_text(kept -> 1)), CAST(kept ->> 2 AS float8)
    FROM counted_figures CROSS JOIN jsonb_array_elements(rows) AS kept
    UNION ALL
    SELECT 'aisle_counted_age_seconds', '{}', extract(epoch FROM now() - counted_at)
    FROM counted_figures WHERE counted_at IS NOT NULL
    UNION ALL
    SELECT 'aisle_counted_took_seconds', '{}', seconds FROM counted_figures WHERE seconds IS NOT NULL
""").bindparams(
    open=[status.value for status in OPEN],
    by_itself=[reason.value for reason in SwitchedOff if reason is not SwitchedOff.PAUSED],
    stale=STALE_S,
)


def read() -> list[Figure]:
    """Every figure the database can tell."""
    with reading() as connection:
        return [Figure(row[0], tuple(row[1]), row[2]) for row in connection.execute(_READ)]
