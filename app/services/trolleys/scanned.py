"""From a scanned code to the product it means in a branch."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.devices.barcodes import CodeKind, Scanned, read_code
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
        scanned = read_code(code)
    except InvalidGtin:
        return None
    if scanned.kind is CodeKind.GTIN:
        return Found(scanned, goods.by_gtin(session, gtin=scanned.key, stock_location_id=stock_location_id))
    return Found(scanned, goods.by_sku(session, sku=scanned.key, stock_location_id=stock_location_id))
