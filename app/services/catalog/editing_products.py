"""Products of the supermarket's own range as managers edit them; a vendor's are not found here.

Nothing is ever removed: a product is switched off and on. Sale prices have a use case of their own.
"""

from collections.abc import Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import SoldBy
from app.domain.import_rows import search_text
from app.domain.search_text import normalise
from app.errors import BadRequest, Conflict, NotFound
from app.models import Category, Product, ProductGtin
from app.schemas.managed_catalog import ManagedProduct, NewProduct, ProductChange, ProductDetails
from app.services import audit, changes, locks
from app.services.catalog import managed_products, vocabulary
from app.services.refusals import refused_as
from app.transaction import transaction


class DuplicateSku(BadRequest):
    code = "DUPLICATE_SKU"
    message = "Another product has this SKU. Choose another one."


class DuplicateGtin(Conflict):
    code = "DUPLICATE_GTIN"
    message = "Another product has one of these barcodes. Take it off there first."


class CategoryUnknown(NotFound):
    message = "There is no category with this category_id."


class EstimateRequired(BadRequest):
    code = "ESTIMATED_WEIGHT_REQUIRED"
    message = "A product sold by weight needs estimated_weight_grams, the expected weight of one piece."


class PriceRequired(Conflict):
    code = "PRICE_REQUIRED"
    message = "The product has no price yet. Give it one, then activate it."


_REFUSALS = {"uq_products_shop_id_sku": DuplicateSku, "uq_product_gtins_shop_id_gtin": DuplicateGtin}
_MAY_BE_EMPTY = set(ProductDetails.model_fields)
_COLUMN = {"nutritional_info": "nutrition"}


def create(form: NewProduct, caller: Caller) -> ManagedProduct:
    """Add a product, on sale at once and without stock.

    Raises CategoryUnknown, EstimateRequired, DuplicateSku, DuplicateGtin.
    """
    values = form.model_dump(exclude={"gtins"})
    with transaction() as session:
        product = Product(**_columns(values))
        _complete(session, product)
        session.add(product)
        with refused_as(_REFUSALS):
            session.flush()
            _set_gtins(session, product, form.gtins)
        new = changes.in_json({**values, "gtins": form.gtins})
        audit.record(session, entity_type="product", action="CREATE", entity_id=product.id, by=caller, new=new)
        vocabulary.add_products(session, [product.id])
    return managed_products.show(product.id)


def change(form: ProductChange, caller: Caller, *, product_id: int) -> ManagedProduct:
    """Change what the form names. Orders placed keep their price; carts take the new one.

    Raises NotFound, CategoryUnknown, EstimateRequired, DuplicateSku, DuplicateGtin.
    """
    given = form.model_dump(exclude_unset=True)
    values = {name: value for name, value in given.items() if value is not None or name in _MAY_BE_EMPTY}
    gtins = values.pop("gtins", None)
    with transaction() as session:
        product = locked(session, product_id)
        change = changes.apply(product, _columns(values))
        _complete(session, product)
        with refused_as(_REFUSALS):
            session.flush()
            change = _with_gtins(change, _set_gtins(session, product, gtins))
        changes.record(session, change, entity_type="product", entity_id=product.id, by=caller)
        if "name" in change.new:
            vocabulary.add_products(session, [product.id])
    return managed_products.show(product_id)


def switch(caller: Caller, *, product_id: int, active: bool) -> ManagedProduct:
    """Put a product on sale or take it off. Raises NotFound, PriceRequired."""
    with transaction() as session:
        product = locked(session, product_id)
        if active and not product.price:
            raise PriceRequired
        change = changes.apply(product, {"is_active": active})
        if change:
            action = "ACTIVATE" if active else "DEACTIVATE"
            changes.record(session, change, entity_type="product", action=action, entity_id=product.id, by=caller)
            vocabulary.add_products(session, [product.id])
    return managed_products.show(product_id)


def locked(session: Session, product_id: int) -> Product:
    """A product of the supermarket's own range, locked. A step. Raises NotFound."""
    product = locks.product(session, product_id=product_id)
    if product is None:
        raise NotFound("There is no such product.")
    return product


def _columns(values: changes.Values) -> changes.Values:
    """The fields of a form under the names of the columns."""
    return {_COLUMN.get(name, name): value for name, value in values.items()}


def _complete(session: Session, product: Product) -> None:
    """Check what concerns several fields, and set what follows from others."""
    with session.no_autoflush:
        if not session.execute(select(exists().where(Category.id == product.category_id))).scalar_one():
            raise CategoryUnknown
    if product.sold_by is SoldBy.WEIGHT and product.estimated_weight_grams is None:
        raise EstimateRequired
    product.search_name = normalise(product.name)
    product.search_text = search_text(product.brand, product.description)


def _set_gtins(session: Session, product: Product, gtins: Sequence[str] | None) -> changes.Change:
    """Make these the product's barcodes; None leaves them as they are. Flushes."""
    if gtins is None:
        return changes.Change({}, {})
    statement = select(ProductGtin.gtin).where(ProductGtin.product_id == product.id).order_by(ProductGtin.gtin)
    before, after = session.execute(statement).scalars().all(), sorted(set(gtins))
    if list(before) == after:
        return changes.Change({}, {})
    gone = set(before) - set(after)
    session.execute(delete(ProductGtin).where(ProductGtin.product_id == product.id, ProductGtin.gtin.in_(gone)))
    session.add_all(ProductGtin(product_id=product.id, gtin=gtin) for gtin in after if gtin not in before)
    session.flush()
    return changes.Change({"gtins": list(before)}, {"gtins": after})


def _with_gtins(change: changes.Change, gtins: changes.Change) -> changes.Change:
    return changes.Change({**change.old, **gtins.old}, {**change.new, **gtins.new})
