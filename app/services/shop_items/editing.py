"""A vendor adds items to the shop, changes them, switches them and takes them out."""

from sqlalchemy import BigInteger, bindparam, func, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import Conflict, ValidationFailed
from app.models import Product, ShopItem
from app.schemas.shop_items import ItemAdded, ItemChange, ItemToggled, NewItem, mrp_below_price
from app.services import audit, locks
from app.services.refusals import refused_as
from app.services.shop_items import stocking, writing
from app.services.shop_items.finding import locked_item
from app.services.shops.own import own_shop
from app.transaction import transaction


class SkuTaken(Conflict):
    code = "SKU_TAKEN"
    message = "Another item of the shop has this SKU. Choose another one."


_REFUSALS = {"uq_products_shop_id_sku": SkuTaken}
_NEVER_EMPTY = {"title", "price", "unit", "sku", "quantity_in_stock"}
_ID = bindparam("item_id", type_=BigInteger)
_SWITCH = update(ShopItem).where(ShopItem.product_id == _ID).values(is_available=bindparam("on"))
# A removed item gives its SKU back, so that the vendor can use it again.
_REMOVE = (
    update(Product)
    .where(Product.id == _ID)
    .values(is_active=False, sku=func.left(Product.sku, 40).concat("~").concat(Product.id))
)


def add(form: NewItem, caller: Caller) -> ItemAdded:
    """Add an item with its stock to the caller's shop. Raises ShopNotFound or SkuTaken."""
    with transaction() as session:
        shop_id = own_shop(session, caller)
        locks.shop_range(session, shop_id=shop_id)
        with refused_as(_REFUSALS):
            (item_id,) = writing.make(session, [form.model_dump()], shop_id=shop_id, by=caller)
    return ItemAdded(message="Item added", item_id=item_id)


def change(form: ItemChange, caller: Caller, *, item_id: int) -> None:
    """Change what the form names; `quantity_in_stock` sets the pieces that can be sold.

    Raises ShopNotFound, ItemNotFound, SkuTaken, or ValidationFailed for an mrp below the price.
    """
    given = form.model_dump(exclude_unset=True)
    values = {name: value for name, value in given.items() if value is not None or name not in _NEVER_EMPTY}
    if "description" in values:
        values["description"] = values["description"] or ""
    stock = values.pop("quantity_in_stock", None)
    with transaction() as session:
        shop_id = own_shop(session, caller)
        locks.shop_range(session, shop_id=shop_id)
        item = locked_item(session, shop_id=shop_id, item_id=item_id)
        _check_printed_price(writing.facts(item) | values)
        stocking.write(session, {} if stock is None else {item_id: stock}, shop_id=shop_id, by=caller)
        with refused_as(_REFUSALS):
            writing.change(session, [(item, values)], by=caller)


def toggle(caller: Caller, *, item_id: int) -> ItemToggled:
    """Offer an item, or stop offering it. Raises ShopNotFound or ItemNotFound."""
    with transaction() as session:
        item = locked_item(session, shop_id=own_shop(session, caller), item_id=item_id)
        switched = not item.is_available
        session.execute(_SWITCH, {"item_id": item_id, "on": switched})
        old = {"is_available": item.is_available}
        _audit(session, caller, item_id, "UPDATE", old=old, new={"is_available": switched})
    return ItemToggled(message="Item availability updated", is_available=switched)


def remove(caller: Caller, *, item_id: int) -> None:
    """Take an item out of the shop for good; orders that have it keep it. Raises ShopNotFound or ItemNotFound."""
    with transaction() as session:
        item = locked_item(session, shop_id=own_shop(session, caller), item_id=item_id)
        session.execute(_REMOVE, {"item_id": item_id})
        old = {"is_active": True, "sku": item.sku}
        _audit(session, caller, item_id, "DELETE", old=old, new={"is_active": False})


def _check_printed_price(values: writing.Values) -> None:
    """Raises ValidationFailed for an mrp below the price."""
    if mrp_below_price(values["price"], values["mrp"]):
        fault = {"loc": ["body", "mrp"], "msg": "mrp must not be below price", "type": "value_error"}
        raise ValidationFailed(details={"errors": [fault]})


def _audit(
    session: Session, caller: Caller, item_id: int, action: str, *, old: writing.Values, new: writing.Values
) -> None:
    audit.record(session, entity_type="shop_item", action=action, entity_id=item_id, by=caller, old=old, new=new)
