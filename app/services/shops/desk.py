"""Vendors' shops as the office finds them."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Select, String, bindparam, cast, or_, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Shop, StockLocation, User, VendorProfile
from app.schemas.envelope import PageMeta
from app.schemas.managed_shops import ManagedShop, ManagedShopDetails, ManagedShopQuery
from app.services.containing import contains
from app.services.pages import paged_and_capped, read_page
from app.services.shops.hours import weekly_hours
from app.services.shops.rating import RATING
from app.transaction import reading


class ManagedShopNotFound(NotFound):
    code = "SHOP_NOT_FOUND"
    message = "There is no such shop."


_ELSEWHERE = {"name", "owner_name", "kyc_status", "suspended", "rating", "weekly_hours"}
_SUSPENDED = ~StockLocation.is_active
_PART = bindparam("q", type_=String)


def _select(fields: dict[str, Any]) -> Select[Any]:
    return (
        select(
            *(Shop.__table__.c[name] for name in fields if name not in _ELSEWHERE),
            StockLocation.name,
            User.full_name.label("owner_name"),
            VendorProfile.kyc_status,
            _SUSPENDED.label("suspended"),
            RATING,
        )
        .select_from(Shop)
        .join(StockLocation, StockLocation.id == Shop.id)
        .join(User, User.id == Shop.owner_id)
        .outerjoin(VendorProfile, VendorProfile.user_id == Shop.owner_id)
    )


def _is(column: Any, name: str) -> Any:
    wanted = cast(bindparam(name, type_=Boolean), Boolean)
    return or_(wanted.is_(None), column == wanted)


_ONE = _select(ManagedShop.model_fields).where(Shop.id == bindparam("shop_id", type_=BigInteger))
_DETAILS = _select(ManagedShopDetails.model_fields).where(Shop.id == bindparam("shop_id", type_=BigInteger))
_LISTED = paged_and_capped(
    _select(ManagedShop.model_fields).where(
        or_(
            _PART.is_(None),
            contains(StockLocation.name, _PART),
            contains(Shop.city, _PART),
            contains(Shop.society, _PART),
            contains(Shop.phone, _PART),
        ),
        _is(Shop.verified, "verified"),
        _is(Shop.featured, "featured"),
        _is(_SUSPENDED, "suspended"),
    ),
    Shop.id,
)


def page(query: ManagedShopQuery) -> tuple[list[ManagedShop], PageMeta]:
    """A page of the shops asked for, oldest first (one statement). Raises ValidationFailed for a strange cursor."""
    asked = query.model_dump(include={"q", "verified", "featured", "suspended"})
    rows, meta = read_page(_LISTED, query, asked)
    return [ManagedShop.model_validate(row) for row in rows], meta


def show(*, shop_id: int) -> ManagedShopDetails:
    """A shop in full (two statements). Raises ManagedShopNotFound."""
    with reading() as connection:
        row = connection.execute(_DETAILS, {"shop_id": shop_id}).one_or_none()
        if row is None:
            raise ManagedShopNotFound
        week = weekly_hours(connection, shop_id=shop_id)
    return ManagedShopDetails.model_validate({**row._mapping, "weekly_hours": week})


def read(session: Session, *, shop_id: int) -> ManagedShop:
    """A shop that is known to be there, as the list shows it. A step."""
    return ManagedShop.model_validate(session.execute(_ONE, {"shop_id": shop_id}).one())
