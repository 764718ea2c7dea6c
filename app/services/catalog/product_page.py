"""One product, by its id or by a barcode, with all that is shown of it."""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, select

from app.config import settings
from app.domain.gtin import InvalidGtin, normalise_gtin
from app.errors import BadRequest, NotFound
from app.models import Product
from app.schemas import catalog as schemas
from app.services.catalog import conditions
from app.services.catalog.shown import product_of, with_details
from app.transaction import reading


class GtinRefused(BadRequest):
    code = "INVALID_GTIN"
    message = "This is not a barcode: it needs 8, 12, 13 or 14 digits, the last of which is the check digit."


def by_id(product_id: int, *, branch_id: int | None) -> schemas.Product:
    """An active product of an active category. Raises NotFound."""
    return _only(_by_id(branch=branch_id is not None), product_id=product_id, branch_id=branch_id)


def by_gtin(gtin: str, *, branch_id: int | None) -> schemas.Product:
    """The active product with a barcode. Raises GtinRefused for a malformed one, NotFound for an unknown one."""
    try:
        padded = normalise_gtin(gtin)
    except InvalidGtin as error:
        raise GtinRefused(f"Not a barcode: {error}.") from None
    return _only(_by_gtin(branch=branch_id is not None), gtin=padded, branch_id=branch_id)


@cache
def _by_id(*, branch: bool) -> Select[Any]:
    return _one(Product.id == bindparam("product_id", type_=BigInteger), branch=branch)


@cache
def _by_gtin(*, branch: bool) -> Select[Any]:
    return _one(conditions.with_barcode(), branch=branch)


def _one(condition: conditions.Condition, *, branch: bool) -> Select[Any]:
    place = select(Product.id).where(condition, *conditions.listed()).subquery("place")
    return with_details(place, branch=branch)


def _only(statement: Select[Any], **parameters: Any) -> schemas.Product:
    with reading() as connection:
        row = connection.execute(statement, parameters).one_or_none()
    if row is None:
        raise NotFound
    return product_of(row, settings().currency)
