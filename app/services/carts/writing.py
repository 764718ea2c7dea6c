"""Changes of a locked cart's lines, each written and audited in one statement. Steps."""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import BigInteger, bindparam, column, text
from sqlalchemy.orm import Session

from app.domain.carts import MOST_LINES, CartAction, Line, LineChange, Offer
from app.errors import Conflict
from app.prepared import Step
from app.schemas.money import money_number
from app.services.carts.shoppers import Shopper


class CartFull(Conflict):
    code = "CART_FULL"
    message = f"A cart holds at most {MOST_LINES} different products. Take something out first."


_WRITE = text("""
WITH change AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:changes AS jsonb))
        AS change(product_id bigint, action text, old jsonb, new jsonb)
), removed AS (
    DELETE FROM cart_items USING change
    WHERE cart_items.cart_id = :cart_id AND cart_items.product_id = change.product_id AND change.new IS NULL
), written AS (
    INSERT INTO cart_items (cart_id, product_id, quantity, unit_price)
    SELECT :cart_id, product_id, CAST(new->>'quantity' AS integer), CAST(new->>'unit_price' AS numeric)
    FROM change WHERE new IS NOT NULL
    ON CONFLICT (cart_id, product_id)
    DO UPDATE SET quantity = excluded.quantity, unit_price = excluded.unit_price, updated_at = now()
)
INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, actor_user_id, request_id)
SELECT 'cart', :cart_id, action, old, new, :actor, :request_id FROM change
""")
_ADD = Step(
    text("""
WITH written AS (
    INSERT INTO cart_items (cart_id, product_id, quantity, unit_price)
    VALUES (:cart_id, :product_id, :quantity, :unit_price)
    ON CONFLICT (cart_id, product_id)
    DO UPDATE SET quantity = excluded.quantity, unit_price = excluded.unit_price, updated_at = now()
    RETURNING id
), audited AS (
    INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, actor_user_id, request_id)
    VALUES ('cart', :cart_id, :action, CAST(:old AS jsonb), CAST(:new AS jsonb), :actor, :request_id)
)
SELECT id FROM written
""")
    .bindparams(bindparam("cart_id", type_=BigInteger), bindparam("actor", type_=BigInteger))
    .columns(column("id"))
)
_REMOVE = text("""
WITH removed AS (
    DELETE FROM cart_items WHERE id = :item_id AND cart_id = :cart_id RETURNING product_id, quantity, unit_price
)
INSERT INTO audit_events (entity_type, entity_id, action, old_value, actor_user_id, request_id)
SELECT 'cart', :cart_id, 'DELETE_ITEM', to_jsonb(removed), :actor, :request_id FROM removed
RETURNING id
""")
_CLEAR = text("""
WITH removed AS (
    DELETE FROM cart_items WHERE cart_id = :cart_id RETURNING product_id, quantity, unit_price
)
INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, actor_user_id, request_id)
SELECT 'cart', :cart_id, 'CLEAR', jsonb_build_object('items', jsonb_agg(to_jsonb(removed) ORDER BY product_id)),
       jsonb_build_object('items', jsonb_build_array()), :actor, :request_id
FROM removed HAVING count(*) > 0
""")


def write(session: Session, who: Shopper, cart_id: int, changes: Iterable[LineChange], *, room: int) -> None:
    """Carry out changes of different products and audit each of them (one statement, none without changes).

    `room` is the number of lines that may still be added. Raises CartFull.
    """
    listed = [_as_json(change) for change in changes]
    if not listed:
        return
    if sum((change["old"] is None) - (change["new"] is None) for change in listed) > room:
        raise CartFull
    session.execute(_WRITE, {**_cart_and_actor(who, cart_id), "changes": orjson.dumps(listed).decode()})


def add(session: Session, who: Shopper, cart_id: int, offer: Offer, new: Line, *, room: int) -> int:
    """Make the line of an offer what it is after pieces were added (one statement); its id. Raises CartFull."""
    if offer.line is None and room < 1:
        raise CartFull
    old = _line_json(offer.product_id, offer.line)
    values = {
        **_cart_and_actor(who, cart_id),
        "product_id": offer.product_id,
        "quantity": new.quantity,
        "unit_price": new.unit_price,
        "action": CartAction.ADD_ITEM.value,
        "old": orjson.dumps(old).decode() if old else None,
        "new": orjson.dumps(_line_json(offer.product_id, new)).decode(),
    }
    [row] = _ADD.within(session, **values)
    return int(row.id)


def remove(session: Session, who: Shopper, cart_id: int, item_id: int) -> bool:
    """Take one line out; False where the cart has no such line."""
    values = {**_cart_and_actor(who, cart_id), "item_id": item_id}
    return session.execute(_REMOVE, values).scalar_one_or_none() is not None


def clear(session: Session, who: Shopper, cart_id: int) -> None:
    """Take every line out; nothing is audited where there was none."""
    session.execute(_CLEAR, _cart_and_actor(who, cart_id))


def _cart_and_actor(who: Shopper, cart_id: int) -> dict[str, Any]:
    return {"cart_id": cart_id, "actor": who.user_id, "request_id": who.request_id}


def _as_json(change: LineChange) -> dict[str, Any]:
    return {
        "product_id": change.product_id,
        "action": change.action,
        "old": _line_json(change.product_id, change.old),
        "new": _line_json(change.product_id, change.new),
    }


def _line_json(product_id: int, line: Line | None) -> dict[str, Any] | None:
    if line is None:
        return None
    return {"product_id": product_id, "quantity": line.quantity, "unit_price": money_number(line.unit_price)}
