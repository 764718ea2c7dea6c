"""What a basket would cost now, and what of it is not there. Reserves nothing."""

from sqlalchemy import text

from app.config import settings
from app.domain.caller import Caller
from app.schemas.checkout import PreviewAnswer, PreviewRequest
from app.services.catalog.prices import PRICE_TEXT
from app.services.checkout.basket import missing_items, price_lines
from app.services.checkout.billing import bill
from app.services.checkout.context import read_context
from app.services.checkout.errors import CartNotFound
from app.transaction import reading

_LINES = text(f"""
SELECT carts.id AS cart_id, lines.product_id, lines.quantity, lines.unit_price AS shown_price,
       COALESCE(stock.available_quantity, 0) AS available,
       {PRICE_TEXT} AS price,
       products.sold_by, products.estimated_weight_grams, products.deposit, products.tax_rate,
       products.is_active AND categories.is_active AS sellable
FROM carts
LEFT JOIN cart_items AS lines ON lines.cart_id = carts.id
LEFT JOIN products ON products.id = lines.product_id
LEFT JOIN categories ON categories.id = products.category_id
LEFT JOIN inventory AS stock ON stock.product_id = lines.product_id AND stock.stock_location_id = :stock_location_id
WHERE carts.id = :cart_id AND carts.user_id = :user_id AND carts.status = 'ACTIVE' AND carts.channel <> 'MARKETPLACE'
ORDER BY lines.product_id
""")  # noqa: S608 (an expression of ours)


def preview(form: PreviewRequest, caller: Caller) -> PreviewAnswer:
    """Price the caller's own active cart (two statements).

    Raises CartNotFound, BranchNotFound, CouponNotFound, CouponNotApplicable, TotalTooLarge, or BadRequest for a
    pickup without a branch. The slot is not looked at.
    """
    with reading() as connection:
        context = read_context(connection, user_id=caller.user_id, form=form)
        values = {"cart_id": form.cart_id, "user_id": caller.user_id, "stock_location_id": context.branch_id()}
        rows = connection.execute(_LINES, values).all()
    if not rows:
        raise CartNotFound
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
        fulfillment_type=form.fulfillment_type,
    )
