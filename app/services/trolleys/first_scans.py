"""What the first trolleys send: the number on their sticker, a product, a weight (smart-cart.md, A.2, 20; A.3, 4).

They know no events, so nothing tells a repeated request from a new one. A device with a key may send these too, for its
own trolley; without one they are taken with DEVICE_LEGACY_OPEN alone, as whoever knows a number could send them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.devices.words import RefusalCode
from app.domain.enums import SoldBy, TrolleyState
from app.errors import AuthRequired, BadRequest, Conflict, DomainError, Forbidden, NotFound
from app.models import CartItem, CartSession, Trolley
from app.models.base import AnyRow
from app.schemas.trolleys import ChangedLine, FirstScanForm, FirstWeighingForm
from app.services import locks
from app.services.devices.entering import SignedRequest, entered
from app.services.devices.refusals import DeviceRefusal
from app.services.trolleys import basket, changing, goods, news, scanned, sessions
from app.services.trolleys.changing import WeighOnTrolley
from app.services.trolleys.goods import ProductNotSold
from app.services.trolleys.refusals import TrolleyNotFound
from app.transaction import transaction


class DeviceNotProven(DomainError):
    """`details.e` says why, in the words of the device protocol."""

    code = "DEVICE_NOT_PROVEN"
    status = 401
    message = "This is not a device's key, or not its newest request."


class DeviceOff(Forbidden):
    code = "DEVICE_OFF"
    message = "This device is out of service."


class NotThisTrolley(Forbidden):
    code = "NOT_THIS_TROLLEY"
    message = "A device speaks for the trolley it is on, and for no other."


class NobodyConnected(NotFound):
    code = "NO_CART"
    message = "Nobody has connected this trolley."


class WeightUnknown(BadRequest):
    code = "WEIGHT_UNKNOWN"
    message = "Nobody knows what a piece of this product weighs, so its pieces cannot be told from a weight."


class ReplayedRequest(Conflict):
    code = "DEVICE_REPLAY"
    message = "This request, or a later one, was received before."


_REFUSALS: dict[RefusalCode, type[DomainError]] = {
    RefusalCode.OFF: DeviceOff,
    RefusalCode.REPLAY: ReplayedRequest,
}


def add(form: FirstScanForm, signed: SignedRequest) -> ChangedLine:
    """Put one piece more into the basket; the weight is what the scale says of all of it.

    Raises as `_basket` does, and ProductNotSold, WeighOnTrolley, TrolleyFull.
    """
    with _basket(signed, trolley_id=form.cart_id) as (session, opened):
        product = _sold(goods.by_id(session, product_id=form.product_id, stock_location_id=opened.stock_location_id))
        if product.sold_by is SoldBy.WEIGHT:
            raise WeighOnTrolley("This is sold by weight: send its bar code with its weight.")
        opened.gross_grams = opened.baseline_grams + max(0, round(form.weight * 1000))
        return _changed(session, opened, product, pieces=1, grams=0)


def weigh(form: FirstWeighingForm, signed: SignedRequest) -> ChangedLine:
    """Make the line of a product what its weight says: so many pieces, or grams; of nothing the line is gone.

    Sent twice it has the effect of once, unlike in the first server, which added the pieces again. Raises as `_basket`
    does, and ProductNotSold, WeightUnknown, TrolleyFull.
    """
    with _basket(signed, trolley_id=form.cart_id) as (session, opened):
        found = scanned.find(session, code=form.barcode, stock_location_id=opened.stock_location_id)
        product = _sold(found.product if found else None)
        pieces, grams = _missing(_line(session, opened, product), product, round(form.weight * 1000))
        return _changed(session, opened, product, pieces=pieces, grams=grams)


def _missing(line: AnyRow | None, product: AnyRow, grams: int) -> tuple[int, int]:
    """Pieces and grams by which a line differs from a weight; of goods sold by weight pieces only say which way."""
    wanted = max(0, grams)
    if product.sold_by is SoldBy.WEIGHT:
        more = wanted - (line.weight_grams or 0 if line else 0)
        return (more > 0) - (more < 0), more
    if product.weight_grams is None:
        raise WeightUnknown
    return round(wanted / product.weight_grams) - (line.quantity if line else 0), 0


@contextmanager
def _basket(signed: SignedRequest, *, trolley_id: int) -> Iterator[tuple[Session, CartSession]]:
    """A transaction with the locked session of a trolley, open to changes.

    Raises AuthRequired, DeviceNotProven, DeviceOff, ReplayedRequest, NotThisTrolley, TrolleyNotFound,
    NobodyConnected, CartLocked.
    """
    with _let_in(signed, trolley_id) as session:
        opened = locks.session_of_trolley(session, trolley_id=trolley_id)
        if opened is None:
            raise NobodyConnected
        sessions.require(opened, TrolleyState.SHOPPING, TrolleyState.ASSIST)
        yield session, opened


_KNOWN = select(Trolley.id).where(Trolley.id == bindparam("trolley_id"))


@contextmanager
def _let_in(signed: SignedRequest, trolley_id: int) -> Iterator[Session]:
    """A transaction with the device of a trolley locked, if it has one."""
    if not signed.authorization:
        if not settings().device_legacy_open:
            raise AuthRequired
        with transaction() as session:
            locks.limit_waits(session)
            if session.execute(_KNOWN, {"trolley_id": trolley_id}).scalar_one_or_none() is None:
                raise TrolleyNotFound
            locks.devices_on(session, trolley_id)
            yield session
        return
    try:
        with entered(signed) as (session, device):
            if device.trolley_id != trolley_id:
                raise NotThisTrolley
            yield session
    except DeviceRefusal as refusal:
        raise _REFUSALS.get(refusal.code, DeviceNotProven)(details={"e": refusal.code.value}) from None


def _sold(product: AnyRow | None) -> AnyRow:
    if product is None or product.available_quantity is None:
        raise ProductNotSold
    return product


_LINE = select(CartItem.quantity, CartItem.weight_grams).where(
    CartItem.cart_id == bindparam("cart_id"), CartItem.product_id == bindparam("product_id")
)


def _line(session: Session, opened: CartSession, product: AnyRow) -> AnyRow | None:
    return session.execute(_LINE, {"cart_id": opened.cart_id, "product_id": product.id}).one_or_none()


def _changed(session: Session, opened: CartSession, product: AnyRow, *, pieces: int, grams: int) -> ChangedLine:
    if pieces or grams:
        line = basket.move(session, opened, product, pieces=pieces, grams=grams)
    else:
        line = basket.line_after(_line(session, opened, product), product, 0, 0)
    if pieces > 0:
        changing.check_age(session, opened, product)
    news.changed(session, opened)
    return changing.changed_line(opened, line, "The cart is up to date.")
