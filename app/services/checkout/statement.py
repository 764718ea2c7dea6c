"""The one statement that writes a checkout.

Every row that can be contended is locked before (cart, inventory) or last (slot occurrence, then coupon, then its use
by the customer: each reads the one before, as PostgreSQL keeps no other order inside a statement), so this is the only
work done while others wait. One round trip instead of a dozen is what makes a hot product sell several times faster.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Interval,
    Numeric,
    SmallInteger,
    String,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.prepared import Step

# Scrambles the order id within its 24 bits, so that numbers are unique within a second without showing how many
# orders there are: multiplying by an odd number is a bijection modulo a power of two.
_SCRAMBLE = 10_368_889

# The limit cuts nothing off: PostgreSQL takes a function of JSON for a hundred rows, and would rather read the stock of
# a whole branch than look up so many. With a limit it does not know beforehand it expects ten, whatever the basket, and
# so keeps its plan.
_WRITE = f"""
WITH next AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('orders', 'id')) AS id
), lines AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(:lines) AS line(
        product_id bigint, name text, sku text, unit text, image_url text, sold_by text, price_per_kg numeric,
        estimated_weight_grams integer, age_limit smallint, unit_price numeric, quantity integer, line_total numeric,
        unit_deposit numeric, tax_rate numeric, tax_amount numeric, discount_amount numeric,
        substitution_preference text, preferred_product_id bigint)
    LIMIT (SELECT :line_count)
), placed AS (
    INSERT INTO orders (id, order_number, user_id, cart_id, channel, stock_location_id, status, fulfillment_type,
                        currency, payment_method, wallet_paid, notes, items_total, deposit_total, delivery_fee,
                        delivery_tax_rate, discount_total, tax_total, total_amount, address, delivery_slot_id,
                        slot_start, slot_end, pay_deadline)
    SELECT id,
           'ORD-' || floor(extract(epoch FROM now())) || '-'
               || upper(lpad(to_hex(id * {_SCRAMBLE} % 16777216), 6, '0')),
           :user_id, :cart_id, :channel, :stock_location_id, :status, :fulfillment_type, :currency,
           :payment_method, :wallet_paid, :notes, :items_total, :deposit_total, :delivery_fee, :delivery_tax_rate,
           :discount_total, :tax_total, :total_amount, :address, :slot_id, :slot_start, :slot_end,
           CASE WHEN :is_decided THEN NULL ELSE now() + :pay_within END
    FROM next
    RETURNING id, order_number
), items AS (
    INSERT INTO order_items (order_id, product_id, name, sku, unit, image_url, sold_by, price_per_kg,
                             estimated_weight_grams, age_limit, unit_price, quantity, line_total, unit_deposit,
                             tax_rate, tax_amount, discount_amount, substitution_preference,
                             preferred_product_id, held_quantity)
    SELECT next.id, lines.*, lines.quantity FROM next, lines
    RETURNING id, product_id, quantity
), stock AS (
    UPDATE inventory
    SET available_quantity = available_quantity - lines.quantity,
        reserved_quantity = reserved_quantity + lines.quantity, updated_at = now()
    FROM lines
    WHERE inventory.stock_location_id = :stock_location_id AND inventory.product_id = lines.product_id
    RETURNING inventory.product_id, lines.quantity, inventory.available_quantity AS left_over
), movements AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT :stock_location_id, product_id, 'allocate', -quantity, quantity, 'order_item', id, :user_id FROM items
), payment AS (
    INSERT INTO payments (order_id, payment_token_id, provider, reference, currency, requested_amount)
    SELECT id, :token_id, :provider, :reference_prefix || lpad(to_hex(id), 8, '0') || :reference_suffix,
           :currency, :authorization
    FROM next WHERE NOT :is_decided
    RETURNING id
), operation AS (
    INSERT INTO payment_operations (payment_id, kind, idempotency_key, amount, next_at)
    SELECT id, 'authorize', :operation_key, :authorization, now() + :first_sweep FROM payment
), closed AS (
    UPDATE carts SET status = 'CHECKED_OUT', updated_at = now() WHERE id = :cart_id
), kept AS (
    INSERT INTO idempotency_keys (principal, route, key, request_hash, state, order_id, status, body, expires_at)
    SELECT :principal, :route, :key, :request_hash, CASE WHEN :is_decided THEN 'done' ELSE 'placed' END, id,
           :answer_status, jsonb_set(jsonb_set(:answer_body, '{{data,order_id}}', to_jsonb(id)),
                                     '{{data,order_number}}', to_jsonb(order_number)),
           now() + :kept_for
    FROM placed
    ON CONFLICT (principal, route, key) DO UPDATE
    SET request_hash = excluded.request_hash, state = excluded.state, order_id = excluded.order_id,
        status = excluded.status, body = excluded.body, expires_at = excluded.expires_at
    RETURNING body
), audited AS (
    INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, actor_user_id, request_id)
    SELECT 'order', id, 'CREATE', NULL, :audit || jsonb_build_object('order_number', order_number),
           :user_id, :request_id
    FROM placed
    UNION ALL
    SELECT 'inventory', :stock_location_id, 'DECREMENT',
           jsonb_build_object('available', jsonb_object_agg(stock.product_id, stock.left_over + stock.quantity)),
           jsonb_build_object('available', jsonb_object_agg(stock.product_id, stock.left_over),
                              'lines', jsonb_object_agg(stock.product_id, -stock.quantity), 'order_id', next.id),
           :user_id, :request_id
    FROM stock, next
    GROUP BY next.id
), published AS (
    INSERT INTO outbox (topic, aggregate, payload)
    SELECT topic, 'order:' || id,
           jsonb_build_object('order_id', id, 'user_id', :user_id, 'order_number', order_number)
    FROM placed, (VALUES (1, 'order.placed'), (2, 'order.confirmed')) AS told(place, topic)
    WHERE place = 1 OR :is_decided
    ORDER BY place
    RETURNING id, topic
), occurrence AS (
    INSERT INTO slot_occurrences AS slot (slot_id, delivery_date, capacity, booked)
    SELECT :slot_id, :slot_date, :slot_capacity, 1
    WHERE :slot_id IS NOT NULL
    ON CONFLICT (slot_id, delivery_date) DO UPDATE SET booked = slot.booked + 1
    WHERE slot.booked < slot.capacity
    RETURNING id
), booking AS (
    INSERT INTO slot_bookings (order_id, occurrence_id) SELECT next.id, occurrence.id FROM next, occurrence
)
{{coupon_steps}}
SELECT placed.id AS order_id, (SELECT count(*) FROM occurrence) AS booked, {{coupon_counts}},
       (SELECT body FROM kept) AS answer, (SELECT jsonb_object_agg(id, topic) FROM published) AS published
