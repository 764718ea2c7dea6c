"""Why a move of a vendor's order is refused, in the words of its contract (section 12)."""

from app.domain.shop_order_states import shown
from app.errors import Conflict
from app.models import Order


class InvalidMove(Conflict):
    """`details.status` is where the order stands."""

    code = "INVALID_STATUS"
    message = "Invalid status transition"


def refused(order: Order, message: str | None = None) -> InvalidMove:
    """The refusal of a move from where the order stands now."""
    return InvalidMove(message, details={"status": shown(order.status)})
