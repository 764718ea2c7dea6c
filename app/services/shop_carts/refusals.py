"""Why something cannot lie in a basket for a vendor's shop, in the words of the marketplace's contract, section 6."""

from app.domain.carts import MOST_UNITS_AT_SHOP
from app.errors import BadRequest, Conflict, NotFound


class QuantityTooSmall(BadRequest):
    code = "QUANTITY_TOO_SMALL"
    message = "Quantity must be at least 1"


class QuantityTooLarge(BadRequest):
    code = "QUANTITY_TOO_LARGE"
    message = f"Cannot add more than {MOST_UNITS_AT_SHOP} units per item"


class ItemAndQuantityRequired(BadRequest):
    code = "ITEM_AND_QUANTITY_REQUIRED"
    message = "Item ID and quantity required"


class QuantityOutOfRange(BadRequest):
    code = "QUANTITY_OUT_OF_RANGE"
    message = f"Quantity must be between 1 and {MOST_UNITS_AT_SHOP}"


class ItemNotAvailable(NotFound):
    code = "ITEM_NOT_AVAILABLE"
    message = "Item not available"


class ItemNotInCart(NotFound):
    code = "ITEM_NOT_IN_CART"
    message = "Item not found in cart"


class NothingToRemove(NotFound):
    code = "ITEM_NOT_FOUND"
    message = "Item not found"


class OtherShopInCart(Conflict):
    code = "CART_OF_ANOTHER_SHOP"
    message = "Cart contains items from a different shop"


class UnitLimit(Conflict):
    code = "UNIT_LIMIT"
    message = f"Max limit is {MOST_UNITS_AT_SHOP} units"
