"""Opening a shop: one for each vendor, on a stock location of its own."""

from typing import Any

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import LocationKind
from app.errors import Conflict
from app.models import Shop, StockLocation, User, VendorProfile
from app.schemas.shops import NewShop
from app.services import audit, changes
from app.services.refusals import refused_as
from app.transaction import transaction


class NoVendorProfile(Conflict):
    code = "VENDOR_PROFILE_REQUIRED"
    message = "Vendor profile not found. Please complete vendor onboarding first."


class ShopExists(Conflict):
    code = "SHOP_EXISTS"
    message = "Shop already exists for this vendor"


_REFUSALS = {"uq_shops_owner_id": ShopExists}


def create(form: NewShop, caller: Caller) -> int:
    """Open the caller's shop where they live; its id. Raises NoVendorProfile, ShopExists."""
    with transaction() as session:
        owner = session.get_one(User, caller.user_id)
        if session.get(VendorProfile, caller.user_id) is None or owner.city is None or owner.society is None:
            raise NoVendorProfile
        values = form.model_dump(exclude={"shop_name"})
        values |= {"city": owner.city, "society": owner.society, "phone": owner.phone}
        shop_id = _add(session, form.shop_name, caller, values)
        new = changes.in_json({**form.model_dump(), "city": owner.city, "society": owner.society})
        audit.record(session, entity_type="shop", action="CREATE", entity_id=shop_id, by=caller, new=new)
        return shop_id


def _add(session: Session, name: str, caller: Caller, values: dict[str, Any]) -> int:
    """Of two calls at once the database lets one through."""
    place = StockLocation(kind=LocationKind.SHOP, name=name, address=address_of(values["society"], values["city"]))
    session.add(place)
    session.flush()
    session.add(Shop(id=place.id, owner_id=caller.user_id, **values))
    with refused_as(_REFUSALS):
        session.flush()
    return place.id


def address_of(society: str, city: str) -> str:
    """What the stock location of a shop has as its address."""
    return f"{society}, {city}"
