"""The parts of an export: what is kept of a person, read for that person alone.

Each statement answers rows with a number `place` that grows, by which it is read on page by page. Nothing of other
people is read, and nothing that is a secret or the hash of one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A list of the document: its name, the tables it is read from, and how."""

    name: str
    tables: tuple[str, ...]
    rows: str


PARTS: tuple[Part, ...] = (
    Part(
        "profile",
        ("users", "consumer_profiles", "user_branches"),
        """SELECT users.id AS place, users.id, email, phone, phone_verified_at, full_name, role, city, society,
                  onboarded_at, is_active, membership_tier, default_branch_id, language,
                  totp_enabled_at AS second_factor_since, flat_number, profile_image_url, gender, date_of_birth,
                  preferred_language, ARRAY(SELECT stock_location_id FROM user_branches WHERE user_id = users.id
                                            ORDER BY stock_location_id) AS works_at_branches,
                  users.created_at, GREATEST(users.updated_at, own.updated_at) AS updated_at
           FROM users LEFT JOIN consumer_profiles AS own ON own.user_id = users.id WHERE users.id = :user_id""",
    ),
    Part(
        "sessions",
        ("auth_sessions",),
        """SELECT id AS place, id, user_agent, address, by_phone, created_at, revoked_at, revoked_because
           FROM auth_sessions WHERE user_id = :user_id""",
    ),
    Part(
        "account_history",
        ("audit_events",),
        """SELECT id AS place, action, created_at FROM audit_events
           WHERE entity_type IN ('user', 'User', 'user_login', 'user_password_reset') AND entity_id = :user_id
             AND actor_user_id = :user_id""",
    ),
    Part(
        "addresses",
        ("addresses",),
        """SELECT id AS place, id, address_line, city, postal_code, country, lat, lng, is_default, created_at
           FROM addresses WHERE user_id = :user_id""",
    ),
    Part(
        "means_of_payment",
        ("payment_tokens",),
        """SELECT id AS place, id, provider, '**** ' || last4 AS card, is_default, is_active, created_at
           FROM payment_tokens WHERE user_id = :user_id""",
    ),
    Part(
        "orders",
        ("orders", "order_items", "order_discounts", "payments", "delivery_attempts", "order_modifications"),
        """SELECT id AS place, id, order_number, channel, stock_location_id AS branch_or_shop_id, status,
                  fulfillment_type, payment_method, currency, items_total, deposit_total, delivery_fee, discount_total,
                  tax_total, total_amount, final_total, wallet_paid, wallet_refunded, address, notes, slot_start,
                  slot_end, created_at, ready_at, dispatched_at, delivered_at, canceled_at, cancel_reason,
                  ARRAY(SELECT jsonb_build_object(
                            'product_id', product_id, 'name', name, 'sku', sku, 'unit', unit, 'quantity', quantity,
                            'unit_price', unit_price, 'line_total', line_total, 'tax_rate', tax_rate,
                            'status', picked_status, 'picked_quantity', picked_quantity,
                            'picked_weight_grams', picked_weight_grams, 'final_total', final_total)
                        FROM order_items WHERE order_id = orders.id ORDER BY id) AS lines,
                  ARRAY(SELECT jsonb_build_object('code', code, 'description', description, 'amount', amount)
                        FROM order_discounts WHERE order_id = orders.id ORDER BY id) AS discounts,
                  ARRAY(SELECT jsonb_build_object('outcome', outcome, 'received_by', received_by, 'at', created_at)
                        FROM delivery_attempts WHERE order_id = orders.id ORDER BY id) AS deliveries,
                  ARRAY(SELECT jsonb_build_object('old_total', old_total, 'new_total', new_total, 'at', created_at)
                        FROM order_modifications WHERE order_id = orders.id ORDER BY id) AS modifications,
                  (SELECT jsonb_build_object(
                              'provider', provider, 'reference', reference, 'authorized', authorized_amount,
                              'captured', captured_amount, 'refunded', refunded_amount)
                   FROM payments WHERE order_id = orders.id) AS payment
           FROM orders WHERE user_id = :user_id""",
    ),
    Part(
        "order_messages",
        ("order_messages",),
        """SELECT order_messages.id AS place, order_id, body AS message, is_automatic, order_messages.created_at,
                  CASE WHEN sender_user_id = :user_id THEN 'me' WHEN sender_user_id IS NULL THEN 'system'
                       ELSE 'shop' END AS said_by
           FROM order_messages JOIN orders ON orders.id = order_id WHERE orders.user_id = :user_id""",
    ),
    Part(
        "complaints",
        ("order_issues",),
        """SELECT order_issues.id AS place, order_id, issue_type, description, order_issues.status, resolution,
                  order_issues.created_at, resolved_at
           FROM order_issues JOIN orders ON orders.id = order_id WHERE orders.user_id = :user_id""",
    ),
    Part(
        "returns",
        ("order_returns",),
        """SELECT order_returns.id AS place, order_id, reason, order_returns.status, photo_urls, decision_note,
                  refund_amount, order_returns.created_at, decided_at
           FROM order_returns JOIN orders ON orders.id = order_id WHERE orders.user_id = :user_id""",
    ),
    Part(
        "ratings_of_shops",
        ("order_ratings",),
        """SELECT order_id AS place, order_id, shop_id, rating, review, order_ratings.created_at
           FROM order_ratings JOIN orders ON orders.id = order_id WHERE orders.user_id = :user_id""",
    ),
    Part(
        "reviews",
        ("reviews",),
        """SELECT reviews.id AS place, product_id, rating, title, body, created_at FROM reviews
           WHERE user_id = :user_id""",
    ),
    Part(
        "requests_for_help",
        ("assistance_requests",),
        """SELECT id AS place, stock_location_id AS branch_id, order_id, message, status, resolution, created_at,
                  resolved_at FROM assistance_requests WHERE user_id = :user_id""",
    ),
    Part(
        "carts",
        ("carts",),
        """SELECT id AS place, id, channel, created_at, updated_at,
                  ARRAY(SELECT jsonb_build_object('product_id', product_id, 'quantity', quantity,
                                                  'weight_grams', weight_grams, 'unit_price', unit_price)
                        FROM cart_items WHERE cart_id = carts.id ORDER BY id) AS lines
           FROM carts WHERE user_id = :user_id AND status = 'ACTIVE'""",
    ),
    Part(
        "wishlist",
        ("wishlist_items",),
        """SELECT product_id AS place, product_id, products.name, note, wishlist_items.created_at
           FROM wishlist_items JOIN products ON products.id = product_id WHERE user_id = :user_id""",
    ),
    Part(
        "checklist",
        ("checklist_items",),
        """SELECT product_id AS place, product_id, products.name, quantity, checklist_items.created_at
           FROM checklist_items JOIN products ON products.id = product_id WHERE user_id = :user_id""",
    ),
    Part(
        "diet",
        ("shopper_diets",),
        """SELECT user_id AS place, food_types.name AS way_to_eat, allergies, updated_at
           FROM shopper_diets LEFT JOIN food_types ON food_types.id = food_type_id WHERE user_id = :user_id""",
    ),
    Part(
        "coupons",
        ("coupon_uses",),
        """SELECT coupon_id AS place, code, coupon_uses.used_count FROM coupon_uses
           JOIN coupons ON coupons.id = coupon_id WHERE user_id = :user_id""",
    ),
    Part(
        "wallet",
        ("accounts", "entries"),
        """SELECT entries.id AS place, amount, balance_after, currency, description, reason, order_id, created_at
           FROM accounts JOIN entries ON entries.account_id = accounts.id JOIN journals ON journals.id = journal_id
           WHERE kind = 'wallet' AND owner_id = :user_id""",
    ),
    Part(
        "top_ups",
        ("top_ups",),
        """SELECT id AS place, id, amount, currency, note, provider, reference, state, created_at FROM top_ups
           WHERE user_id = :user_id""",
    ),
    Part(
        "notifications",
        ("notifications",),
        """SELECT id AS place, kind, title, body, order_id, created_at, read_at FROM notifications
           WHERE user_id = :user_id""",
    ),
    Part(
        "news",
        ("live_events",),
        "SELECT id AS place, topic, payload, created_at FROM live_events WHERE user_id = :user_id",
    ),
    Part(
        "message_preferences",
        ("message_preferences",),
        """SELECT row_number() OVER (ORDER BY kind, channel) AS place, kind, channel, is_enabled, updated_at
           FROM message_preferences WHERE user_id = :user_id""",
    ),
    Part(
        "trolley_walks",
        ("cart_sessions",),
        """SELECT id AS place, trolley_id, stock_location_id AS branch_id, opened_at, closed_at, outcome, order_id,
                  ARRAY(SELECT jsonb_build_object('product_id', product_id, 'pieces', pieces, 'grams', grams,
                                                  'at', created_at)
                        FROM basket_moves WHERE session_id = cart_sessions.id ORDER BY id) AS moves
           FROM cart_sessions WHERE user_id = :user_id""",
    ),
    Part(
        "trolley_places",
        ("location_samples",),
        """SELECT (extract(epoch FROM minute) * 1000)::bigint + session_id % 1000 AS place, session_id AS walk_id,
                  minute, floor, x_cm, y_cm
           FROM location_samples JOIN cart_sessions AS walk ON walk.id = session_id
           WHERE walk.user_id = :user_id
             AND minute BETWEEN walk.opened_at - interval '1 minute' AND COALESCE(walk.closed_at, now())""",
    ),
    Part(
        "vendor",
        ("vendor_profiles", "payout_banks"),
        """SELECT own.user_id AS place, business_type, business_name, address, gst_number, kyc_status, review_note,
                  own.created_at, bank_name, '**** ' || last4 AS account, ifsc_code
           FROM vendor_profiles AS own LEFT JOIN payout_banks USING (user_id) WHERE own.user_id = :user_id""",
    ),
    Part(
        "vendor_documents",
        ("vendor_documents",),
        """SELECT id AS place, document_type, file_url, status, review_note, created_at, reviewed_at
           FROM vendor_documents WHERE user_id = :user_id""",
    ),
    Part(
        "shop",
        ("shops",),
        """SELECT shops.id AS place, shops.id, name, stock_locations.address, shop_type, description, city, society,
                  phone, category_tags, logo_url, shops.created_at
           FROM shops JOIN stock_locations ON stock_locations.id = shops.id WHERE owner_id = :user_id""",
    ),
    Part(
        "payouts",
        ("payouts",),
        """SELECT payouts.id AS place, amount, currency, state, bank_name, '**** ' || last4 AS account, bank_reference,
                  payouts.created_at, ended_at
           FROM payouts JOIN shops ON shops.id = shop_id WHERE owner_id = :user_id""",
    ),
    Part(
        "uploads",
        ("item_uploads",),
        """SELECT item_uploads.id AS place, file_name, state, total, created, failed, item_uploads.created_at
           FROM item_uploads JOIN shops ON shops.id = shop_id WHERE owner_id = :user_id""",
    ),
)

NOT_EXPORTED: dict[str, str] = {
    "recovery_codes": "secrets of the second factor, kept as keyed hashes",
    "password_resets": "the hash of a mailed secret, for half an hour",
    "pending_pairings": "which trolley somebody is about to take, for minutes",
    "shopper_qrs": "the hash of a token on somebody's display, for minutes",
    "pair_codes": "codes of trolleys; who used one opened a walk, which is exported",
    "handoff_codes": "codes of tills; who used one is a member of the staff at work",
    "pick_batches": "work of the staff, part of the shop's books",
    "stock_requests": "work of the staff, part of the shop's books",
    "order_actions": "the log of an order: its states are exported with the order",
    "trolley_incidents": "work of the staff: who settled it",
    "trolley_assists": "work of the staff: who came and settled it",
    "shop_status_changes": "when a shop opened and closed, part of its own log",
    "store_layouts": "which manager drew a map of a branch",
    "webhook_endpoints": "which admin made an integration",
    "basket_moves": "exported with the walk it belongs to",
}
"""Tables that point at users and are no part of an export, each with the reason."""
