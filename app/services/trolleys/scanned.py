"""From a scanned code to the product it means in a branch."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.devices.barcodes import CodeKind, Scanned, readings
from app.domain.gtin import InvalidGtin
from app.models.base import AnyRow
from app.services.trolleys import goods


@dataclass(frozen=True, slots=True)
class Found:
    """What a code says, and the row of `goods` it means; None for a product that is not known."""

    scanned: Scanned
    product: AnyRow | None


def find(session: Session, *, code: str, stock_location_id: int) -> Found | None:
    """The product of a barcode, a PLU number or a store's own code; None for what is no code at all. A step.

    PLU numbers and the item part of a store's codes are stock keeping units.
    """
    try:
        meanings = readings(code)
    except InvalidGtin:
        return None
    found = (Found(told, _product(session, told, stock_location_id)) for told in meanings)
    return next((one for one in found if one.product is not None), Found(meanings[-1], None))


def _product(session: Session, told: Scanned, stock_location_id: int) -> AnyRow | None:
    if told.kind is CodeKind.GTIN:
        return goods.by_gtin(session, gtin=told.key, stock_location_id=stock_location_id)
    return goods.by_sku(session, sku=told.key, stock_location_id=stock_location_id)
