"""A row in every table of the marketplace, and for each of their CHECKs a statement that breaks it."""

ROWS = (
    """INSERT INTO users (phone, full_name, role, phone_verified_at, city, society, onboarded_at)
       VALUES ('+919812345678', 'Vera', 'VENDOR', now(), 'Pune', 'Rose Garden', now())""",
    "INSERT INTO stock_locations (kind, name, address) VALUES ('SHOP', 'Rose Shop', 'Rose Garden, Pune')",
    """INSERT INTO shops (id, owner_id, shop_type, city, society)
       SELECT (SELECT max(id) FROM stock_locations), max(id), 'grocery', 'Pune', 'Rose Garden' FROM users""",
    "INSERT INTO shop_hours SELECT id, 0, '08:00', '20:00' FROM shops",
    "INSERT INTO shop_status_changes (shop_id, event) SELECT id, 'opened' FROM shops",
    "INSERT INTO shop_items (product_id) SELECT id FROM products",
    """INSERT INTO item_uploads (task_id, shop_id, user_id, file_name, total, rows)
       SELECT 'x', id, owner_id, 'x.csv', 1, '[]' FROM shops""",
    """INSERT INTO vendor_profiles (user_id, business_type, business_name, address)
       SELECT owner_id, 'grocery', 'Rose', 'Pune' FROM shops""",
    """INSERT INTO vendor_documents (user_id, document_type, file_url)
       SELECT owner_id, 'pan', 'https://example.com/pan' FROM shops""",
    """INSERT INTO phone_codes (phone, code_hash, expires_at) VALUES ('+919812345678', 'x', now())""",
    """INSERT INTO payouts (shop_id, amount, currency, idempotency_key, request_hash, bank_name, account_number, last4,
                            ifsc_code, requested_by)
       SELECT id, 5, 'ILS', 'x', 'x', 'Bank', 'x', '1234', 'IFSC', owner_id FROM shops""",
    """INSERT INTO top_ups (user_id, request_hash, amount, currency, note, provider, reference, authorize_key,
                            capture_key, next_at)
       SELECT owner_id, 'x', 5, 'ILS', 'x', 'mockpay', 'x', gen_random_uuid(), gen_random_uuid(), now() FROM shops""",
    "INSERT INTO order_actions (order_id, action, status) SELECT id, 'order_created', 'PENDING' FROM orders",
    """INSERT INTO order_modifications (order_id, old_total, new_total, actor_user_id)
       SELECT id, 10, 5, user_id FROM orders""",
    """INSERT INTO order_modification_lines (modification_id, product_id, name, old_quantity, new_quantity)
       SELECT order_modifications.id, products.id, products.name, 2, 1 FROM order_modifications, products""",
    "INSERT INTO order_issues (order_id, user_id, issue_type) SELECT id, user_id, 'late' FROM orders",
    """INSERT INTO order_ratings (order_id, shop_id, user_id, rating)
       SELECT orders.id, shops.id, user_id, 5 FROM orders, shops""",
    "INSERT INTO order_returns (order_id, reason, requested_by) SELECT id, 'broken', user_id FROM orders",
    """INSERT INTO order_return_lines (return_id, order_item_id, quantity)
       SELECT order_returns.id, order_items.id, 1 FROM order_returns, order_items""",
)

TABLES = (
    "item_uploads",
    "order_actions",
    "order_issues",
    "order_modification_lines",
    "order_ratings",
    "order_return_lines",
    "order_returns",
    "payouts",
    "phone_codes",
    "shop_hours",
    "shop_items",
    "shop_status_changes",
    "shops",
    "top_ups",
    "users",
    "vendor_documents",
    "vendor_profiles",
)

WORDS = [
    ("item_uploads", "state"),
    ("orders", "payment_method"),
    ("shop_status_changes", "event"),
    ("top_ups", "provider"),
    ("top_ups", "state"),
    ("users", "language"),
    ("users", "membership_tier"),
    ("users", "role"),
]


def modified(old: int, new: int) -> str:
    """Another line of a modification; the table takes no change of a line that is there."""
    return f"""
        INSERT INTO order_modification_lines (modification_id, product_id, name, old_quantity, new_quantity)
        SELECT modification_id, 1, name, {old}, {new} FROM order_modification_lines
    """


