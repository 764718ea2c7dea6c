"""What a basket would cost now, and what of it is not there. Reserves nothing."""

from sqlalchemy import text

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import ChannelName
from app.models.base import AnyRow
from app.prepared import Prepared
from app.schemas.checkout import PreviewAnswer, PreviewRequest
from app.services.catalog.prices import PRICE_TEXT
from app.services.checkout.basket import missing_items, price_lines
from app.services.checkout.billing import bill
from app.services.checkout.context import Context
from app.services.checkout.errors import CartNotFound
from app.services.checkout.reading import read_for_preview
from app.services.checkout.trolley_context import TrolleyContext, TrolleySale

# What lies in a trolley is there, and weighs what its scale said.
_LINES = Prepared(
    text(f"""
SELECT carts.id AS cart_id, carts.channel, walk.stock_location_id AS trolley_branch_id,
       lines.product_id, lines.quantity, lines.unit_price AS shown_price,
       CASE WHEN walk.id IS NULL THEN COALESCE(stock.available_quantity, 0) ELSE lines.quantity END AS available,
       {PRICE_TEXT} AS price,
       products.sold_by, COALESCE(lines.weight_grams, products.estimated_weight_grams) AS estimated_weight_grams,
       products.deposit, products.tax_rate,
       walk.id IS NOT NULL OR products.is_active AND categories.is_active AS sellable
FROM carts
LEFT JOIN cart_sessions AS walk ON walk.cart_id = carts.id AND walk.closed_at IS NULL
LEFT JOIN cart_items AS lines ON lines.cart_id = carts.id
LEFT JOIN products ON products.id = lines.product_id
LEFT JOIN categories ON categories.id = products.category_id
LEFT JOIN inventory AS stock ON stock.product_id = lines.product_id AND stock.stock_location_id = :stock_location_id
WHERE carts.id = :cart_id AND carts.user_id = :user_id AND carts.status = 'ACTIVE' AND carts.channel <> 'MARKETPLACE'
ORDER BY lines.product_id
""")  # noqa: S608 (an expression of ours)
)


def preview(form: PreviewRequest, caller: Caller) -> PreviewAnswer:
    """Price the caller's own active cart (two statements); that of a trolley is picked up where the trolley is.

    Raises CartNotFound, BranchNotFound, CouponNotFound, CouponNotApplicable, TotalTooLarge, or BadRequest for a
    pickup without a branch. The slot is not looked at.
    """
    asked = read_for_preview(form, user_id=caller.user_id)
    rows = _LINES.all(cart_id=form.cart_id, user_id=caller.user_id, stock_location_id=asked.row.branch_id)
    if not rows:
        raise CartNotFound
    context = _context(asked, rows[0])
    lines = price_lines([row for row in rows if row.product_id is not None])
    current = settings()
    priced = bill(context, lines)
    totals = priced.totals
    return PreviewAnswer(
        cart_total=totals.items,
        deposit_total=totals.deposits,
        delivery_fee=None if context.is_pickup else totals.delivery_fee,
        discount_total=totals.discount,
        discounts=priced.discounts,
        tax_total=totals.tax,
        total=totals.total,
        authorization_amount=totals.authorization,
        currency=current.currency,
        missing_items=missing_items(lines),
        changed_prices=[line.row.product_id for line in lines if line.price_changed],
        fulfillment_type=context.form.fulfillment_type,
    )


def _context(asked: Context, cart: AnyRow) -> Context | TrolleyContext:
    """The facts as the cart's channel has them. Raises BadRequest or BranchNotFound where no branch is known, and
    CartNotFound for the cart of a trolley that was given back.
    """
    if cart.channel != ChannelName.IN_STORE:
        asked.branch_id()
        return asked
    if cart.trolley_branch_id is None:
        raise CartNotFound
    return TrolleyContext(asked, TrolleySale(expected_total=None), cart.trolley_branch_id)
