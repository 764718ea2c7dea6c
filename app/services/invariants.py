"""What must always be true of the data, as counts of what breaks it: each is 0 (`flask invariants`)."""

from sqlalchemy import text

from app.transaction import reading

_CHECKS = {
    "stock_below_zero": "SELECT count(*) FROM inventory WHERE available_quantity < 0 OR reserved_quantity < 0",
    "stock_not_explained_by_movements": """
        SELECT count(*) FROM inventory LEFT JOIN (
            SELECT stock_location_id, product_id, sum(available_change) AS available, sum(reserved_change) AS reserved
            FROM stock_movements GROUP BY stock_location_id, product_id
        ) AS moved USING (stock_location_id, product_id)
        WHERE available_quantity <> COALESCE(available, 0) OR reserved_quantity <> COALESCE(reserved, 0)
    """,
    "reserved_not_owned_by_open_orders_or_set_by_hand": """
        SELECT count(*) FROM inventory LEFT JOIN (
            SELECT stock_location_id, product_id, sum(owned) AS owned FROM (
                SELECT stock_location_id, product_id, held_quantity AS owned
                FROM orders JOIN order_items ON order_items.order_id = orders.id
                UNION ALL
                SELECT stock_location_id, product_id, held_quantity
                FROM orders JOIN substitutions ON substitutions.order_id = orders.id
                UNION ALL
                SELECT stock_location_id, product_id, quantity FROM reservations WHERE state = 'ACTIVE'
                UNION ALL
                SELECT stock_location_id, product_id, reserved_change
                FROM stock_movements WHERE kind IN ('opening', 'adjust', 'recount')
            ) AS owners GROUP BY stock_location_id, product_id
        ) AS open USING (stock_location_id, product_id)
        WHERE reserved_quantity <> COALESCE(owned, 0)
    """,
    "stock_held_by_ended_orders": """
        SELECT count(*) FROM orders LEFT JOIN order_items ON order_items.order_id = orders.id
        LEFT JOIN substitutions ON substitutions.order_id = orders.id
        WHERE orders.status IN ('CANCELED', 'REJECTED', 'DELIVERED', 'RETURN_ACCEPTED', 'RETURN_COMPLETED')
          AND (order_items.held_quantity > 0 OR substitutions.held_quantity > 0)
    """,
    "stock_changed_by_hand_without_its_movement": """
        SELECT count(*) FROM stock_changes LEFT JOIN stock_movements AS moved
          ON moved.source_type = 'stock_change' AND moved.source_id = stock_changes.id
        WHERE available_after - available_before <> COALESCE(available_change, 0)
           OR reserved_after - reserved_before <> COALESCE(reserved_change, 0)
    """,
    "transfers_that_moved_other_than_they_say": """
        SELECT count(*) FROM stock_transfer_lines AS line LEFT JOIN (
            SELECT source_id, sum(available_change) FILTER (WHERE kind = 'transfer_out') AS went,
                   sum(available_change) FILTER (WHERE kind = 'transfer_in') AS came
            FROM stock_movements WHERE source_type = 'transfer_line' GROUP BY source_id
        ) AS moved ON moved.source_id = line.id
        WHERE COALESCE(sent_quantity, 0) <> COALESCE(-went, 0) OR COALESCE(received_quantity, 0) <> COALESCE(came, 0)
    """,
    "ready_orders_neither_captured_nor_in_hand": """
        SELECT count(*) FROM orders JOIN payments ON payments.order_id = orders.id
        WHERE ready_at IS NOT NULL AND status <> 'CANCELED' AND final_total > 0 AND NOT EXISTS (
            SELECT 1 FROM payment_operations WHERE payment_id = payments.id AND kind = 'capture')
    """,
    "captures_that_differ_from_the_final_total": """
        SELECT count(*) FROM orders JOIN payments ON payments.order_id = orders.id
        WHERE captured_amount > 0 AND ready_at IS NOT NULL AND captured_amount <> final_total
    """,
    "coupon_uses_not_held_by_live_orders": """
        SELECT count(*) FROM coupons WHERE used_count <> (
            SELECT count(*) FROM order_discounts WHERE coupon_id = coupons.id AND released_at IS NULL)
    """,
    "coupon_uses_of_users_not_held_by_live_orders": """
        SELECT count(*) FROM coupon_uses WHERE used_count <> (
            SELECT count(*) FROM order_discounts JOIN orders ON orders.id = order_discounts.order_id
            WHERE coupon_id = coupon_uses.coupon_id AND orders.user_id = coupon_uses.user_id AND released_at IS NULL)
    """,
    "slot_places_not_booked_by_orders": """
        SELECT count(*) FROM slot_occurrences AS slot
        WHERE booked <> (SELECT count(*) FROM slot_bookings WHERE occurrence_id = slot.id AND released_at IS NULL)
    """,
    "slot_held_by_cancelled_order": """
        SELECT count(*) FROM slot_bookings JOIN orders ON orders.id = slot_bookings.order_id
        WHERE released_at IS NULL AND status = 'CANCELED'
    """,
    "journals_out_of_balance": """
        SELECT count(*) FROM (SELECT journal_id FROM entries GROUP BY journal_id HAVING sum(amount) <> 0) AS wrong
    """,
    "balances_not_sum_of_entries": """
        SELECT count(*) FROM accounts WHERE balance IS NOT NULL
        AND balance <> (SELECT COALESCE(sum(amount), 0) FROM entries WHERE account_id = accounts.id)
    """,
    "confirmed_orders_without_authorization": """
        SELECT count(*) FROM orders JOIN payments ON payments.order_id = orders.id
        WHERE status NOT IN ('PENDING_PAYMENT', 'CANCELLING', 'CANCELED') AND authorized_amount = 0
    """,
    "holds_without_live_order_or_void": """
        SELECT count(*) FROM payments JOIN orders ON orders.id = payments.order_id
        WHERE status IN ('CANCELED', 'REJECTED') AND authorized_amount > 0 AND NOT EXISTS (
            SELECT 1 FROM payment_operations WHERE payment_id = payments.id AND kind IN ('void', 'refund'))
    """,
    "captures_kept_of_cancelled_orders": """
        SELECT count(*) FROM payments JOIN orders ON orders.id = payments.order_id
        WHERE status IN ('CANCELED', 'REJECTED') AND captured_amount > refunded_amount + refund_pending_amount
    """,
    "captured_above_authorized": "SELECT count(*) FROM payments WHERE captured_amount > authorized_amount",
    "refunded_above_captured": """
        SELECT count(*) FROM payments WHERE refunded_amount + refund_pending_amount > captured_amount
    """,
    "captures_not_in_the_books": """
        SELECT count(*) FROM payment_operations WHERE kind IN ('capture', 'refund') AND state = 'ok'
        AND NOT EXISTS (SELECT 1 FROM journals WHERE reference = kind || ':' || payment_operations.id)
    """,
    "wallets_below_zero": "SELECT count(*) FROM accounts WHERE kind = 'wallet' AND balance < 0",
    "wallet_orders_that_differ_from_the_books": """
        SELECT count(*) FROM orders LEFT JOIN (
            SELECT order_id, sum(amount) AS moved FROM journals
            JOIN entries ON entries.journal_id = journals.id JOIN accounts ON accounts.id = entries.account_id
            WHERE kind = 'wallet' AND order_id IS NOT NULL GROUP BY order_id
        ) AS booked ON booked.order_id = orders.id
        WHERE wallet_paid - wallet_refunded <> COALESCE(-moved, 0)
    """,
    "money_owed_for_ended_wallet_orders": """
        SELECT count(*) FROM (
            SELECT orders.id FROM orders JOIN journals ON journals.order_id = orders.id
            JOIN entries ON entries.journal_id = journals.id JOIN accounts ON accounts.id = entries.account_id
            WHERE payment_method = 'WALLET' AND kind = 'order_liability'
              AND status IN ('CANCELED', 'REJECTED', 'DELIVERED', 'RETURN_ACCEPTED', 'RETURN_COMPLETED')
            GROUP BY orders.id HAVING sum(amount) <> 0
        ) AS owed
    """,
    "open_wallet_orders_not_paid_in_full": """
        SELECT count(*) FROM orders WHERE payment_method = 'WALLET'
          AND status IN ('PENDING', 'ACCEPTED', 'AWAITING_CONSUMER_CONFIRMATION', 'CONFIRMED')
          AND (wallet_paid <> total_amount OR wallet_refunded <> 0)
    """,
    "prepaid_deliveries_not_earned": """
        SELECT count(*) FROM orders WHERE channel = 'MARKETPLACE' AND payment_method <> 'CASH'
          AND delivered_at IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM journals WHERE reference = 'delivered:' || orders.id)
    """,
    "matured_orders_with_pending_money": """
        SELECT count(*) FROM (
            SELECT orders.id FROM orders JOIN journals ON journals.order_id = orders.id
            JOIN entries ON entries.journal_id = journals.id JOIN accounts ON accounts.id = entries.account_id
            WHERE kind = 'vendor_pending' GROUP BY orders.id
            HAVING sum(amount) < 0 OR (orders.matures_at IS NULL AND sum(amount) <> 0)
        ) AS wrong
    """,
    "returns_of_more_than_was_bought": """
        SELECT count(*) FROM order_items AS item WHERE quantity < (
            SELECT COALESCE(sum(line.quantity), 0) FROM order_return_lines AS line
            JOIN order_returns ON order_returns.id = line.return_id
            WHERE line.order_item_id = item.id AND status <> 'rejected')
    """,
    "modified_orders_that_differ_from_their_lines": """
        SELECT count(*) FROM orders WHERE channel = 'MARKETPLACE' AND COALESCE(final_items_total, items_total) <> (
            SELECT COALESCE(sum(line_total), 0) FROM order_items WHERE order_id = orders.id)
    """,
    "payouts_that_differ_from_the_books": """
        SELECT count(*) FROM payouts
        WHERE NOT EXISTS (SELECT 1 FROM journals WHERE reference = 'payout:' || payouts.id)
           OR (state = 'failed') <> EXISTS (SELECT 1 FROM journals WHERE reference = 'payout-failed:' || payouts.id)
           OR (state = 'paid') <> EXISTS (SELECT 1 FROM journals WHERE reference = 'payout-paid:' || payouts.id)
    """,
    "top_ups_that_differ_from_the_books": """
        SELECT count(*) FROM top_ups
        WHERE (state = 'paid') <> EXISTS (SELECT 1 FROM journals WHERE reference = 'top-up:' || top_ups.id)
    """,
    "shop_ratings_that_differ_from_their_orders": """
        SELECT count(*) FROM shops LEFT JOIN (
            SELECT shop_id, sum(rating) AS stars, count(*) AS ratings FROM order_ratings GROUP BY shop_id
        ) AS rated ON rated.shop_id = shops.id
        WHERE rating_sum <> COALESCE(stars, 0) OR rating_count <> COALESCE(ratings, 0)
    """,
    "trolleys_that_reserve_other_than_they_hold": """
        SELECT count(*) FROM reservations LEFT JOIN cart_items
          ON cart_items.cart_id = reservations.cart_id AND cart_items.product_id = reservations.product_id
        WHERE reservations.state = 'ACTIVE' AND reservations.quantity > COALESCE(cart_items.quantity, 0)
    """,
    "paid_trolleys_without_delivered_order": """
        SELECT count(*) FROM cart_sessions LEFT JOIN orders ON orders.id = cart_sessions.order_id
        WHERE cart_sessions.state = 'paid' AND closed_at IS NULL AND orders.status IS DISTINCT FROM 'DELIVERED'
    """,
    "two_orders_for_one_cart": """
        SELECT count(*) FROM (
            SELECT cart_id FROM orders GROUP BY cart_id, stock_location_id HAVING count(*) > 1
        ) AS doubled
    """,
    "stale_undecided_keys": """
        SELECT count(*) FROM idempotency_keys WHERE state = 'placed' AND created_at < now() - interval '72 hours'
    """,
    "stale_outbox_events": """
        SELECT count(*) FROM outbox WHERE done_at IS NULL AND created_at < now() - interval '10 minutes'
    """,
}
_ALL = text("SELECT " + ", ".join(f"({query}) AS {name}" for name, query in _CHECKS.items()))


def violations() -> dict[str, int]:
    """The number of rows that break each rule, all from one snapshot; every one must be 0."""
    with reading() as connection:
        return dict(connection.execute(_ALL).one()._mapping)
