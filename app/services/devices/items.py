"""A product as the display of a trolley shows it (smart-cart.md, B.5)."""

from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from app.config import settings
from app.domain.amounts import to_cents
from app.domain.devices.answers import ItemCard, item_answer
from app.domain.devices.barcodes import Scanned
from app.domain.devices.wire import MAX_INT
from app.domain.devices.words import ItemFlag, RefusalCode
from app.domain.enums import SoldBy
from app.domain.minor_units import to_minor
from app.models import CartSession, Device, ShopperDiet
from app.models.base import AnyRow
from app.services.devices.entering import SignedRequest, entered
from app.services.devices.refusals import DeviceRefusal
from app.services.devices.updates import require_current
from app.services.trolleys import scanned

_ALLERGIC = (
    select(ShopperDiet.user_id)
    .join(CartSession, CartSession.user_id == ShopperDiet.user_id)
    .where(
        CartSession.trolley_id == bindparam("trolley_id"),
        CartSession.closed_at.is_(None),
        ShopperDiet.allergies.overlap(bindparam("allergens", type_=ARRAY(String(32)))),
    )
)


def show(signed: SignedRequest, *, code: str) -> bytes:
    """The card of what a code means in the device's branch; prices in minor units, by weight for a kilogram.

    Raises DeviceRefusal, BAD with 400 for what is no code and with 404 for one of no product that the
    branch sells.
    """
    with entered(signed) as (session, device):
        require_current(session, device)
        found = scanned.find(session, code=code, stock_location_id=device.stock_location_id)
        if found is None:
            raise DeviceRefusal(RefusalCode.BAD)
        if found.product is None or found.product.available_quantity is None:
            raise DeviceRefusal(RefusalCode.BAD, status=404)
        return item_answer(_card(session, device, code, found.scanned, found.product))


def _card(session: Session, device: Device, code: str, told: Scanned, product: AnyRow) -> ItemCard:
    return ItemCard(
        code=code,
        name=product.name,
        price=_price(told, product.old_price),
        offer=_price(told, product.price),
        grams=told.grams or product.weight_grams or product.estimated_weight_grams or 0,
        flags=_flags(session, device, product),
    )


def _price(told: Scanned, price: Decimal) -> int:
    """What is asked for, in minor units: the price a code carries, that of its grams, or the product's own."""
    if told.price is not None:
        return told.price
    asked = price if told.grams is None else to_cents(price * told.grams / 1000)
    return min(to_minor(asked, settings().currency), MAX_INT)


def _flags(session: Session, device: Device, product: AnyRow) -> frozenset[ItemFlag]:
    apply = {
        ItemFlag.BY_WEIGHT: product.sold_by is SoldBy.WEIGHT,
        ItemFlag.AGE_CHECK: product.age_limit is not None,
        ItemFlag.FROZEN: product.is_frozen,
        ItemFlag.ALLERGY: _is_allergic(session, device, product),
    }
    return frozenset(flag for flag, applies in apply.items() if applies)


def _is_allergic(session: Session, device: Device, product: AnyRow) -> bool:
    """Whether the shopper paired with the trolley must not eat this."""
    if not product.allergens:
        return False
    values = {"trolley_id": device.trolley_id, "allergens": product.allergens}
    return session.execute(_ALLERGIC, values).first() is not None
