"""The one statement that writes a checkout.

Every row that can be contended is locked before (cart, inventory) or last (slot occurrence, then coupon, then its use
by the customer: each reads the one before, as PostgreSQL keeps no other order inside a statement), so this is the only
work done while others wait. One round trip instead of a dozen is what makes a hot product sell several times faster.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, Interval, Numeric, SmallInteger, String, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.channels import DELIVERY_OR_PICKUP
from app.domain.coupons import CouponRefusal
from app.domain.enums import OrderStatus, PaymentProvider
from app.models.base import AnyRow
from app.schemas.checkout import ConfirmRequest
from app.services.checkout import answers
from app.services.checkout.answers import Decision
from app.services.checkout.basket import BasketLine, order_item
from app.services.checkout.billing import Bill, not_applicable
from app.services.checkout.context import Booking, Context
from app.services.checkout.errors import CouponNotFound, SlotFull

PICKUP_WINDOW = timedelta(hours=2)
FIRST_SWEEP = timedelta(seconds=30)

# Scrambles the order id within its 24 bits, so that numbers are unique within a second without showing how many
# orders there are: multiplying by an odd number is a bijection modulo a power of two.
_SCRAMBLE = 10_368_889

_WRITE = text(f"""
WITH next AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('orders', 'id')) AS id
), lines AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(:lines) AS line(
        product_id bigint, name text, sku text, unit text, image_url text, sold_by text, price_per_kg numeric,
        estimated_weight_grams integer, age_limit smallint, unit_price numeric, quantity integer, line_total numeric,
        unit_deposit numeric, tax_rate numeric, tax_amount numeric, discount_amount numeric,
        substitution_preference text, preferred_product_id bigint)
), placed AS (
    INSERT INTO orders (id, order_number, user_id, cart_id, channel, stock_location_id, status, fulfillment_type,
                        currency, items_total, deposit_total, delivery_fee, delivery_tax_rate, discount_total,
                        tax_total, total_amount, address, delivery_slot_id, slot_start, slot_end, pay_deadline)
    SELECT id,
           'ORD-' || floor(extract(epoch FROM now())) || '-'
               || upper(lpad(to_hex(id * {_SCRAMBLE} % 16777216), 6, '0')),
           :user_id, :cart_id, :channel, :stock_location_id, :status, :fulfillment_type, :currency,
           :items_total, :deposit_total, :delivery_fee, :delivery_tax_rate, :discount_total, :tax_total,
           :total_amount, :address, :slot_id, :slot_start, :slot_end,
           CASE WHEN :is_free THEN NULL ELSE now() + :pay_within END
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
    FROM next WHERE NOT :is_free
    RETURNING id
), operation AS (
    INSERT INTO payment_operations (payment_id, kind, idempotency_key, amount, next_at)
    SELECT id, 'authorize', :operation_key, :authorization, now() + :first_sweep FROM payment
), closed AS (
    UPDATE carts SET status = 'CHECKED_OUT', updated_at = now() WHERE id = :cart_id
), kept AS (
    INSERT INTO idempotency_keys (principal, route, key, request_hash, state, order_id, status, body, expires_at)
    SELECT :principal, :route, :key, :request_hash, CASE WHEN :is_free THEN 'done' ELSE 'placed' END, id,
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
    WHERE place = 1 OR :is_free
    ORDER BY place
), occurrence AS (
    INSERT INTO slot_occurrences AS slot (slot_id, delivery_date, capacity, booked)
    SELECT :slot_id, :slot_date, :slot_capacity, 1
    WHERE :slot_id IS NOT NULL
    ON CONFLICT (slot_id, delivery_date) DO UPDATE SET booked = slot.booked + 1
    WHERE slot.booked < slot.capacity
    RETURNING id
), booking AS (
    INSERT INTO slot_bookings (order_id, occurrence_id) SELECT next.id, occurrence.id FROM next, occurrence
), coupon AS (
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
SELECT placed.id AS order_id, (SELECT count(*) FROM occurrence) AS booked, (SELECT count(*) FROM coupon) AS coupons,
       (SELECT count(*) FROM coupon_use) AS coupon_uses, (SELECT body FROM kept) AS answer
FROM placed
""").bindparams(
    bindparam("lines", type_=JSONB),
    bindparam("audit", type_=JSONB),
    bindparam("user_id", type_=BigInteger),
    bindparam("slot_id", type_=BigInteger),
    bindparam("slot_date", type_=Date),
    bindparam("stock_location_id", type_=BigInteger),
    bindparam("provider", type_=String),
    bindparam("is_free", type_=Boolean),
    bindparam("answer_status", type_=SmallInteger),
    bindparam("answer_body", type_=JSONB(none_as_null=True)),
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


@dataclass(frozen=True, slots=True)
class Key:
    """Whose idempotency key, for which route, and the hash of the request it stands for."""

    principal: str
    route: str
    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """Everything decided about a checkout, ready to be written."""

    form: ConfirmRequest
    context: Context
    lines: list[BasketLine]
    bill: Bill
    booking: Booking | None
    address: str | None

    @property
    def is_free(self) -> bool:
        """Whether the card is asked for nothing, not even for a hold on weighed goods: then there is no payment."""
        return self.bill.totals.authorization == 0


@dataclass(frozen=True, slots=True)
class Written:
    """The order made, and its final answer where nothing is to be paid."""

    order_id: int
    answer: Decision | None


def write_order(session: Session, *, purchase: Purchase, key: Key, caller: Caller) -> Written:
    """Write the whole checkout. A step.

    Order, items, stock and its movements, payment and its authorization, slot, coupon, idempotency key, audit and
    outbox. Raises SlotFull, CouponNotApplicable or CouponNotFound when others were faster; what was written is then to
    be rolled back.
    """
    values = {
        **_order_values(purchase),
        **_slot_values(purchase),
        **_coupon_values(purchase.bill),
        **_answer_values(purchase),
        "lines": _order_items(purchase),
        "user_id": caller.user_id,
        "token_id": purchase.context.row.token_id,
        "provider": purchase.context.row.token_provider,
        **_reference_parts(purchase),
        "operation_key": uuid.uuid4(),
        "principal": key.principal,
        "route": key.route,
        "key": key.key,
        "request_hash": key.request_hash,
        "request_id": caller.origin.request_id,
        "first_sweep": FIRST_SWEEP,
        "pay_within": timedelta(minutes=settings().pay_deadline_minutes),
        "kept_for": timedelta(hours=settings().idempotency_hours),
    }
    row = session.execute(_WRITE, values).one()
    _check_taken(purchase, row)
    return Written(row.order_id, Decision(answers.CONFIRMED, row.answer) if row.answer else None)


def _check_taken(purchase: Purchase, row: AnyRow) -> None:
    """Whether slot and coupon had room when their rows were locked.

    Raises SlotFull, CouponNotApplicable, or CouponNotFound for a coupon without limit: that was just switched off.
    """
    if purchase.booking is not None and row.booked == 0:
        raise SlotFull
    if coupon := purchase.bill.used_coupon:
        if row.coupons == 0 and coupon.usage_limit is None:
            raise CouponNotFound
        if row.coupons == 0:
            raise not_applicable(CouponRefusal.USED_UP, coupon)
        if row.coupon_uses == 0:
            raise not_applicable(CouponRefusal.USED_UP_BY_YOU, coupon)


def _order_items(purchase: Purchase) -> list[dict[str, Any]]:
    """The lines as JSON, each with its share of discount and tax and with what to do if it is not there."""
    totals, form = purchase.bill.totals, purchase.form
    wishes = {wish.product_id: wish for wish in form.substitutions}
    items = []
    for line, discount, tax in zip(purchase.lines, totals.line_discounts, totals.line_taxes, strict=True):
        wish = wishes.get(line.row.product_id)
        wanted = {
            "substitution_preference": wish.preference if wish else form.default_substitution,
            "preferred_product_id": wish.preferred_product_id if wish else None,
        }
        items.append(order_item(line, discount=discount, tax=tax) | wanted)
    return items


def _coupon_values(bill: Bill) -> dict[str, Any]:
    names = ("id", "code", "description", "kind", "value", "max")
    if (coupon := bill.used_coupon) is None:
        return dict.fromkeys(f"coupon_{name}" for name in names)
    off = coupon.discount
    values = (coupon.id, coupon.code, coupon.description, off.kind.value, off.value, off.max_discount)
    return {f"coupon_{name}": value for name, value in zip(names, values, strict=True)}


def _answer_values(purchase: Purchase) -> dict[str, Any]:
    """The answer kept for the key of an order without payment; the statement puts in the order's id and number."""
    if not purchase.is_free:
        return {"is_free": False, "answer_status": None, "answer_body": None}
    answer = answers.confirmed(order_id=0, order_number="", total=purchase.bill.totals.total, reference=None)
    return {"is_free": True, "answer_status": answer.status, "answer_body": answer.body}


def _reference_parts(purchase: Purchase) -> dict[str, str]:
    """What stands around the order's id in the payment's reference.

    Older clients know the sandbox's form. At a real provider several databases, a restored one too, may share an
    account: a random part keeps their payments apart.
    """
    provider, token_id = purchase.context.row.token_provider, purchase.context.row.token_id
    is_sandbox = provider == PaymentProvider.MOCKPAY
    suffix = "" if is_sandbox else f"-{secrets.token_hex(8)}"
    return {"reference_prefix": f"{provider.upper()}-{token_id}-", "reference_suffix": suffix}


def _order_values(purchase: Purchase) -> dict[str, Any]:
    totals = purchase.bill.totals
    return {
        "cart_id": purchase.form.cart_id,
        "channel": DELIVERY_OR_PICKUP.name.value,
        "stock_location_id": purchase.context.branch_id(),
        "status": (DELIVERY_OR_PICKUP.first_status if purchase.is_free else OrderStatus.PENDING_PAYMENT).value,
        "fulfillment_type": purchase.form.fulfillment_type.value,
        "currency": settings().currency,
        "items_total": totals.items,
        "deposit_total": totals.deposits,
        "delivery_fee": totals.delivery_fee,
        "delivery_tax_rate": purchase.context.tariff.tax_rate if totals.delivery_fee else Decimal(0),
        "discount_total": totals.discount,
        "tax_total": totals.tax,
        "total_amount": totals.total,
        "authorization": totals.authorization,
        "address": purchase.address,
        "audit": {"total_amount": str(totals.total), "lines": len(purchase.lines)},
    }


def _slot_values(purchase: Purchase) -> dict[str, Any]:
    """The booked window, or for a pickup the next two hours."""
    if booking := purchase.booking:
        return {
            "slot_id": booking.slot_id,
            "slot_date": booking.day,
            "slot_capacity": booking.capacity,
            "slot_start": booking.start,
            "slot_end": booking.end,
        }
    now = datetime.now(UTC)
    window = {"slot_start": now, "slot_end": now + PICKUP_WINDOW}
    return {"slot_id": None, "slot_date": None, "slot_capacity": 0, **window}
