"""The branches that hold the supermarket's stock, and the products that may lie there."""

from collections.abc import Collection

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.domain.enums import BRANCH_KINDS
from app.errors import NotFound
from app.models import Product, StockLocation


class StockProductNotFound(NotFound):
    message = "The supermarket has no such product."


class StockNotFound(NotFound):
    message = "The branch keeps no stock of this product, or you do not work there."


_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_BRANCHES = select(StockLocation.id).where(StockLocation.id == _IDS.any_(), StockLocation.kind.in_(BRANCH_KINDS))
_PRODUCTS = select(Product.id).where(Product.id == _IDS.any_(), Product.shop_id.is_(None))


def known_branches(session: Session, ids: Collection[int]) -> set[int]:
    """Those of the ids that are branches. A step."""
    return set(session.scalars(_BRANCHES, {"ids": list(ids)}))


def known_products(session: Session, ids: Collection[int]) -> set[int]:
    """Those of the ids that are products of the supermarket. A step."""
    return set(session.scalars(_PRODUCTS, {"ids": list(ids)}))
