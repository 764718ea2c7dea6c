"""What must be settled before a person may be forgotten: whoever is owed something must be able to find them."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.models.base import AnyRow


class OrdersStillOpen(Conflict):
    code = "ORDERS_STILL_OPEN"
    message = "Orders are under way. Wait until they are delivered, or cancel them."


class ReturnsStillOpen(Conflict):
    code = "RETURNS_STILL_OPEN"
    message = "Returns or complaints are not settled yet. Wait until the shop has decided on them."


class PaymentsStillOpen(Conflict):
    code = "PAYMENTS_STILL_OPEN"
    message = "Money is still on its way. Wait until every payment, refund and top-up has ended."


class WalletNotEmpty(Conflict):
    code = "WALLET_NOT_EMPTY"
    message = "The wallet holds money, which would be lost. Spend it, or ask the shop to pay it out."


class TrolleyStillOpen(Conflict):
    code = "TROLLEY_STILL_OPEN"
    message = "A trolley is still connected. Pay for what lies in it, or give it back to the staff."


class ShopStillOpen(Conflict):
    code = "SHOP_STILL_OPEN"
    message = "The shop is not wound up: suspend it, let its orders, returns and payouts end, and pay out what is left."


class WorkStillOpen(Conflict):
    code = "WORK_STILL_OPEN"
    message = "Orders are being picked or driven by this person. Finish them or hand them over first."


REFUSALS: tuple[type[Conflict], ...] = (
    OrdersStillOpen,
    ReturnsStillOpen,
    PaymentsStillOpen,
    WalletNotEmpty,
    TrolleyStillOpen,
    ShopStillOpen,
    WorkStillOpen,
)

_ENDED = "('DELIVERED', 'CANCELED', 'REJECTED', 'RETURN_ACCEPTED', 'RETURN_COMPLETED')"

_UNSETTLED = """
    SELECT FROM orders WHERE {of_person} AND (
        status = 'RETURN_ACCEPTED'
        OR EXISTS (SELECT FROM order_returns WHERE order_id = orders.id AND status IN ('requested', 'accepted'))
        OR EXISTS (SELECT FROM order_issues WHERE order_id = orders.id AND status = 'raised'))
"""

_OPEN = text(f"""
    WITH shop AS (SELECT id FROM shops WHERE owner_id = :user_id)
    SELECT EXISTS (SELECT FROM orders WHERE user_id = :user_id AND status NOT IN {_ENDED}) AS orders,
           EXISTS ({_UNSETTLED.format(of_person="user_id = :user_id")}) AS returns,
           EXISTS (
               SELECT FROM orders JOIN payments ON payments.order_id = orders.id
               WHERE orders.user_id = :user_id AND (refund_pending_amount > 0 OR EXISTS (
                   SELECT FROM payment_operations WHERE payment_id = payments.id
                     AND state IN ('created', 'sent', 'unknown', 'manual')))
           ) OR EXISTS (
               SELECT FROM top_ups WHERE user_id = :user_id AND state IN ('created', 'authorized', 'manual')
           ) AS payments,
           (SELECT sum(balance) FROM accounts WHERE kind = 'wallet' AND owner_id = :user_id AND balance > 0) AS wallet,
           EXISTS (SELECT FROM cart_sessions WHERE user_id = :user_id AND closed_at IS NULL) AS trolley,
           EXISTS (SELECT FROM stock_locations JOIN shop USING (id) WHERE is_active) OR EXISTS (
               SELECT FROM orders JOIN shop ON shop.id = stock_location_id WHERE status NOT IN {_ENDED}
           ) OR EXISTS ({_UNSETTLED.format(of_person="stock_location_id IN (SELECT id FROM shop)")}) OR EXISTS (
               SELECT FROM accounts JOIN shop ON shop.id = owner_id
               WHERE kind IN ('vendor_pending', 'vendor_available') AND balance <> 0
           ) OR EXISTS (
               SELECT FROM payouts JOIN shop ON shop.id = shop_id WHERE state IN ('requested', 'approved', 'sent')
           ) AS shop,
           EXISTS (
               SELECT FROM orders WHERE :user_id IN (picker_id, driver_id)
                 AND status IN ('CREATED', 'IN_PROGRESS', 'MISSING', 'READY', 'OUT_FOR_DELIVERY', 'DELAYED')
           ) AS work
""")


def check(session: Session, *, user_id: int) -> None:
    """Raise the first of REFUSALS that holds for a locked user (one statement). A step."""
    row = session.execute(_OPEN, {"user_id": user_id}).one()
    if refusal := _first(row):
        raise refusal(details={"balance": float(row.wallet)} if refusal is WalletNotEmpty else None)


def _first(row: AnyRow) -> type[Conflict] | None:
    found = (row.orders, row.returns, row.payments, row.wallet, row.trolley, row.shop, row.work)
    return next((refusal for refusal, is_open in zip(REFUSALS, found, strict=True) if is_open), None)
