"""T1 of a vendor's shop: the same checkout as everywhere, out of the caller's one basket there."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.channels import MARKETPLACE
from app.domain.enums import JournalReason, OrderActionType, PaymentMethod
from app.models import Order
from app.schemas.checkout import MissingItem
from app.schemas.money import money_number
from app.services import locks
from app.services.checkout import errors
from app.services.checkout.basket import BasketLine, missing_items, price_lines
from app.services.checkout.billing import bill
from app.services.checkout.placing import Placed, check_token, replayed
from app.services.checkout.shop_context import ShopContext, ShopSale, kept_answer, read_shop_context
from app.services.checkout.writing import Key, Purchase, write_order
from app.services.shop_orders import log
from app.services.wallets import paying
from app.transaction import transaction


def place_at_shop(sale: ShopSale, key: Key, caller: Caller) -> Placed:
    """Make the order, or find the one this key already made. The lines are those of the basket when it is locked.

    Raises KeyInProgress, KeyReused, CartEmpty, ShopClosed, OutOfArea, BelowMinimum, InsufficientStock, PriceChanged,
    TotalTooLarge, InsufficientFunds or the refusals of a payment token, each with nothing changed and the key still
    free.
    """
    with transaction() as session:
        if not locks.try_key(session, key.principal, key.route, key.key):
            raise errors.KeyInProgress(retry_after=1)
        kept = kept_answer(session, principal=key.principal, route=key.route, key=key.key)
        if kept is not None:
            return replayed(session, kept, key)
        cart_id = locks.active_cart(session, user_id=caller.user_id, channel=MARKETPLACE.name)
        context = read_shop_context(session, cart_id=cart_id, user_id=caller.user_id, sale=sale)
        if context is None:
            raise errors.CartEmpty("Cart is empty")
        purchase = _decide(session, cart_id, context)
        written = write_order(session, purchase=purchase, key=key, caller=caller)
        if purchase.is_decided:
            _begin(session, session.get_one(Order, written.order_id), caller)
        return Placed(written.order_id, written.answer)


def _decide(session: Session, cart_id: int, context: ShopContext) -> Purchase:
    """Check everything and price the basket from the locked rows; raises the refusals."""
    lines = price_lines(locks.shop_checkout_lines(session, cart_id=cart_id, stock_location_id=context.branch_id()))
    if missing := missing_items(lines):
        raise _short(lines, missing)
    priced = bill(context, lines)
    context.check(priced.totals.items)
    if context.form.payment_method is PaymentMethod.CARD:
        check_token(context.row)
    if context.form.expected_total not in (None, priced.totals.total):
        raise errors.PriceChanged(details={"total": money_number(priced.totals.total)})
    return Purchase(cart_id, context.form, context, lines, priced, None, context.address)


def _short(lines: Sequence[BasketLine], missing: list[MissingItem]) -> errors.InsufficientStock:
    names = {line.row.product_id: line.row.name for line in lines}
    return errors.InsufficientStock(
        f"Not enough stock for item {names[missing[0].product_id]}",
        details={"missing": [item.model_dump() for item in missing]},
    )


def _begin(session: Session, order: Order, caller: Caller) -> None:
    """Take the money of a wallet, and tell the vendor. A step."""
    if order.payment_method is PaymentMethod.WALLET:
        paying.pay(session, order, amount=order.total_amount, reference="pay", reason=JournalReason.ORDER_CONFIRM)
    log.note(session, order, OrderActionType.ORDER_CREATED, by=caller)
