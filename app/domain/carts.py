"""What may lie in a basket, and what adding, setting and removing do to a line."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

LARGEST_QUANTITY = 10_000
MOST_LINES = 200
MOST_UNITS_AT_SHOP = 10
"""Of one item in a basket for a vendor's shop (contract of the marketplace, section 6)."""


class Refusal(StrEnum):
    """Why a line cannot be had, as sent to the client."""

    PRODUCT_INACTIVE = "PRODUCT_INACTIVE"
    OUT_OF_STOCK_ANYWHERE = "OUT_OF_STOCK_ANYWHERE"
    QUANTITY_LIMIT = "QUANTITY_LIMIT"
    OUT_OF_STOCK_DELIVERY_BRANCH = "OUT_OF_STOCK_DELIVERY_BRANCH"
    CART_FULL = "CART_FULL"


class CartAction(StrEnum):
    """The words of the audit trail."""

    ADD_ITEM = "ADD_ITEM"
    UPDATE_ITEM = "UPDATE_ITEM"
    DELETE_ITEM = "DELETE_ITEM"
    CLEAR = "CLEAR"


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of a product, and the price of one piece when the line was last added to."""

    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as one basket sees it: today's piece price, pieces at the delivery branch, the line already there."""

    product_id: int
    product_name: str
    piece_price: Decimal
    sellable: bool
    in_stock_anywhere: bool
    available: int
    line: Line | None

    @property
    def quantity(self) -> int:
        return self.line.quantity if self.line else 0


@dataclass(frozen=True, slots=True)
class LineChange:
    """One line before and after; None where there is no line."""

    product_id: int
    action: CartAction
    old: Line | None
    new: Line | None


def grown(offer: Offer, quantity: int) -> Line:
    """The line with that many pieces more, the whole of it at today's price."""
    return Line(offer.quantity + quantity, offer.piece_price)


def added(offer: Offer, quantity: int) -> LineChange:
    """That many pieces more, as a change."""
    return LineChange(offer.product_id, CartAction.ADD_ITEM, offer.line, grown(offer, quantity))


def put(offer: Offer, quantity: int) -> LineChange | None:
    """Exactly that many pieces: 0 removes the line, a line already there keeps its price. None: nothing changes."""
    if quantity == offer.quantity:
        return None
    if quantity == 0:
        return LineChange(offer.product_id, CartAction.DELETE_ITEM, offer.line, None)
    if offer.line is None:
        return added(offer, quantity)
    line = Line(quantity, offer.line.unit_price)
    return LineChange(offer.product_id, CartAction.UPDATE_ITEM, offer.line, line)


def not_for_sale(offer: Offer | None) -> Refusal | None:
    """Why nobody can have even one piece of a product (None: unknown product), or None when somebody can."""
    if offer is None or not offer.sellable:
        return Refusal.PRODUCT_INACTIVE
    if not offer.in_stock_anywhere:
        return Refusal.OUT_OF_STOCK_ANYWHERE
    return None


def refusal(offer: Offer | None, quantity: int) -> Refusal | None:
    """Why a line of that many pieces in all is refused, in the order in which the contract checks; None: it is not."""
    why = not_for_sale(offer)
    if why is not None or offer is None:
        return why
    if quantity > LARGEST_QUANTITY:
        return Refusal.QUANTITY_LIMIT
    if quantity > offer.available:
        return Refusal.OUT_OF_STOCK_DELIVERY_BRANCH
    return None
