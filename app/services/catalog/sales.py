"""Putting a product on sale for a time, and taking it off again."""

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import BadRequest, NotFound
from app.models import Product
from app.schemas.money import money_number
from app.schemas.sales import Sale, SaleForm
from app.services import changes
from app.services.catalog.editing_products import locked
from app.services.catalog.prices import ON_SALE
from app.transaction import transaction


class SaleNotFound(NotFound):
    code = "SALE_NOT_FOUND"
    message = "This product has no sale."


class SaleNotBelowPrice(BadRequest):
    """`details.price` is the ordinary price."""

    code = "SALE_NOT_BELOW_PRICE"
    message = "A sale price must be below the ordinary price; details.price names it."


class SalePeriodRefused(BadRequest):
    code = "SALE_PERIOD_REFUSED"
    message = "A sale must end after it starts, and in the future."


def put(form: SaleForm, caller: Caller, *, product_id: int) -> Sale:
    """Set a product's one sale; an earlier one is replaced.

    Raises NotFound, SaleNotBelowPrice, SalePeriodRefused.
    """
    with transaction() as session:
        product = locked(session, product_id)
        now = session.execute(select(func.now())).scalar_one()
        starts_at = form.starts_at or now
        if form.ends_at <= max(starts_at, now):
            raise SalePeriodRefused
        if form.sale_price >= product.price:
            raise SaleNotBelowPrice(details={"price": money_number(product.price)})
        values = {"sale_price": form.sale_price, "sale_starts_at": starts_at, "sale_ends_at": form.ends_at}
        _change(session, product, values, caller)
        return _sale(session, product)


def end(caller: Caller, *, product_id: int) -> None:
    """Take a product off sale, begun or not. Raises NotFound, SaleNotFound."""
    with transaction() as session:
        product = locked(session, product_id)
        if product.sale_price is None:
            raise SaleNotFound
        _change(session, product, {"sale_price": None, "sale_starts_at": None, "sale_ends_at": None}, caller)


def _change(session: Session, product: Product, values: changes.Values, caller: Caller) -> None:
    change = changes.apply(product, values)
    changes.record(session, change, entity_type="product", entity_id=product.id, by=caller)


_SALE = select(
    Product.id.label("product_id"),
    Product.price,
    Product.sale_price,
    Product.sale_starts_at.label("starts_at"),
    Product.sale_ends_at.label("ends_at"),
    ON_SALE.label("is_on"),
).where(Product.id == bindparam("product_id", type_=BigInteger))


def _sale(session: Session, product: Product) -> Sale:
    session.flush()
    return Sale.model_validate(session.execute(_SALE, {"product_id": product.id}).one())
