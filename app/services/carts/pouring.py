"""Adding many products to a cart as far as they can be had: a guest's cart at sign-in, an old order bought again."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.domain.carts import LARGEST_QUANTITY, LineChange, Offer, Refusal, added, not_for_sale
from app.schemas.carts import LeftOutLine
from app.services.carts import offers, writing
from app.services.carts.shoppers import Shopper


def pour(session: Session, who: Shopper, cart_id: int, quantities: Mapping[int, int]) -> list[LeftOutLine]:
    """Add pieces by product id to a locked cart as far as they can be had, at today's prices; return what cannot.

    Only what no branch has is left out: what the delivery branch lacks may still be picked up elsewhere, and the
    preview of the checkout reports it. A step.
    """
    found = offers.read(session, cart_id=cart_id, product_ids=sorted(quantities))
    room = found.room
    changes: list[LineChange] = []
    left_out: list[LeftOutLine] = []
    for offer in found.by_product.values():
        fitting, why = _fitting(offer, quantities[offer.product_id], room)
        if fitting:
            changes.append(added(offer, fitting))
            room -= offer.line is None
        if why:
            left_out.append(_left_out(offer, quantities[offer.product_id] - fitting, why))
    writing.write(session, who, cart_id, changes, room=found.room)
    return left_out


def _fitting(offer: Offer, quantity: int, room: int) -> tuple[int, Refusal | None]:
    """How many of the pieces may be added, and why the others may not."""
    if why := not_for_sale(offer):
        return 0, why
    if offer.line is None and room <= 0:
        return 0, Refusal.CART_FULL
    fitting = min(quantity, LARGEST_QUANTITY - offer.quantity)
    return fitting, None if fitting == quantity else Refusal.QUANTITY_LIMIT


def _left_out(offer: Offer, quantity: int, why: Refusal) -> LeftOutLine:
    return LeftOutLine(product_id=offer.product_id, product_name=offer.product_name, quantity=quantity, reason=why)