FROM placed
"""

_COUPON_STEPS = """, coupon AS (
    UPDATE coupons SET used_count = used_count + 1
    WHERE id = :coupon_id AND is_active AND (usage_limit IS NULL OR used_count < usage_limit)
      AND (starts_at IS NULL OR starts_at <= now()) AND (ends_at IS NULL OR now() < ends_at)
      AND (:slot_id IS NULL OR EXISTS (SELECT 1 FROM occurrence))
    RETURNING id, per_user_limit
), coupon_use AS (
    INSERT INTO coupon_uses AS uses (coupon_id, user_id, used_count) SELECT id, :user_id, 1 FROM coupon
    ON CONFLICT (coupon_id, user_id) DO UPDATE SET used_count = uses.used_count + 1
    WHERE uses.used_count < COALESCE((SELECT per_user_limit FROM coupon), uses.used_count + 1)
    RETURNING coupon_id
), discount AS (
    INSERT INTO order_discounts (order_id, coupon_id, code, description, kind, value, max_discount, amount)
    SELECT next.id, coupon.id, :coupon_code, :coupon_description, :coupon_kind, :coupon_value, :coupon_max,
           :discount_total
    FROM next, coupon
)
"""
_COUPON_COUNTS = """
    (SELECT count(*) FROM coupon) AS coupons, (SELECT count(*) FROM coupon_use) AS coupon_uses
"""

_TYPES = (
    bindparam("lines", type_=JSONB),
    bindparam("line_count", type_=BigInteger),
    bindparam("audit", type_=JSONB),
    bindparam("user_id", type_=BigInteger),
    bindparam("slot_id", type_=BigInteger),
    bindparam("slot_date", type_=Date),
    bindparam("stock_location_id", type_=BigInteger),
    bindparam("provider", type_=String),
    bindparam("is_decided", type_=Boolean),
    bindparam("notes", type_=String),
    bindparam("token_id", type_=BigInteger),
    bindparam("slot_start", type_=DateTime(timezone=True)),
    bindparam("slot_end", type_=DateTime(timezone=True)),
    bindparam("answer_status", type_=SmallInteger),
    bindparam("answer_body", type_=JSONB),
    bindparam("coupon_id", type_=BigInteger),
    bindparam("coupon_code", type_=String),
    bindparam("coupon_description", type_=String),
    bindparam("coupon_kind", type_=String),
    bindparam("coupon_value", type_=Numeric),
    bindparam("coupon_max", type_=Numeric),
    bindparam("currency", type_=String),
    bindparam("request_id", type_=String),
    bindparam("pay_within", type_=Interval),
    bindparam("first_sweep", type_=Interval),
    bindparam("kept_for", type_=Interval),
)


def _statement(*, with_coupon: bool) -> Step:
    """The statement for purchases with or without a coupon: its steps would slow every confirm, also when idle."""
    steps, counts = (_COUPON_STEPS, _COUPON_COUNTS) if with_coupon else ("", "0 AS coupons, 0 AS coupon_uses")
    written = _WRITE.replace("{coupon_steps}", steps).replace("{coupon_counts}", counts)
    names = [bind for bind in _TYPES if with_coupon or not bind.key.startswith("coupon_")]
    return Step(text(written).bindparams(*names))


WITHOUT_COUPON, WITH_COUPON = _statement(with_coupon=False), _statement(with_coupon=True)
