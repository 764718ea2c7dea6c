"""The office's word on a shop: verified, featured, suspended. The vendor is told at once."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.models import Shop, StockLocation
from app.schemas.managed_shops import ManagedShop
from app.services import changes, locks
from app.services.live.telling import tell
from app.services.shops.desk import ManagedShopNotFound, read
from app.transaction import transaction


def verify(caller: Caller, *, shop_id: int, verified: bool) -> ManagedShop:
    """Say that the office knows the shop, or take it back. Raises ManagedShopNotFound."""
    return _mark(caller, "VERIFY" if verified else "UNVERIFY", {"verified": verified}, shop_id=shop_id)


def feature(caller: Caller, *, shop_id: int, featured: bool) -> ManagedShop:
    """Show the shop among the featured ones, or no longer. Raises ManagedShopNotFound."""
    return _mark(caller, "FEATURE" if featured else "UNFEATURE", {"featured": featured}, shop_id=shop_id)


def suspend(caller: Caller, *, shop_id: int, reason: str) -> ManagedShop:
    """Let the shop sell nothing more; orders it has go on. Raises ManagedShopNotFound."""
    with transaction() as session:
        shop, place = _locked(session, shop_id)
        done = changes.apply(place, {"is_active": False})
        return _finish(session, shop, done, caller, action="SUSPEND", reason=reason)


def reinstate(caller: Caller, *, shop_id: int) -> ManagedShop:
    """Let a suspended shop sell again. Raises ManagedShopNotFound."""
    with transaction() as session:
        shop, place = _locked(session, shop_id)
        done = changes.apply(place, {"is_active": True})
        return _finish(session, shop, done, caller, action="REINSTATE")


def _mark(caller: Caller, action: str, values: changes.Values, *, shop_id: int) -> ManagedShop:
    with transaction() as session:
        shop, _ = _locked(session, shop_id)
        return _finish(session, shop, changes.apply(shop, values), caller, action=action)


def _locked(session: Session, shop_id: int) -> tuple[Shop, StockLocation]:
    """The lock of a shop guards its stock location as well."""
    shop = locks.shop(session, shop_id=shop_id)
    if shop is None:
        raise ManagedShopNotFound
    return shop, session.get_one(StockLocation, shop_id)


def _finish(
    session: Session, shop: Shop, done: changes.Change, caller: Caller, *, action: str, reason: str | None = None
) -> ManagedShop:
    """Audit and tell what really changed; the same word once more does neither."""
    context = {"reason": reason} if reason else None
    changes.record(session, done, entity_type="shop", action=action, entity_id=shop.id, by=caller, context=context)
    session.flush()
    shown = read(session, shop_id=shop.id)
    if done:
        payload = shown.model_dump(include={"verified", "featured", "suspended"})
        news = {"shop_id": shop.id, **payload, "reason": reason}
        tell(session, user_ids=[shop.owner_id], topic="shop.reviewed", payload=news)
    return shown
