"""One product, by its id or by a barcode, with all that is shown of it."""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, select

from app.config import settings
from app.domain.gtin import InvalidGtin, normalise_gtin
from app.errors import BadRequest, NotFound
from app.models import Product
from app.prepared import Prepared
from app.schemas.written import Json
from app.services.catalog import conditions
from app.services.catalog.shown import as_json


class GtinRefused(BadRequest):
    code = "INVALID_GTIN"
    message = "This is not a barcode: it needs 8, 12, 13 or 14 digits, the last of which is the check digit."


def by_id(product_id: int, *, branch_id: int | None) -> Json:
    """An active product of an active category. Raises NotFound."""
    return _only(_by_id(branch=branch_id is not None), product_id=product_id, branch_id=branch_id)


def by_gtin(gtin: str, *, branch_id: int | None) -> Json:
    """The active product with a barcode. Raises GtinRefused for a malformed one, NotFound for an unknown one."""
    try:
        padded = normalise_gtin(gtin)
    except InvalidGtin as error:
        raise GtinRefused(f"Not a barcode: {error}.") from None
    return _only(_by_gtin(branch=branch_id is not None), gtin=padded, branch_id=branch_id)


@cache
def _by_id(*, branch: bool) -> Prepared:
    return _one(Product.id == bindparam("product_id", type_=BigInteger), branch=branch)


@cache
def _by_gtin(*, branch: bool) -> Prepared:
    return _one(conditions.with_barcode(), branch=branch)


def _one(condition: conditions.Condition, *, branch: bool) -> Prepared:
    place = select(Product.id).where(condition, *conditions.listed()).subquery("place")
    return Prepared(as_json(place, branch=branch))


def _only(statement: Prepared, **parameters: Any) -> Json:
    row = statement.first(currency=settings().currency, **parameters)
    if row is None:
        raise NotFound
    return Json(row.product)
