"""Carts and their lines."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.enums import CartStatus, ChannelName
from app.models import Cart
from app.models.base import AnyRow
from app.prepared import Step
from app.services.catalog.prices import PRICE_TEXT

_ACTIVE_CART = Step(
    insert(Cart)
    .values(user_id=bindparam("user_id"), channel=bindparam("channel"))
    .on_conflict_do_update(
        index_elements=[Cart.user_id, Cart.channel],
        index_where=text("status = 'ACTIVE'"),
        set_={"updated_at": func.now()},
    )
    .returning(Cart.id)
)


def active_cart(session: Session, *, user_id: int, channel: ChannelName) -> int:
    """The id of the user's one active cart of a channel, made if need be, its row locked (one statement)."""
    [row] = _ACTIVE_CART.within(session, user_id=user_id, channel=channel.value)
    return int(row.id)


_ACTIVE_CARTS = (
    select(Cart.id)
    .where(Cart.user_id == bindparam("user_id"), Cart.status == CartStatus.ACTIVE)
    .order_by(Cart.id)
    .with_for_update()
)


def active_carts(session: Session, *, user_id: int) -> None:
    """Hold every active cart of a user, so that none is ordered from meanwhile."""
    session.execute(_ACTIVE_CARTS, {"user_id": user_id}).all()


UNSOLD_CART = """
    SELECT id, status, channel FROM carts
    WHERE id = :cart_id AND user_id = :user_id AND NOT EXISTS (SELECT 1 FROM kept)
    FOR NO KEY UPDATE
"""
"""SQL for the user's own cart, locked, as part of a statement that knows by `kept` whether it was sold before."""

_GUEST_CART = (
    select(Cart.id)
    .where(Cart.guest_token_hash == bindparam("token_hash"), Cart.status == CartStatus.ACTIVE)
    .with_for_update(key_share=True)
)


def guest_cart(session: Session, *, token_hash: str) -> int | None:
    """The id of the active guest cart behind a token, locked."""
    return session.execute(_GUEST_CART, {"token_hash": token_hash}).scalar_one_or_none()


_LINES = f"""
WITH lines AS MATERIALIZED (
    SELECT product_id, quantity, weight_grams, unit_price AS shown_price FROM cart_items WHERE cart_id = :cart_id
), stock AS MATERIALIZED (
    SELECT product_id, available_quantity FROM inventory
    WHERE stock_location_id = :stock_location_id AND product_id IN (SELECT product_id FROM lines)
    ORDER BY product_id
    FOR NO KEY UPDATE
)
SELECT lines.product_id, lines.quantity, lines.shown_price, COALESCE(stock.available_quantity, 0) AS available,
       products.name, products.sku, products.unit, products.image_urls[1] AS image_url,
       {PRICE_TEXT} AS price,
       products.sold_by, {{weight}} AS estimated_weight_grams, products.age_limit, products.deposit, products.tax_rate,
       products.is_active AND {{sellable}} AS sellable
FROM lines
JOIN products ON products.id = lines.product_id
{{join}}
LEFT JOIN stock ON stock.product_id = lines.product_id
ORDER BY lines.product_id
"""
_OWN_RANGE = {
    "sellable": "categories.is_active",
    "join": "JOIN categories ON categories.id = products.category_id",
}
_CHECKOUT_LINES = Step(text(_LINES.format(**_OWN_RANGE, weight="products.estimated_weight_grams")))
_TROLLEY_LINES = Step(
    text(_LINES.format(**_OWN_RANGE, weight="COALESCE(lines.weight_grams, products.estimated_weight_grams)"))
)
_SHOP_CHECKOUT_LINES = Step(
    text(
        _LINES.format(
            sellable="products.shop_id = :stock_location_id AND shop_items.is_available",
            join="JOIN shop_items ON shop_items.product_id = products.id",
            weight="products.estimated_weight_grams",
        )
    )
)


def checkout_lines(session: Session, *, cart_id: int, stock_location_id: int) -> Sequence[AnyRow]:
    """The lines of a locked cart at today's prices, with their inventory rows locked in product order (one statement).

    `available` is read under the lock; a product without a row at the location has 0.
    """
    return _CHECKOUT_LINES.within(session, cart_id=cart_id, stock_location_id=stock_location_id)


def shop_checkout_lines(session: Session, *, cart_id: int, stock_location_id: int) -> Sequence[AnyRow]:
    """As `checkout_lines`, of a basket for a vendor's shop; an item of another shop or switched off is not sellable."""
    return _SHOP_CHECKOUT_LINES.within(session, cart_id=cart_id, stock_location_id=stock_location_id)


def trolley_checkout_lines(session: Session, *, cart_id: int, stock_location_id: int) -> Sequence[AnyRow]:
    """As `checkout_lines`, of a trolley: what is sold by weight weighs what the scale said."""
    return _TROLLEY_LINES.within(session, cart_id=cart_id, stock_location_id=stock_location_id)
