"""Vendors as the office finds them, with their business, papers, bank and shop."""

from typing import Any

from sqlalchemy import BigInteger, Select, String, bindparam, cast, func, literal_column, or_, select

from app.domain.enums import ReviewStatus, Role
from app.errors import NotFound
from app.models import Shop, StockLocation, User, VendorDocument, VendorProfile
from app.schemas.envelope import PageMeta
from app.schemas.managed_shops import ManagedVendor, ManagedVendorDetails, ManagedVendorQuery
from app.schemas.vendors import Document, VendorBusiness
from app.services.containing import contains
from app.services.pages import paged_and_capped, read_page
from app.services.vendors.banks import bank_of
from app.services.vendors.documents import OF_VENDOR
from app.transaction import reading


class VendorNotFound(NotFound):
    code = "VENDOR_NOT_FOUND"
    message = "There is no such vendor."


_MOST_DOCUMENTS = 100

_PENDING_DOCUMENTS = (
    select(func.count())
    .where(VendorDocument.user_id == User.id, VendorDocument.status == ReviewStatus.PENDING)
    .correlate(User)
    .scalar_subquery()
)
_COLUMNS = (
    User.id,
    User.id.label("user_id"),
    User.full_name,
    User.phone,
    User.email,
    User.city,
    User.society,
    User.is_active,
    VendorProfile.business_name,
    VendorProfile.kyc_status,
    _PENDING_DOCUMENTS.label("pending_documents"),
    Shop.id.label("shop_id"),
    StockLocation.name.label("shop_name"),
    User.created_at,
)
_VENDORS: Select[*tuple[Any, ...]] = (
    select(*_COLUMNS)
    .select_from(User)
    .outerjoin(VendorProfile, VendorProfile.user_id == User.id)
    .outerjoin(Shop, Shop.owner_id == User.id)
    .outerjoin(StockLocation, StockLocation.id == Shop.id)
    .where(User.role == Role.VENDOR)
)
_PART = bindparam("q", type_=String)
_STATUS = bindparam("kyc_status", type_=String)
_LISTED = paged_and_capped(
    _VENDORS.where(
        or_(
            _PART.is_(None),
            contains(User.full_name, _PART),
            contains(User.phone, _PART),
            contains(User.email, _PART),
            contains(VendorProfile.business_name, _PART),
        ),
        or_(_STATUS.is_(None), cast(VendorProfile.kyc_status, String) == _STATUS),
    ),
    User.id,
)
_PROFILE = {name: VendorProfile.__table__.c[name] for name in VendorBusiness.model_fields}
_ONE = _VENDORS.add_columns(*(column.label(f"profile_{name}") for name, column in _PROFILE.items())).where(
    User.id == bindparam("user_id", type_=BigInteger)
)
_NEWEST = OF_VENDOR.order_by(VendorDocument.id.desc()).limit(literal_column(str(_MOST_DOCUMENTS)))


def page(query: ManagedVendorQuery) -> tuple[list[ManagedVendor], PageMeta]:
    """A page of the vendors asked for, oldest first (one statement). Raises ValidationFailed for a strange cursor."""
    rows, meta = read_page(_LISTED, query, {"q": query.q, "kyc_status": query.kyc_status})
    return [ManagedVendor.model_validate(row) for row in rows], meta


def show(*, user_id: int) -> ManagedVendorDetails:
    """A vendor with business, papers and bank (three statements). Raises VendorNotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"user_id": user_id}).one_or_none()
        if row is None:
            raise VendorNotFound
        papers = [Document.model_validate(paper) for paper in connection.execute(_NEWEST, {"user_id": user_id})]
        bank = bank_of(connection, user_id=user_id)
    vendor = ManagedVendor.model_validate(row)
    return ManagedVendorDetails(**vendor.model_dump(), profile=_profile(row._mapping), documents=papers, bank=bank)


def _profile(row: Any) -> VendorBusiness | None:
    if row["kyc_status"] is None:
        return None
    return VendorBusiness.model_validate({name: row[f"profile_{name}"] for name in _PROFILE})
