"""Where a shopper's trolley stands."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, bindparam, or_, select

from app.domain.caller import Caller
from app.domain.store_map.layout import Cell
from app.errors import NotFound
from app.models import CartSession, Device


class NoTrolleyHere(NotFound):
    code = "NO_CART"
    message = "You have no such trolley now. Connect one first."


class LocationUnknown(NotFound):
    code = "LOCATION_UNKNOWN"
    message = "The trolley has not said yet where it is. Send where to start, or try again in a few seconds."


@dataclass(frozen=True, slots=True)
class Standing:
    """The branch of a trolley and its last known place in centimetres, None until it has one."""

    branch_id: int
    spot: tuple[int, int, int] | None

    def cell(self, cell_cm: int) -> Cell:
        """The cell it stands in. Raises LocationUnknown."""
        if self.spot is None:
            raise LocationUnknown
        floor, x_cm, y_cm = self.spot
        return floor, x_cm // cell_cm, y_cm // cell_cm


_cart_id = bindparam("cart_id", type_=BigInteger)
_STANDING = (
    select(CartSession.stock_location_id, Device.floor, Device.x_cm, Device.y_cm)
    .outerjoin(Device, Device.trolley_id == CartSession.trolley_id)
    .where(
        CartSession.user_id == bindparam("user_id", type_=BigInteger),
        CartSession.closed_at.is_(None),
        or_(_cart_id.is_(None), CartSession.cart_id == _cart_id),
    )
)


def of_caller(connection: Connection, caller: Caller, *, cart_id: int | None = None) -> Standing:
    """Where the caller's trolley is: the one of a basket of theirs, or the one they have. Raises NoTrolleyHere."""
    row = connection.execute(_STANDING, {"user_id": caller.user_id, "cart_id": cart_id}).one_or_none()
    if row is None:
        raise NoTrolleyHere
    is_known = row.x_cm is not None and row.y_cm is not None
    return Standing(row.stock_location_id, (row.floor or 0, row.x_cm, row.y_cm) if is_known else None)
