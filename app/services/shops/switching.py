"""Opening and closing a shop by its switch, and the log of that."""

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import ShopEvent
from app.models import Shop, ShopStatusChange
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page
from app.schemas.shops import StatusLogEntry
from app.services import changes
from app.services.pages import newest_first
from app.services.shops.own import locked_shop, own_shop
from app.transaction import reading, transaction

_LOG = select(ShopStatusChange.id, ShopStatusChange.event, ShopStatusChange.created_at).where(
    ShopStatusChange.shop_id == bindparam("shop_id", type_=BigInteger)
)


def switch(caller: Caller, *, is_open: bool) -> None:
    """Open or close the caller's shop; where it is so already, nothing is stamped or logged. Raises ShopNotFound."""
    with transaction() as session:
        shop = locked_shop(session, caller)
        done = turn(session, shop, caller, is_open=is_open)
        changes.record(session, done, entity_type="shop", action="SWITCH", entity_id=shop.id, by=caller)


def turn(session: Session, shop: Shop, caller: Caller, *, is_open: bool) -> changes.Change:
    """Set the switch of a locked shop, stamp the moment and write the log, if it changes anything. A step."""
    done = changes.apply(shop, {"is_open": is_open})
    if done:
        setattr(shop, "last_opened_at" if is_open else "last_closed_at", func.now())
        event = ShopEvent.OPENED if is_open else ShopEvent.CLOSED
        session.add(ShopStatusChange(shop_id=shop.id, event=event, actor_user_id=caller.user_id))
    return done


def log(query: Page, caller: Caller) -> tuple[list[StatusLogEntry], PageMeta]:
    """A page of when the caller's shop was opened and closed, newest first (two statements).

    Raises ShopNotFound and ValidationFailed for a strange cursor.
    """
    with reading() as connection:
        shop_id = own_shop(connection, caller)
    rows, meta = newest_first(_LOG, ShopStatusChange.id, query, {"shop_id": shop_id})
    return [StatusLogEntry.model_validate(row) for row in rows], meta
