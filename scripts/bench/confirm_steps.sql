-- A confirm of five lines, step by step, for pgbench: see scripts/bench/pgbench.py.
\set n :n + 1
\set cart :first_cart + :client_id * :each + :n
\set slot :first_slot + random(1, :slots) - 1

-- T1: what the shop asks before it sells
BEGIN;
SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '60s', true);
SELECT pg_try_advisory_xact_lock(hashtextextended('bench' || CAST(:cart AS text), 0));
SELECT request_hash, state, order_id, status, body FROM idempotency_keys
WHERE principal = 'bench' AND route = 'checkout.confirm' AND key = 'bench-' || CAST(:cart AS text);
SELECT delivery_min, delivery_fee FROM global_settings;
SELECT id FROM stock_locations WHERE id = :warehouse AND is_active;
SELECT id AS slot_id, capacity, day_of_week, start_time, end_time, cutoff_minutes FROM delivery_slots
WHERE id = :slot AND is_active
\gset
SELECT booked, capacity FROM slot_occurrences WHERE slot_id = :slot_id AND delivery_date = CURRENT_DATE + 1;
SELECT id, provider, is_active FROM payment_tokens WHERE id = 1;
SELECT user_id AS buyer, status AS cart_status FROM carts WHERE id = :cart FOR NO KEY UPDATE
\gset
SELECT line[1] AS p1, line[2] AS p2, line[3] AS p3, line[4] AS p4, line[5] AS p5
FROM (SELECT array_agg(product_id ORDER BY product_id) AS line FROM cart_items WHERE cart_id = :cart) AS lines
\gset

-- each line: its stock, locked in the order of products, with what the order keeps of the product
SELECT name AS name1, sku AS sku1, unit AS unit1, price AS price1, tax_rate AS tax1, available_quantity AS had1
FROM inventory JOIN products ON products.id = product_id
WHERE stock_location_id = :warehouse AND product_id = :p1 FOR NO KEY UPDATE OF inventory
\gset
SELECT name AS name2, sku AS sku2, unit AS unit2, price AS price2, tax_rate AS tax2, available_quantity AS had2
FROM inventory JOIN products ON products.id = product_id
WHERE stock_location_id = :warehouse AND product_id = :p2 FOR NO KEY UPDATE OF inventory
\gset
SELECT name AS name3, sku AS sku3, unit AS unit3, price AS price3, tax_rate AS tax3, available_quantity AS had3
FROM inventory JOIN products ON products.id = product_id
WHERE stock_location_id = :warehouse AND product_id = :p3 FOR NO KEY UPDATE OF inventory
\gset
SELECT name AS name4, sku AS sku4, unit AS unit4, price AS price4, tax_rate AS tax4, available_quantity AS had4
FROM inventory JOIN products ON products.id = product_id
WHERE stock_location_id = :warehouse AND product_id = :p4 FOR NO KEY UPDATE OF inventory
\gset
SELECT name AS name5, sku AS sku5, unit AS unit5, price AS price5, tax_rate AS tax5, available_quantity AS had5
FROM inventory JOIN products ON products.id = product_id
WHERE stock_location_id = :warehouse AND product_id = :p5 FOR NO KEY UPDATE OF inventory
\gset
\set total :price1 + :price2 + :price3 + :price4 + :price5

-- T1: the order and all that belongs to it
INSERT INTO orders (order_number, user_id, cart_id, channel, stock_location_id, status, fulfillment_type, currency,
                    payment_method, items_total, tax_total, total_amount, address, delivery_slot_id, slot_start,
                    slot_end, pay_deadline)
VALUES ('STEP-' || CAST(:cart AS text), :buyer, :cart, 'DELIVERY_OR_PICKUP', :warehouse, 'PENDING_PAYMENT', 'DELIVERY',
        'ILS', 'CARD', :total, 0, :total, '12 Market Street, Haifa, 3303112', :slot_id, now(),
        now() + interval '2 hours', now() + interval '15 minutes')
RETURNING id AS order_id
\gset
INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total, tax_rate,
                         tax_amount, substitution_preference, held_quantity)
