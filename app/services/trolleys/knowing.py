"""A trolley by the number on its sticker, as any shopper may see it."""

from sqlalchemy import BigInteger, bindparam, func, select

from app.domain.caller import Caller
from app.domain.enums import TrolleyState
from app.models import CartSession, Trolley
from app.schemas.trolleys import KnownTrolley
from app.services.trolleys.refusals import TrolleyNotFound
from app.transaction import reading

_KNOWN = (
    select(
        Trolley.id.label("trolley"),
        Trolley.label,
        Trolley.stock_location_id.label("branch_id"),
        (CartSession.id.is_(None) & (Trolley.state == TrolleyState.IDLE)).label("is_free"),
        func.coalesce(CartSession.user_id == bindparam("user_id", type_=BigInteger), False).label("is_mine"),
    )
    .outerjoin(CartSession, (CartSession.trolley_id == Trolley.id) & CartSession.closed_at.is_(None))
    .where(Trolley.id == bindparam("trolley", type_=BigInteger))
)


def show(caller: Caller, *, trolley: int) -> KnownTrolley:
    """A trolley of any branch; whose it is stays unsaid. Raises TrolleyNotFound."""
    with reading() as connection:
        row = connection.execute(_KNOWN, {"user_id": caller.user_id, "trolley": trolley}).one_or_none()
    if row is None:
        raise TrolleyNotFound
    return KnownTrolley.model_validate(row)
