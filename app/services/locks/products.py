"""Products: locked alone, or before the vocabulary."""

from collections.abc import Sequence

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.orm import Session

from app.models import Product
from app.services.catalog.prices import PRICE

_PRODUCT = (
    select(Product)
    .where(Product.id == bindparam("product_id"), Product.shop_id.is_(None))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def product(session: Session, *, product_id: int) -> Product | None:
    """A product of the supermarket's own range, active or not, locked."""
    return session.execute(_PRODUCT, {"product_id": product_id}).scalar_one_or_none()


_OUTDATED_PRICES = (
    select(Product.id)
    .where(Product.sale_price.is_not(None), Product.current_price != PRICE)
    .order_by(Product.id)
    .limit(literal_column("200"))
    .with_for_update(key_share=True, skip_locked=True)
)


def outdated_prices(session: Session) -> Sequence[int]:
    """The ids of at most 200 products whose sale began or ended unnoticed; those another sweeper holds are skipped."""
    return session.execute(_OUTDATED_PRICES).scalars().all()
