"""A till takes a basket over by the code on the shopper's phone: it is paid there, outside of this system (B.9)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.orm import Session

from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.devices.codes import is_handoff_code
from app.domain.enums import CartStatus, SessionOutcome, SoldBy, TrolleyState
from app.domain.gtin import shown_gtin
from app.errors import DomainError, NotFound
from app.models import Cart, CartSession, HandoffCode, ProductGtin
from app.models.base import AnyRow
from app.schemas.trolley_staff import HandoffBasket, HandoffLine
from app.services import locks, reservations, staff
from app.services.checkout.basket import BasketLine, price_lines
from app.services.checkout.trolley_placing import TrolleyNotPayable, check_payable
from app.services.trolleys import handoffs, news, sessions
from app.transaction import transaction


class HandoffUnknown(NotFound):
    code = "HANDOFF_UNKNOWN"
    message = "No cart of your branches has this code. Read it again from the phone."


class HandoffGone(DomainError):
    code = "HANDOFF_GONE"
    status = 410
    message = "This code is used or too old. Ask the shopper for a new one."


_CODE = (
    select(HandoffCode.session_id, CartSession.trolley_id)
    .join(CartSession, CartSession.id == HandoffCode.session_id)
    .where(HandoffCode.code_hash == bindparam("code_hash"), staff.works_at(CartSession.stock_location_id))
)
_USE = (
    update(HandoffCode)
    .where(
        HandoffCode.code_hash == bindparam("given_hash"),
        HandoffCode.used_at.is_(None),
        HandoffCode.expires_at > func.now(),
    )
    .values(used_at=func.now(), used_by=bindparam("me"))
    .returning(HandoffCode.session_id)
    .execution_options(synchronize_session=False)
)


def take_over(code: str, caller: Caller) -> HandoffBasket:
    """Hand a basket under review over to the till, once, at the prices the checkout would take.

    The goods are out of the stock from then on and the session is over. Raises HandoffUnknown, HandoffGone,
    TrolleyNotPayable, StaffCheckNeeded, WeightMismatch.
    """
    if not is_handoff_code(code):
        raise HandoffUnknown
    code_hash = handoffs.code_hash(code)
    with transaction() as session:
        locks.limit_waits(session)
        found = session.execute(_CODE, {"code_hash": code_hash, "employee_id": staff.employee_id(caller)}).one_or_none()
        if found is None:
            raise HandoffUnknown
        device = locks.devices_on(session, found.trolley_id).get(found.trolley_id)
        opened = _payable(session, found)
        if session.execute(_USE, {"given_hash": code_hash, "me": caller.user_id}).scalar_one_or_none() is None:
            raise HandoffGone
        taken = _sell(session, opened, caller)
        sessions.end(session, opened, device, outcome=SessionOutcome.AT_TILL, by=caller)
        news.changed(session, opened)
        return taken


def _payable(session: Session, found: AnyRow) -> CartSession:
    opened = locks.session_of_trolley(session, trolley_id=found.trolley_id)
    if opened is None or opened.id != found.session_id:
        raise HandoffGone
    if opened.state is not TrolleyState.REVIEW:
        raise TrolleyNotPayable(details={"state": opened.state})
    check_payable(opened)
    return opened


# What a reservation that ran out has left short was found in the trolley all the same.
_GIVE_OUT = text("""
WITH gone AS (
    SELECT line.id, line.product_id, line.quantity, greatest(line.quantity - stock.available_quantity, 0) AS found
    FROM cart_items AS line JOIN inventory AS stock
        ON stock.product_id = line.product_id AND stock.stock_location_id = :stock_location_id
    WHERE line.cart_id = :cart_id
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                                 source_id, actor_user_id)
    SELECT :stock_location_id, product_id, kind, available_change, 0, 'cart_item', id, :actor_user_id
    FROM gone, LATERAL (VALUES ('found', found), ('sell', -quantity)) AS change(kind, available_change)
    WHERE available_change <> 0
)
UPDATE inventory SET available_quantity = available_quantity + gone.found - gone.quantity,
                     needs_recount = needs_recount OR gone.found > 0, updated_at = now()
FROM gone WHERE inventory.stock_location_id = :stock_location_id AND inventory.product_id = gone.product_id
""")
_CHECK_OUT = (
    update(Cart)
    .where(Cart.id == bindparam("sold_cart_id"))
    .values(status=CartStatus.CHECKED_OUT)
    .execution_options(synchronize_session=False)
)


def _sell(session: Session, opened: CartSession, caller: Caller) -> HandoffBasket:
    """As a checkout does: what is put aside goes back and straight out again, sold."""
    place = {"cart_id": opened.cart_id, "stock_location_id": opened.stock_location_id}
    reservations.consume(session, **place)
    lines = price_lines(locks.trolley_checkout_lines(session, **place))
    session.execute(_GIVE_OUT, {**place, "actor_user_id": caller.user_id})
    session.execute(_CHECK_OUT, {"sold_cart_id": opened.cart_id})
    return _answer(opened, lines, _barcodes(session, lines))


_GTINS = (
    select(ProductGtin.product_id, func.min(ProductGtin.gtin).label("gtin"))
    .where(ProductGtin.product_id.in_(bindparam("ids", expanding=True)))
    .group_by(ProductGtin.product_id)
)


def _barcodes(session: Session, lines: Sequence[BasketLine]) -> dict[int, str]:
    rows = session.execute(_GTINS, {"ids": [line.row.product_id for line in lines]})
    return {row.product_id: shown_gtin(row.gtin) for row in rows}


def _answer(opened: CartSession, lines: Sequence[BasketLine], gtins: dict[int, str]) -> HandoffBasket:
    deposits = sum((line.priced.deposit for line in lines), NOTHING)
    return HandoffBasket(
        session_id=opened.id,
        trolley=opened.trolley_id,
        branch_id=opened.stock_location_id,
        lines=[_line(line, gtins.get(line.row.product_id)) for line in lines],
        deposits=deposits,
        total=deposits + sum((line.priced.line_total for line in lines), NOTHING),
    )


def _line(line: BasketLine, gtin: str | None) -> HandoffLine:
    row, priced = line.row, line.priced
    return HandoffLine(
        product_id=row.product_id,
        sku=row.sku,
        name=row.name,
        gtin=gtin,
        sold_by=priced.sold_by,
        quantity=priced.quantity,
        weight_grams=row.estimated_weight_grams if priced.sold_by is SoldBy.WEIGHT else None,
        unit_price=priced.unit_price,
        line_total=priced.line_total,
        unit_deposit=priced.unit_deposit,
        tax_rate=priced.tax_rate,
    )
