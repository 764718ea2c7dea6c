"""T1 of a trolley: what was scanned is sold where it is, within the checkout's own transaction."""

import time
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.devices.weights import Watch, after_time
from app.domain.enums import TrolleyState, WeightState
from app.errors import Conflict
from app.models import CartSession
from app.schemas.money import money_number
from app.services import locks, reservations
from app.services.checkout import errors
from app.services.checkout.basket import BasketLine, price_lines
from app.services.checkout.billing import bill
from app.services.checkout.context import Context
from app.services.checkout.trolley_context import TrolleyContext, TrolleySale
from app.services.checkout.writing import Purchase
from app.services.trolleys import checking


class WeightMismatch(Conflict):
    """`details.weight_state` is what the scale says."""

    code = "WEIGHT_MISMATCH"
    message = "The scale shows another weight than the scanned goods have. Check the cart, or ask the staff."


class StaffCheckNeeded(Conflict):
    code = "STAFF_CHECK_NEEDED"
    message = "Somebody of the staff has to look at this cart first. They are told and on their way."


class TrolleyNotPayable(Conflict):
    """`details.state` is where the trolley stands."""

    code = "TROLLEY_NOT_PAYABLE"
    message = "This cart cannot be paid for now; details.state says where it stands."


_PAYABLE = frozenset({TrolleyState.SHOPPING, TrolleyState.REVIEW})


def decide(session: Session, cart_id: int, asked: Context) -> Purchase:
    """Check and price the basket of a trolley whose cart is locked, and mark its session as paying. A step.

    What the trolley reserves goes back into the stock here, to be taken out again by the order. Raises CartClosed
    without an open session, TrolleyNotPayable, WeightMismatch, StaffCheckNeeded, CartEmpty, PriceChanged or the
    refusals of a coupon.
    """
    opened = locks.open_session(session, cart_id=cart_id)
    if opened is None:
        raise errors.CartClosed
    check_payable(opened)
    if opened.state is TrolleyState.SHOPPING and checking.reasons(session, opened):
        raise StaffCheckNeeded
    context = TrolleyContext(asked, TrolleySale(asked.expected_total), opened.stock_location_id)
    reservations.consume(session, cart_id=cart_id, stock_location_id=context.branch_id())
    lines = price_lines(locks.trolley_checkout_lines(session, cart_id=cart_id, stock_location_id=context.branch_id()))
    if not lines:
        raise errors.CartEmpty
    _find(session, cart_id, context.branch_id(), lines)
    priced = bill(context, lines)
    if context.form.expected_total not in (None, priced.totals.total):
        raise errors.PriceChanged(details={"total": money_number(priced.totals.total)})
    opened.state = TrolleyState.PAYING
    opened.version += 1
    session.flush()
    return Purchase(cart_id, context.form, context, lines, priced, None, None)


def check_payable(opened: CartSession) -> None:
    """Raises TrolleyNotPayable, StaffCheckNeeded or WeightMismatch for a session that cannot be paid for now."""
    if opened.state not in _PAYABLE:
        raise TrolleyNotPayable(details={"state": opened.state})
    if opened.needs_check:
        raise StaffCheckNeeded
    weighs = _weight_now(opened)
    if weighs not in (WeightState.OK, WeightState.SUSPECT):
        raise WeightMismatch(details={"weight_state": weighs})


def _weight_now(opened: CartSession) -> WeightState:
    """What the weight state has grown to, also before a sweep has seen it: else the suspect would pay in time."""
    since = int(opened.weight_since.timestamp()) if opened.weight_since else int(time.time())
    return after_time(Watch(opened.weight_state, since, opened.failed_samples), int(time.time())).state


_FIND = text("""
WITH short AS (
    SELECT line.id, line.product_id, line.quantity - stock.available_quantity AS pieces
    FROM cart_items AS line JOIN inventory AS stock
        ON stock.product_id = line.product_id AND stock.stock_location_id = :stock_location_id
    WHERE line.cart_id = :cart_id AND line.quantity > stock.available_quantity
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                                 source_id)
    SELECT :stock_location_id, product_id, 'found', pieces, 0, 'cart_item', id FROM short
)
UPDATE inventory SET available_quantity = available_quantity + short.pieces, needs_recount = true, updated_at = now()
FROM short WHERE inventory.stock_location_id = :stock_location_id AND inventory.product_id = short.product_id
""")


def _find(session: Session, cart_id: int, stock_location_id: int, lines: Sequence[BasketLine]) -> None:
    """What is in the trolley is there: a reservation that ran out meanwhile leaves the books short, not the shopper."""
    if any(line.row.quantity > line.row.available for line in lines):
        session.execute(_FIND, {"cart_id": cart_id, "stock_location_id": stock_location_id})
