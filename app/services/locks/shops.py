"""Vendors' shops. The row of `shops` stands for its stock location, its hours, its holidays and its log."""

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from app.models import Shop

_SHOP = select(Shop).with_for_update(key_share=True).execution_options(populate_existing=True)
_OF_OWNER = _SHOP.where(Shop.owner_id == bindparam("owner_id", type_=BigInteger))
_BY_ID = _SHOP.where(Shop.id == bindparam("shop_id", type_=BigInteger))


def shop_of(session: Session, *, owner_id: int) -> Shop | None:
    """The shop of a vendor, locked."""
    return session.execute(_OF_OWNER, {"owner_id": owner_id}).scalar_one_or_none()


def shop(session: Session, *, shop_id: int) -> Shop | None:
    """A vendor's shop, locked."""
    return session.execute(_BY_ID, {"shop_id": shop_id}).scalar_one_or_none()