VALUES (:order_id, :p1, :name1, :sku1, :unit1, 'PIECE', :price1, 1, :price1, :tax1, 0, 'BEST_MATCH', 1)
RETURNING id AS item1
\gset
UPDATE inventory SET available_quantity = available_quantity - 1, reserved_quantity = reserved_quantity + 1,
                     updated_at = now()
WHERE stock_location_id = :warehouse AND product_id = :p1;
INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                             source_id, actor_user_id)
VALUES (:warehouse, :p1, 'allocate', -1, 1, 'order_item', :item1, :buyer);
INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total, tax_rate,
                         tax_amount, substitution_preference, held_quantity)
VALUES (:order_id, :p2, :name2, :sku2, :unit2, 'PIECE', :price2, 1, :price2, :tax2, 0, 'BEST_MATCH', 1)
RETURNING id AS item2
\gset
UPDATE inventory SET available_quantity = available_quantity - 1, reserved_quantity = reserved_quantity + 1,
                     updated_at = now()
WHERE stock_location_id = :warehouse AND product_id = :p2;
INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                             source_id, actor_user_id)
VALUES (:warehouse, :p2, 'allocate', -1, 1, 'order_item', :item2, :buyer);
INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total, tax_rate,
                         tax_amount, substitution_preference, held_quantity)
VALUES (:order_id, :p3, :name3, :sku3, :unit3, 'PIECE', :price3, 1, :price3, :tax3, 0, 'BEST_MATCH', 1)
RETURNING id AS item3
\gset
UPDATE inventory SET available_quantity = available_quantity - 1, reserved_quantity = reserved_quantity + 1,
                     updated_at = now()
WHERE stock_location_id = :warehouse AND product_id = :p3;
INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                             source_id, actor_user_id)
VALUES (:warehouse, :p3, 'allocate', -1, 1, 'order_item', :item3, :buyer);
INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total, tax_rate,
                         tax_amount, substitution_preference, held_quantity)
VALUES (:order_id, :p4, :name4, :sku4, :unit4, 'PIECE', :price4, 1, :price4, :tax4, 0, 'BEST_MATCH', 1)
RETURNING id AS item4
\gset
UPDATE inventory SET available_quantity = available_quantity - 1, reserved_quantity = reserved_quantity + 1,
                     updated_at = now()
WHERE stock_location_id = :warehouse AND product_id = :p4;
INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                             source_id, actor_user_id)
VALUES (:warehouse, :p4, 'allocate', -1, 1, 'order_item', :item4, :buyer);
INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total, tax_rate,
                         tax_amount, substitution_preference, held_quantity)
VALUES (:order_id, :p5, :name5, :sku5, :unit5, 'PIECE', :price5, 1, :price5, :tax5, 0, 'BEST_MATCH', 1)
RETURNING id AS item5
\gset
UPDATE inventory SET available_quantity = available_quantity - 1, reserved_quantity = reserved_quantity + 1,
                     updated_at = now()
WHERE stock_location_id = :warehouse AND product_id = :p5;
INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                             source_id, actor_user_id)
VALUES (:warehouse, :p5, 'allocate', -1, 1, 'order_item', :item5, :buyer);
INSERT INTO payments (order_id, payment_token_id, provider, reference, currency, requested_amount)
VALUES (:order_id, 1, 'mockpay', 'STEP-' || CAST(:cart AS text), 'ILS', :total)
RETURNING id AS payment_id
\gset
INSERT INTO payment_operations (payment_id, kind, idempotency_key, amount, next_at)
VALUES (:payment_id, 'authorize', gen_random_uuid(), :total, now() + interval '30 seconds')
RETURNING id AS operation_id
\gset
UPDATE carts SET status = 'CHECKED_OUT', updated_at = now() WHERE id = :cart;
INSERT INTO idempotency_keys (principal, route, key, request_hash, state, order_id, expires_at)
VALUES ('bench', 'checkout.confirm', 'bench-' || CAST(:cart AS text), md5(CAST(:cart AS text)),
        'placed', :order_id, now() + interval '24 hours');
INSERT INTO audit_events (entity_type, entity_id, action, new_value, actor_user_id, request_id)
VALUES ('order', :order_id, 'CREATE', jsonb_build_object('lines', 5, 'total_amount', CAST(:total AS text),
                                                         'order_number', 'STEP-' || CAST(:cart AS text)),
        :buyer, md5(CAST(:cart AS text)));
INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, actor_user_id, request_id)
VALUES ('inventory', :warehouse, 'DECREMENT',
        jsonb_build_object('available', jsonb_build_object(
            CAST(:p1 AS text), CAST(:had1 AS integer), CAST(:p2 AS text), CAST(:had2 AS integer),
            CAST(:p3 AS text), CAST(:had3 AS integer), CAST(:p4 AS text), CAST(:had4 AS integer),
            CAST(:p5 AS text), CAST(:had5 AS integer))),
        jsonb_build_object('lines', jsonb_build_object(CAST(:p1 AS text), -1, CAST(:p2 AS text), -1, CAST(:p3 AS text), -1,
                                                       CAST(:p4 AS text), -1, CAST(:p5 AS text), -1),
                           'order_id', CAST(:order_id AS bigint)),
        :buyer, md5(CAST(:cart AS text)));
INSERT INTO outbox (topic, aggregate, payload, next_at)
VALUES ('order.placed', 'order:' || CAST(:order_id AS text),
        jsonb_build_object('order_id', CAST(:order_id AS bigint), 'user_id', CAST(:buyer AS bigint)),
        now() + interval '1 day');
INSERT INTO slot_occurrences AS slot (slot_id, delivery_date, capacity, booked)
VALUES (:slot_id, CURRENT_DATE + 1, :capacity, 1)
ON CONFLICT (slot_id, delivery_date) DO UPDATE SET booked = slot.booked + 1 WHERE slot.booked < slot.capacity
RETURNING id AS occurrence_id
\gset
INSERT INTO slot_bookings (order_id, occurrence_id) VALUES (:order_id, :occurrence_id);
COMMIT;

-- D: the operation is marked as sent
BEGIN;
SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '60s', true);
SELECT orders.order_number, payments.reference, operations.amount FROM orders
JOIN payments ON payments.order_id = orders.id JOIN payment_operations AS operations ON payment_id = payments.id
WHERE orders.id = :order_id AND orders.status = 'PENDING_PAYMENT' AND operations.state = 'created'
FOR NO KEY UPDATE OF orders, payments, operations;
UPDATE payment_operations SET state = 'sent', attempts = attempts + 1, updated_at = now() WHERE id = :operation_id;
COMMIT;

-- what the sandbox in the provider's place writes down
BEGIN;
INSERT INTO sandbox_payments (reference, provider_reference, status, authorized_amount)
VALUES ('STEP-' || CAST(:cart AS text), 'sbx-' || md5(CAST(:cart AS text)), 'authorized', :total);
COMMIT;

-- T2: the answer is applied
BEGIN;
SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '60s', true);
SELECT orders.status, operations.state FROM orders
JOIN payments ON payments.order_id = orders.id JOIN payment_operations AS operations ON payment_id = payments.id
WHERE operations.id = :operation_id FOR NO KEY UPDATE OF orders, payments, operations;
UPDATE payment_operations SET state = 'ok', updated_at = now() WHERE id = :operation_id;
UPDATE payments SET authorized_amount = :total, provider_reference = 'sbx-' || md5(CAST(:cart AS text)),
                    updated_at = now()
WHERE id = :payment_id;
UPDATE orders SET status = 'CREATED', updated_at = now() WHERE id = :order_id;
UPDATE idempotency_keys SET state = 'done', status = 201, body = jsonb_build_object('order_id', CAST(:order_id AS bigint))
WHERE order_id = :order_id AND state = 'placed';
INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, actor_user_id, request_id)
VALUES ('order', :order_id, 'UPDATE_STATUS', '{"status": "PENDING_PAYMENT"}', '{"status": "CREATED"}', :buyer,
        md5(CAST(:cart AS text)));
INSERT INTO outbox (topic, aggregate, payload, next_at)
VALUES ('order.confirmed', 'order:' || CAST(:order_id AS text),
        jsonb_build_object('order_id', CAST(:order_id AS bigint), 'user_id', CAST(:buyer AS bigint)),
        now() + interval '1 day');
COMMIT;
