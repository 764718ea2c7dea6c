"""Finding a vendor's item; another shop's is not found."""

from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models.base import AnyRow
from app.services import locks


class ItemNotFound(NotFound):
    code = "ITEM_NOT_FOUND"
    message = "Item not found or unauthorized"


def locked_item(session: Session, *, shop_id: int, item_id: int) -> AnyRow:
    """An item of the shop that was not removed, locked. A step. Raises ItemNotFound."""
    item = locks.shop_item(session, shop_id=shop_id, item_id=item_id)
    if item is None:
        raise ItemNotFound
    return item
