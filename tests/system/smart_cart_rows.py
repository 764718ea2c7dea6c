"""A row in every table of the smart carts that has a rule, and for each CHECK a statement that breaks it."""

ROWS = (
    "INSERT INTO trolleys (stock_location_id, label) SELECT min(id), 'T-1' FROM stock_locations",
    """INSERT INTO devices (device_id, serial, stock_location_id, trolley_id)
       SELECT 'c0ffee01', 'sn-1', stock_location_id, id FROM trolleys""",
    "INSERT INTO carts (user_id, channel) SELECT min(id), 'IN_STORE' FROM users",
    """INSERT INTO cart_sessions (trolley_id, cart_id, user_id, stock_location_id)
       SELECT trolleys.id, carts.id, user_id, stock_location_id FROM trolleys, carts WHERE channel = 'IN_STORE'""",
    """INSERT INTO device_events (device_id, seq, payload_hash, kind, code, grams, result, quantity_now, unit_price)
       SELECT id, 1, 'x', 'w', '', 0, 0, 0, 0 FROM devices""",
    """INSERT INTO basket_moves (session_id, product_id, pieces)
       SELECT min(cart_sessions.id), min(products.id), 1 FROM cart_sessions, products""",
    """INSERT INTO reservations (cart_id, product_id, stock_location_id, quantity, expires_at)
       SELECT cart_id, products.id, stock_location_id, 1, now() FROM cart_sessions, products LIMIT 1""",
    """INSERT INTO trolley_incidents (kind, stock_location_id, session_id)
       SELECT 'tamper', stock_location_id, id FROM cart_sessions""",
    """INSERT INTO trolley_assists (session_id, trolley_id, stock_location_id, reason)
       SELECT id, trolley_id, stock_location_id, 'help' FROM cart_sessions""",
    "INSERT INTO firmwares (hardware, version, sha256, signature, content) VALUES ('x', '1', repeat('0', 64), 'x', '')",
    "INSERT INTO beacon_places SELECT min(id), 'b17f', 0, 1, 1 FROM stock_locations",
    "INSERT INTO product_weights SELECT min(id), 1, 500, 0 FROM products",
    "INSERT INTO checklist_items SELECT min(users.id), min(products.id), 1 FROM users, products",
    "INSERT INTO recipes (name) VALUES ('Soup')",
    "INSERT INTO recipe_products SELECT min(recipes.id), min(products.id), 1 FROM recipes, products",
    """INSERT INTO store_layouts (stock_location_id, cell_cm, floors, checksum)
       SELECT min(id), 50, '{}', 'x' FROM stock_locations""",
    """INSERT INTO product_places (stock_location_id, product_id, floor, x, y)
       SELECT min(stock_locations.id), min(products.id), 0, 1, 1 FROM stock_locations, products""",
    """INSERT INTO store_sections (stock_location_id, name, floor, x1, y1, x2, y2)
       SELECT min(id), 'Dairy', 0, 1, 1, 2, 2 FROM stock_locations""",
)

TABLES = (
    "basket_moves",
    "beacon_places",
    "cart_sessions",
    "checklist_items",
    "device_claims",
    "device_events",
    "devices",
    "firmwares",
    "food_types",
    "handoff_codes",
    "location_samples",
    "pair_codes",
    "pending_pairings",
    "product_food_types",
    "product_places",
    "product_weights",
    "recipe_products",
    "recipes",
    "reservations",
    "shopper_diets",
    "shopper_qrs",
    "store_layouts",
    "store_sections",
    "trolley_assists",
    "trolley_incidents",
    "trolleys",
)

WORDS = [
    ("cart_sessions", "state"),
    ("cart_sessions", "weight_state"),
    ("devices", "status"),
    ("reservations", "state"),
    ("trolley_assists", "reason"),
    ("trolley_incidents", "kind"),
    ("trolleys", "state"),
]

BROKEN = {
    "ck_basket_moves_moves_something": """
        INSERT INTO basket_moves (session_id, product_id, pieces, grams) SELECT cart_sessions.id, products.id, 0, 0
        FROM cart_sessions, products
    """,
    "ck_beacon_places_beacon_id_hex": "UPDATE beacon_places SET beacon_id = 'B17F'",
    "ck_cart_items_weighed_is_one_line": "UPDATE cart_items SET weight_grams = 500, quantity = 2",
    "ck_cart_items_weight_positive": "UPDATE cart_items SET weight_grams = 0, quantity = 1",
    "ck_cart_sessions_closed_has_outcome": "UPDATE cart_sessions SET closed_at = now()",
    "ck_cart_sessions_mismatches_not_negative": "UPDATE cart_sessions SET mismatches = -1",
    "ck_cart_sessions_outcome": "UPDATE cart_sessions SET outcome = 'NONSENSE', closed_at = now()",
    "ck_checklist_items_quantity_range": "UPDATE checklist_items SET quantity = 10001",
    "ck_device_events_seq_positive": """
        INSERT INTO device_events (device_id, seq, payload_hash, kind, code, grams, result, quantity_now, unit_price)
        SELECT id, 0, 'x', 'w', '', 0, 0, 0, 0 FROM devices
    """,
    "ck_devices_battery_percent_range": "UPDATE devices SET battery_percent = 101",
    "ck_devices_counters_not_negative": "UPDATE devices SET last_seq = -1",
    "ck_devices_device_id_hex": "UPDATE devices SET device_id = 'C0FFEE01'",
    "ck_devices_kid_order": "UPDATE devices SET base_kid = kid + 1",
    "ck_firmwares_rollout_percent_range": "UPDATE firmwares SET rollout_percent = 101",
    "ck_firmwares_sha256_hex": "UPDATE firmwares SET sha256 = repeat('F', 64)",
    "ck_product_places_on_the_map": "UPDATE product_places SET x = -1",
    "ck_product_weights_samples_positive": "UPDATE product_weights SET samples = 0",
    "ck_products_weight_tolerance_positive": "UPDATE products SET weight_tolerance_grams = 0",
    "ck_recipe_products_quantity_positive": "UPDATE recipe_products SET quantity = 0",
    "ck_reservations_quantity_positive": "UPDATE reservations SET quantity = 0",
    "ck_store_layouts_cell_positive": "UPDATE store_layouts SET cell_cm = 0",
    "ck_store_layouts_published_has_version": "UPDATE store_layouts SET status = 'published'",
    "ck_store_layouts_status": "UPDATE store_layouts SET status = 'NONSENSE', version = 1",
    "ck_store_sections_corners_in_order": "UPDATE store_sections SET y1 = y2 + 1",
    "ck_trolley_assists_outcome": "UPDATE trolley_assists SET outcome = 'NONSENSE', resolved_at = now()",
    "ck_trolley_assists_resolved_has_outcome": "UPDATE trolley_assists SET resolved_at = now()",
    "ck_trolleys_scale_step_positive": "UPDATE trolleys SET scale_step_grams = 0",
    "ck_trolleys_tare_not_negative": "UPDATE trolleys SET tare_grams = -1",
}
