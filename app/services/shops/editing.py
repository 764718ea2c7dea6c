"""Editing a shop. What only the office decides (verified, featured, suspended) is not among it."""

from app.domain.caller import Caller
from app.models import Shop, StockLocation
from app.schemas.shops import ShopChange
from app.services import changes
from app.services.shops.making import address_of
from app.services.shops.own import locked_shop
from app.services.shops.switching import turn
from app.transaction import transaction

_OF_PLACE = {"shop_name"}
_OF_SWITCH = {"is_open"}


def change(form: ShopChange, caller: Caller) -> None:
    """Change what the form names of the caller's shop; opening and closing is logged. Raises ShopNotFound."""
    given = form.model_dump(exclude_none=True, exclude=_OF_PLACE | _OF_SWITCH)
    if "logo_url" in form.model_fields_set:
        given["logo_url"] = form.logo_url
    with transaction() as session:
        shop = locked_shop(session, caller)
        done = changes.apply(shop, given)
        done = done.and_then(_rename(shop, session.get_one(StockLocation, shop.id), form))
        if form.is_open is not None:
            done = done.and_then(turn(session, shop, caller, is_open=form.is_open))
        changes.record(session, done, entity_type="shop", entity_id=shop.id, by=caller)


def _rename(shop: Shop, place: StockLocation, form: ShopChange) -> changes.Change:
    """Name and address stand on the stock location, which nobody but the locked shop's owner edits."""
    given = {"name": form.shop_name} if form.shop_name else {}
    if form.society:
        given["address"] = address_of(form.society, shop.city)
    return changes.apply(place, given)
