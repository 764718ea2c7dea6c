"""Trolleys: a device's row, the session with its cart, and what the cart reserves."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import BigInteger, Interval, bindparam, column, func, join, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, defer

from app.detached import columns_of, maker
from app.domain.enums import CartStatus, ReservationState
from app.models import Cart, CartSession, Device, Firmware, Inventory, Reservation, Trolley
from app.models.base import AnyRow
from app.prepared import Step
from app.services.locks.keys import LIMITS

_DEVICE = (
    select(Device)
    .where(Device.device_id == bindparam("device_id"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def device(session: Session, *, device_id: str) -> Device | None:
    """A device by its public id, locked: its requests follow one another."""
    return session.execute(_DEVICE, {"device_id": device_id}).scalar_one_or_none()


# The limits are set before the row is locked, as locking comes after every join. Plans are kept for any parameters:
# planning what is read for a scan anew takes five times as long as running it.
_KEPT_PLANS = "set_config('plan_cache_mode', 'force_generic_plan', true)"
_WAITS = (
    text(f"SELECT {LIMITS}, {_KEPT_PLANS}")
    .columns(column("lock_timeout"), column("statement_timeout"), column("plan_cache_mode"))
    .subquery("waits")
)
_SENDER = Step(
    select(*columns_of(Device))
    .select_from(join(_WAITS, Device, true()))
    .where(Device.device_id == bindparam("device_id"))
    .with_for_update(key_share=True, of=Device)
)
_made_device = maker(Device)


def sender(session: Session, *, device_id: str) -> Device | None:
    """As `device`, with `limit_waits` in the same statement: how a device's request begins, of which there are many.

    It is detached: who changes it writes it, or adds it to the session.
    """
    rows = _SENDER.within(session, device_id=device_id)
    return _made_device(rows[0]) if rows else None


_DEVICES = (
    select(Device)
    .where(Device.trolley_id.in_(bindparam("trolley_ids", expanding=True)))
    .order_by(Device.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def devices_on(session: Session, *trolley_ids: int) -> dict[int, Device]:
    """The devices on some trolleys by the trolley's id, locked; a trolley without one is left out.

    Whoever pairs a trolley or ends its session holds this lock: it stands for the trolley's own row.
    """
    found = session.execute(_DEVICES, {"trolley_ids": list(trolley_ids)}).scalars()
    return {device.trolley_id: device for device in found if device.trolley_id is not None}


_FIRMWARE = (
    select(Firmware)
    .where(Firmware.id == bindparam("firmware_id"))
    .options(defer(Firmware.content))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def firmware(session: Session, *, firmware_id: int) -> Firmware | None:
    """A firmware without its image, locked alone."""
    return session.execute(_FIRMWARE, {"firmware_id": firmware_id}).scalar_one_or_none()


_CART = select(Cart.id).where(Cart.id == bindparam("cart_id"), Cart.status == CartStatus.ACTIVE)
_LOCKED_CART = _CART.with_for_update(key_share=True)
_SESSION = (
    select(CartSession)
    .where(CartSession.cart_id == bindparam("cart_id"), CartSession.closed_at.is_(None))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def open_session(session: Session, *, cart_id: int) -> CartSession | None:
    """The open session of a cart, the cart locked before it; None once it is closed."""
    session.execute(_LOCKED_CART, {"cart_id": cart_id})
    return session.execute(_SESSION, {"cart_id": cart_id}).scalar_one_or_none()


def session_of_sold_cart(session: Session, *, cart_id: int) -> CartSession | None:
    """The open session whose cart became a locked order, locked."""
    return session.execute(_SESSION, {"cart_id": cart_id}).scalar_one_or_none()


_OF_TROLLEY = (
    select(CartSession)
    .join(Cart, Cart.id == CartSession.cart_id)
    .where(CartSession.trolley_id == bindparam("trolley_id"), CartSession.closed_at.is_(None))
    .with_for_update(key_share=True, of=(Cart, CartSession))
    .execution_options(populate_existing=True)
)
_WITH_SCALE = Step(
    select(*columns_of(CartSession), Trolley.tare_grams, Trolley.scale_step_grams)
    .select_from(CartSession)
    .join(Cart, Cart.id == CartSession.cart_id)
    .join(Trolley, Trolley.id == CartSession.trolley_id)
    .where(CartSession.trolley_id == bindparam("trolley_id"), CartSession.closed_at.is_(None))
    .with_for_update(key_share=True, of=(Cart, CartSession))
)
_made_session = maker(CartSession)
_IS_TAKEN = select(CartSession.id).where(
    CartSession.trolley_id == bindparam("trolley_id"), CartSession.closed_at.is_(None)
)


def session_of_trolley(session: Session, *, trolley_id: int) -> CartSession | None:
    """The open session of a trolley whose device is locked, the session's cart locked before it.

    A payment that falls through gives a session another cart while this waits for the first: then that one is locked.
    """
    values = {"trolley_id": trolley_id}
    while (found := session.execute(_OF_TROLLEY, values).scalar_one_or_none()) is None:
        if session.execute(_IS_TAKEN, values).first() is None:
            return None
    return found


def session_with_scale(session: Session, *, trolley_id: int) -> tuple[CartSession, int, int] | None:
    """As `session_of_trolley`, with what the trolley weighs empty and the step of its scale, in grams.

    The session of the trolley is detached: who changes it writes it, or adds it to that of the database.
    """
    while not (found := _WITH_SCALE.within(session, trolley_id=trolley_id)):
        if session.execute(_IS_TAKEN, {"trolley_id": trolley_id}).first() is None:
            return None
    *_, tare, step = found[0]
    return _made_session(found[0]), tare, step


_OF_CART = (
    select(Reservation.id, Reservation.product_id, Reservation.stock_location_id, Reservation.quantity)
    .where(
        Reservation.cart_id == bindparam("cart_id"),
        Reservation.state == ReservationState.ACTIVE,
        Reservation.expires_at <= func.now() + bindparam("ahead", type_=Interval),
    )
    .order_by(Reservation.id)
    .with_for_update()
)
_ALL = timedelta(days=365)


def reservations(session: Session, *, cart_id: int, only_expired: bool = False) -> Sequence[AnyRow]:
    """What a locked cart reserves, locked; of an abandoned one only what has expired."""
    ahead = timedelta(0) if only_expired else _ALL
    return session.execute(_OF_CART, {"cart_id": cart_id, "ahead": ahead}).all()


_STOCK = Step(
    select(Inventory.product_id)
    .where(
        Inventory.stock_location_id == bindparam("stock_location_id"),
        Inventory.product_id == bindparam("product_ids", type_=ARRAY(BigInteger)).any_(),
    )
    .order_by(Inventory.product_id)
    .with_for_update(key_share=True)
)


def stock_of_reservations(session: Session, *, stock_location_id: int, product_ids: Sequence[int]) -> set[int]:
    """Lock the stock of some products of a branch, in their order; answers of which there is a row."""
    rows = _STOCK.within(session, stock_location_id=stock_location_id, product_ids=list(product_ids))
    return {row.product_id for row in rows}


_STOCK_OF_BASKET = text("""
    SELECT product_id FROM inventory
    WHERE stock_location_id = :stock_location_id AND product_id IN (
        SELECT product_id FROM cart_items WHERE cart_id = :cart_id
        UNION ALL
        SELECT product_id FROM reservations WHERE cart_id = :cart_id AND state = 'ACTIVE'
    )
    ORDER BY product_id
    FOR NO KEY UPDATE
""")


def stock_of_basket(session: Session, *, cart_id: int, stock_location_id: int) -> None:
    """Lock the stock of all that lies in a locked cart of a branch or is reserved for it, in product order."""
    session.execute(_STOCK_OF_BASKET, {"cart_id": cart_id, "stock_location_id": stock_location_id})


_EXPIRED_CART = (
    select(Cart.id)
    .where(
        select(Reservation.id)
        .where(
            Reservation.cart_id == Cart.id,
            Reservation.state == ReservationState.ACTIVE,
            Reservation.expires_at <= func.now(),
        )
        .exists()
    )
    .order_by(Cart.id)
    .limit(1)
    .with_for_update(key_share=True, skip_locked=True)
)


def cart_with_expired_reservations(session: Session) -> int | None:
    """A cart whose reservations ran out, locked; one that somebody works on is left for later."""
    return session.execute(_EXPIRED_CART).scalar_one_or_none()
