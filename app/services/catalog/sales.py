"""Putting a product on sale for a time, and taking it off again."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import BadRequest, NotFound
from app.models import Product
from app.schemas.money import money_number
from app.schemas.sales import Sale, SaleForm
from app.services import audit, changes, locks
from app.services.catalog.prices import ON_SALE
from app.transaction import transaction


class ManagedProductNotFound(NotFound):
    code = "PRODUCT_NOT_FOUND"
    message = "There is no such product."


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

    Raises ManagedProductNotFound, SaleNotBelowPrice, SalePeriodRefused.
    """
    now = datetime.now(UTC)
    starts_at = form.starts_at or now
    if form.ends_at <= max(starts_at, now):
        raise SalePeriodRefused
    with transaction() as session:
        product = _locked(session, product_id)
        if form.sale_price >= product.price:
            raise SaleNotBelowPrice(details={"price": money_number(product.price)})
        values = {"sale_price": form.sale_price, "sale_starts_at": starts_at, "sale_ends_at": form.ends_at}
        _change(session, product, values, caller)
        return _sale(session, product)


def end(caller: Caller, *, product_id: int) -> None:
    """Take a product off sale, begun or not. Raises ManagedProductNotFound, SaleNotFound."""
    with transaction() as session:
        product = _locked(session, product_id)
        if product.sale_price is None:
            raise SaleNotFound
        _change(session, product, {"sale_price": None, "sale_starts_at": None, "sale_ends_at": None}, caller)


def _locked(session: Session, product_id: int) -> Product:
    product = locks.product(session, product_id=product_id)
    if product is None:
        raise ManagedProductNotFound
    return product


def _change(session: Session, product: Product, values: changes.Values, caller: Caller) -> None:
    change = changes.apply(product, values)
    if change:
        audit.record(
            session,
            entity_type="product",
            action="UPDATE",
            entity_id=product.id,
            by=caller,
            old=change.old,
            new=change.new,
        )


def _sale(session: Session, product: Product) -> Sale:
    is_on = session.execute(select(ON_SALE).where(Product.id == product.id)).scalar_one()
    return Sale(
        product_id=product.id,
        price=product.price,
        sale_price=product.sale_price,
        starts_at=product.sale_starts_at,
        ends_at=product.sale_ends_at,
        is_on=is_on,
    )
