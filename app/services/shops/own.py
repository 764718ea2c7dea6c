"""The vendor's own shop."""

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import NotFound
from app.models import Shop
from app.services import locks


class ShopNotFound(NotFound):
    code = "SHOP_NOT_FOUND"
    message = "Shop not found"


_OWN = select(Shop.id).where(Shop.owner_id == bindparam("owner_id"))


def own_shop(session: Session | Connection, caller: Caller) -> int:
    """The id of the caller's shop. A step. Raises ShopNotFound."""
    shop_id = session.execute(_OWN, {"owner_id": caller.user_id}).scalar_one_or_none()
    if shop_id is None:
        raise ShopNotFound
    return int(shop_id)


def locked_shop(session: Session, caller: Caller) -> Shop:
    """The caller's shop, locked. A step. Raises ShopNotFound."""
    shop = locks.shop_of(session, owner_id=caller.user_id)
    if shop is None:
        raise ShopNotFound
    return shop
