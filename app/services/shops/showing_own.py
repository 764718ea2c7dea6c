"""A shop as its vendor sees it."""

from typing import Any

from sqlalchemy import Select, bindparam, select

from app.domain.caller import Caller
from app.models import Shop, StockLocation
from app.schemas.shops import OwnShop
from app.services.shops.opening import open_now, this_moment
from app.services.shops.own import ShopNotFound
from app.services.shops.rating import RATING
from app.transaction import reading

_COMPUTED = {"shop_name", "is_open_now", "suspended", "rating"}
_COLUMNS = tuple(Shop.__table__.c[name] for name in OwnShop.model_fields if name not in _COMPUTED)


def mine(caller: Caller) -> OwnShop:
    """The caller's shop (one statement). Raises ShopNotFound."""
    with reading() as connection:
        row = connection.execute(_statement(), {"owner_id": caller.user_id, **this_moment()}).one_or_none()
    if row is None:
        raise ShopNotFound
    return OwnShop.model_validate(row)


def _statement() -> Select[Any]:
    """Whether a shop may sell depends on the settings, so that it is not built for all at once."""
    return (
        select(
            *_COLUMNS,
            StockLocation.name.label("shop_name"),
            (~StockLocation.is_active).label("suspended"),
            open_now().label("is_open_now"),
            RATING,
        )
        .join(StockLocation, StockLocation.id == Shop.id)
        .where(Shop.owner_id == bindparam("owner_id"))
    )
