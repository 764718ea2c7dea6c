"""Reading all a checkout needs to know besides the basket: one statement for a preview, one for a confirm."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import FulfillmentType
from app.prepared import Prepared, Step
from app.schemas.checkout import CheckoutRequest, ConfirmRequest
from app.services.checkout.context import Context
from app.services.checkout.writing import Key
from app.services.locks.carts import UNSOLD_CART

_READ = """
{before}
SELECT shop.delivery_min, shop.delivery_fee,
       branch.id AS branch_id,
       slot.id AS slot_id, slot.stock_location_id AS slot_branch_id, slot.day_of_week, slot.start_time, slot.end_time,
       slot.capacity, slot.cutoff_minutes,
       (SELECT jsonb_object_agg(delivery_date, jsonb_build_array(booked, capacity)) FROM slot_occurrences
        WHERE slot_id = slot.id AND delivery_date >= :today) AS occurrences,
       token.id AS token_id, token.provider AS token_provider, token.is_active AS token_is_active,
       home.address_line || ', ' || home.city || ', ' || home.postal_code || ', ' || home.country AS default_address,
       coupon.id AS coupon_id, coupon.code AS coupon_code, coupon.description AS coupon_description,
       coupon.kind AS coupon_kind, coupon.value AS coupon_value, coupon.max_discount, coupon.minimum_total,
       coupon.usage_limit, coupon.per_user_limit, coupon.used_count, uses.used_count AS used_by_customer,
       coupon.starts_at > now() AS coupon_is_early, coupon.ends_at <= now() AS coupon_is_over,
       ARRAY(SELECT products.id FROM products JOIN categories ON categories.id = products.category_id
             WHERE products.id = ANY(CAST(:preferred_ids AS bigint[])) AND products.shop_id IS NULL
               AND products.is_active AND categories.is_active) AS preferred_ids
       {columns}
FROM global_settings AS shop
LEFT JOIN stock_locations AS branch ON branch.is_active AND branch.kind <> 'SHOP' AND branch.id = CASE
    WHEN :pickup THEN CAST(:branch_id AS bigint)
    ELSE COALESCE(CAST(:source_id AS bigint),
                  (SELECT min(id) FROM stock_locations WHERE kind = 'WAREHOUSE' AND is_active))
    END
LEFT JOIN delivery_slots AS slot ON slot.id = :slot_id AND slot.is_active
LEFT JOIN payment_tokens AS token ON token.id = :token_id
    AND (token.user_id = :user_id OR (token.user_id IS NULL AND CAST(:sandbox AS boolean)))
LEFT JOIN addresses AS home ON home.user_id = :user_id AND home.is_default
LEFT JOIN coupons AS coupon ON coupon.code = :coupon_code AND coupon.is_active
LEFT JOIN coupon_uses AS uses ON uses.coupon_id = coupon.id AND uses.user_id = :user_id
{joins}
"""
_FOR_PREVIEW = Prepared(text(_READ.format(before="", columns="", joins="")))
_KEPT_AND_CART = f"""
WITH kept AS MATERIALIZED (
    SELECT request_hash, state, order_id, status, body FROM idempotency_keys
    WHERE principal = :principal AND route = :route AND key = :key AND (expires_at > now() OR state = 'placed')
), cart AS MATERIALIZED ({UNSOLD_CART})
"""  # noqa: S608 (a constant of ours)
_THEIR_COLUMNS = """,
       kept.request_hash, kept.state AS kept_state, kept.order_id AS kept_order_id, kept.status AS kept_status,
       kept.body AS kept_body, cart.id AS cart_id, cart.status AS cart_status, cart.channel AS cart_channel
"""
_JOINED = "LEFT JOIN kept ON true LEFT JOIN cart ON true"
_FOR_CONFIRM = Step(text(_READ.format(before=_KEPT_AND_CART, columns=_THEIR_COLUMNS, joins=_JOINED)))


def read_for_preview(form: CheckoutRequest, *, user_id: int) -> Context:
    """The facts of a checkout that is only looked at (one statement, no lock)."""
    [row] = _FOR_PREVIEW.all(**_values(form, user_id), token_id=None, preferred_ids=[])
    return Context(row, form)


def read_for_confirm(session: Session, form: ConfirmRequest, key: Key, *, user_id: int) -> Context:
    """The facts of a checkout whose key is owned, and the cart, locked unless the key was used before.

    A step (one statement). Apart from the cart, what it says is as old as its beginning: it does not see what others
    did while it waited for the cart.
    """
    [row] = _FOR_CONFIRM.within(
        session,
        **_values(form, user_id),
        cart_id=form.cart_id,
        token_id=form.payment_token_id,
        preferred_ids=preferred_ids(form),
        principal=key.principal,
        route=key.route,
        key=key.key,
    )
    return Context(row, form)


def preferred_ids(form: ConfirmRequest) -> list[int]:
    """The products asked for in place of others."""
    return [wish.preferred_product_id for wish in form.substitutions if wish.preferred_product_id is not None]


def _values(form: CheckoutRequest, user_id: int) -> dict[str, Any]:
    current = settings()
    return {
        "today": datetime.now(current.zone).date(),
        "pickup": form.fulfillment_type is FulfillmentType.PICKUP,
        "branch_id": form.branch_id,
        "source_id": current.delivery_source_branch_id,
        "slot_id": form.delivery_slot_id,
        "coupon_code": form.coupon_code,
        "user_id": user_id,
        "sandbox": current.payment_provider == "sandbox",
    }