BROKEN = {
    "ck_item_uploads_counts_not_negative": "UPDATE item_uploads SET failed = -1",
    "ck_item_uploads_counts_within_total": "UPDATE item_uploads SET created = 1, failed = 1",
    "ck_order_actions_action": """
        INSERT INTO order_actions (order_id, action, status) SELECT id, 'NONSENSE', 'PENDING' FROM orders
    """,
    "ck_order_actions_status": """
        INSERT INTO order_actions (order_id, action, status) SELECT id, 'order_rated', 'NONSENSE' FROM orders
    """,
    "ck_order_issues_resolved_has_time": "UPDATE order_issues SET status = 'resolved'",
    "ck_order_issues_status": "UPDATE order_issues SET status = 'NONSENSE', resolved_at = now()",
    "ck_order_modification_lines_changes_something": modified(2, 2),
    "ck_order_modification_lines_new_quantity_range": modified(2, 11),
    "ck_order_modification_lines_old_quantity_positive": modified(0, 1),
    "ck_order_ratings_rating_stars": "UPDATE order_ratings SET rating = 6",
    "ck_order_return_lines_quantity_positive": "UPDATE order_return_lines SET quantity = 0",
    "ck_order_returns_completed_has_refund": "UPDATE order_returns SET refund_amount = 1",
    "ck_order_returns_decided_has_time": "UPDATE order_returns SET status = 'accepted'",
    "ck_order_returns_refund_not_negative": """
        UPDATE order_returns SET status = 'completed', decided_at = now(), refund_amount = -0.01
    """,
    "ck_order_returns_status": "UPDATE order_returns SET status = 'NONSENSE', decided_at = now()",
    "ck_orders_commission_within_total": "UPDATE orders SET commission = total_amount + 0.01",
    "ck_orders_only_wallets_pay_so": "UPDATE orders SET payment_method = 'CASH', wallet_paid = 1",
    "ck_orders_wallet_refunded_within_paid": """
        UPDATE orders SET payment_method = 'WALLET', wallet_paid = 1, wallet_refunded = 1.01
    """,
    "ck_payouts_amount_positive": "UPDATE payouts SET amount = 0",
    "ck_payouts_approved_before_sent": "UPDATE payouts SET state = 'sent'",
    "ck_payouts_approved_by_another": "UPDATE payouts SET approved_by = requested_by",
    "ck_payouts_failed_has_reason": "UPDATE payouts SET state = 'failed'",
    "ck_payouts_state": "UPDATE payouts SET state = 'NONSENSE', approved_by = (SELECT min(id) FROM users)",
    "ck_phone_codes_attempts_not_negative": "UPDATE phone_codes SET attempts = -1",
    "ck_products_own_range_has_category": "UPDATE products SET category_id = NULL",
    "ck_shop_hours_day_of_week": "UPDATE shop_hours SET day_of_week = 7",
    "ck_shop_hours_opens_before_it_closes": "UPDATE shop_hours SET close_time = open_time",
    "ck_shop_items_discount_not_negative": "UPDATE shop_items SET discount = -0.01",
    "ck_shops_delivery_fee_not_negative": "UPDATE shops SET delivery_fee = -0.01",
    "ck_shops_minimum_order_not_negative": "UPDATE shops SET minimum_order = -0.01",
    "ck_shops_rating_count_not_negative": "UPDATE shops SET rating_count = -1",
    "ck_shops_rating_sum_fits_count": "UPDATE shops SET rating_count = 1, rating_sum = 6",
    "ck_top_ups_amount_positive": "UPDATE top_ups SET amount = 0",
    "ck_top_ups_attempts_not_negative": "UPDATE top_ups SET attempts = -1",
    "ck_users_erased_is_nobody": "UPDATE users SET erased_at = now()",
    "ck_users_email_lower_case": "UPDATE users SET email = upper(email)",
    "ck_users_onboarded_has_place": "UPDATE users SET city = NULL",
    "ck_users_pending_role_is_customer": "UPDATE users SET role_pending = true WHERE role = 'VENDOR'",
    "ck_users_reachable": "UPDATE users SET email = NULL, phone = NULL, phone_verified_at = NULL",
    "ck_users_second_factor_has_secret": "UPDATE users SET totp_enabled_at = now()",
    "ck_users_verified_phone_is_known": "UPDATE users SET phone = NULL, email = 'v@example.com' WHERE role = 'VENDOR'",
    "ck_vendor_documents_reviewed_has_time": "UPDATE vendor_documents SET status = 'approved'",
    "ck_vendor_documents_status": "UPDATE vendor_documents SET status = 'NONSENSE', reviewed_at = now()",
    "ck_vendor_profiles_kyc_status": "UPDATE vendor_profiles SET kyc_status = 'NONSENSE', reviewed_at = now()",
    "ck_vendor_profiles_reviewed_has_time": "UPDATE vendor_profiles SET kyc_status = 'approved'",
}
