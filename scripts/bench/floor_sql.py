"""What the floor asks: the same rows for the same answers, written by hand for psycopg.

Statements of the shop are not borrowed: a change of theirs must show as a change of the share.
"""

_PRODUCT = """
    products.id, products.name, products.sku, products.brand, products.description, products.category_id,
    products.current_price AS price, NULL AS old_price, products.compare_at_price, products.deposit,
    products.tax_rate, products.sold_by, products.unit, products.weight_grams, products.estimated_weight_grams,
    products.is_organic, products.age_limit, products.ingredients, products.allergens,
    products.nutrition AS nutritional_info, products.image_urls, products.bin_location, products.is_active,
    categories.name AS category_name, 'ILS' AS currency, products.current_price AS piece_price,
    products.image_urls[1] AS image_url,
    ARRAY(SELECT gtin FROM product_gtins WHERE product_gtins.product_id = products.id ORDER BY gtin) AS gtins,
    stock.available AS available_quantity, stock.available > 0 AS in_stock_anywhere,
    NULL AS branch_available_quantity, NULL AS in_stock_for_branch,
    ratings.count AS rating_count, ratings.average AS rating_average
"""
_JOINED = """
    JOIN products ON products.id = places.id
    JOIN categories ON categories.id = products.category_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(available_quantity), 0)::integer AS available FROM inventory
        WHERE product_id = places.id AND stock_location_id = ANY(ARRAY(
            SELECT id FROM stock_locations WHERE is_active AND kind IN ('STORE', 'WAREHOUSE')))
    ) AS stock
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, round(avg(rating), 2) AS average FROM reviews WHERE product_id = places.id
    ) AS ratings
"""
_SHOWN = """
    products.is_active AND products.shop_id IS NULL AND products.category_id <> ALL(ARRAY(
        SELECT id FROM categories WHERE NOT is_active))
"""

LIST = f"""
    SELECT {_PRODUCT},
           (SELECT count(*) FROM (SELECT FROM products WHERE {_SHOWN} LIMIT 1001) AS counted) AS total
    FROM (SELECT id FROM products WHERE {_SHOWN} ORDER BY id DESC LIMIT 21) AS places {_JOINED}
    ORDER BY products.id DESC
"""
PAGE = f"SELECT {_PRODUCT} FROM (SELECT %s::bigint AS id) AS places {_JOINED} WHERE {_SHOWN}"
SEARCH = f"""
    WITH asked AS MATERIALIZED (SELECT to_tsquery('simple', %s) AS query)
    SELECT {_PRODUCT} FROM (
        SELECT id FROM (
            SELECT id, ts_rank(search_vector, (SELECT query FROM asked)) / (1 + ln(1 + length(search_name))) AS rank
            FROM products WHERE search_vector @@ (SELECT query FROM asked) AND {_SHOWN} LIMIT 1001
        ) AS found ORDER BY rank DESC, id DESC LIMIT 21
    ) AS places {_JOINED}
"""
COMPLETED = """
    SELECT word FROM search_words WHERE word ~>=~ %(begun)s AND word ~<~ (%(begun)s || chr(1114111))
    ORDER BY documents DESC, word LIMIT 10
"""
NAMED = f"""
    SELECT id, name FROM (
        SELECT id, name FROM products WHERE {_SHOWN} AND search_vector @@ (SELECT to_tsquery('simple', %s)) LIMIT 200
    ) AS matched ORDER BY length(name), id LIMIT 10
"""

_LINES = """
    SELECT cart_items.id, cart_items.product_id, products.name AS product_name, products.image_urls[1] AS product_image,
           cart_items.quantity, cart_items.unit_price, cart_items.unit_price * cart_items.quantity AS line_total,
           products.unit, products.sold_by, products.estimated_weight_grams,
           products.deposit * cart_items.quantity AS deposit, products.tax_rate,
           COALESCE(inventory.available_quantity, 0) AS available,
           products.current_price <> cart_items.unit_price AS price_changed
    FROM cart_items JOIN products ON products.id = cart_items.product_id
    LEFT JOIN inventory ON inventory.product_id = products.id AND inventory.stock_location_id = %(place)s
    WHERE cart_items.cart_id = %(cart)s ORDER BY cart_items.id
"""
CART_LINES = _LINES
LOCK_CART = """
    SELECT id FROM carts WHERE user_id = %s AND status = 'ACTIVE' AND channel = 'DELIVERY_OR_PICKUP' FOR UPDATE
"""
OPEN_CART = "INSERT INTO carts (user_id) VALUES (%s) RETURNING id"
OFFER = """
    SELECT products.current_price, inventory.available_quantity FROM products
    JOIN categories ON categories.id = products.category_id AND categories.is_active
    LEFT JOIN inventory ON inventory.product_id = products.id AND inventory.stock_location_id = %s
    WHERE products.id = %s AND products.is_active
"""
PUT_LINE = """
    INSERT INTO cart_items (cart_id, product_id, quantity, unit_price) VALUES (%s, %s, %s, %s)
    ON CONFLICT (cart_id, product_id)
    DO UPDATE SET quantity = excluded.quantity, unit_price = excluded.unit_price, updated_at = now()
"""
AUDIT = """
    INSERT INTO audit_events (entity_type, entity_id, action, new_value, actor_user_id)
    VALUES ('cart', %s, 'ADD_ITEM', %s, %s)
"""
USER = "SELECT id, role, is_active, email FROM users WHERE id = %s"
ACTIVE_CART = """
    SELECT id FROM carts WHERE user_id = %s AND status = 'ACTIVE' AND channel = 'DELIVERY_OR_PICKUP'
"""
ORDERS = """
    SELECT orders.*, users.full_name AS customer_name, users.phone AS customer_phone,
           places.name AS branch_name, places.address AS branch_address, payments.reference, payments.provider,
           payments.authorized_amount, payments.captured_amount, payments.refunded_amount, cards.last4,
           (SELECT json_agg(lines ORDER BY lines.id) FROM order_items AS lines
            WHERE lines.order_id = orders.id) AS items
    FROM orders JOIN users ON users.id = orders.user_id
    JOIN stock_locations AS places ON places.id = orders.stock_location_id
    LEFT JOIN payments ON payments.order_id = orders.id
    LEFT JOIN payment_tokens AS cards ON cards.id = payments.payment_token_id
    WHERE orders.user_id = %s AND orders.channel <> 'MARKETPLACE'
    ORDER BY orders.id DESC LIMIT 21
"""
