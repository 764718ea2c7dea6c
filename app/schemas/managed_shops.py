"""Vendors and their shops as the office reviews them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import StringConstraints

from app.domain.enums import ReviewStatus
from app.schemas.envelope import Answer, Instant, LenientRequest, Printable
from app.schemas.money import Money, Number
from app.schemas.pagination import NONE_IF_BLANK, Page
from app.schemas.shops import OpenInterval
from app.schemas.text import Line
from app.schemas.vendors import Document, ShownPayoutBank, VendorBusiness

Sought = Annotated[Annotated[Printable, StringConstraints(max_length=100)] | None, NONE_IF_BLANK]
Note = Annotated[Line, StringConstraints(min_length=2, max_length=400)]


class ManagedShopQuery(Page):
    """`q` is a part of the shop's name, city, society or phone number, in any case."""

    q: Sought = None
    verified: bool | None = None
    featured: bool | None = None
    suspended: bool | None = None


class ManagedShop(Answer):
    """`suspended`: the shop sells nothing until it is reinstated. `kyc_status` is that of its vendor."""

    id: int
    name: str
    shop_type: str
    city: str
    society: str
    phone: str | None
    owner_id: int
    owner_name: str
    kyc_status: ReviewStatus | None
    is_open: bool
    verified: bool
    featured: bool
    suspended: bool
    rating: Number | None
    rating_count: int
    created_at: Instant


class ManagedShopDetails(ManagedShop):
    description: str
    category_tags: str
    logo_url: str | None
    delivers: bool
    appointment_only: bool
    minimum_order: Money
    delivery_fee: Money
    last_opened_at: Instant | None
    last_closed_at: Instant | None
    weekly_hours: list[OpenInterval]


class SuspendShop(LenientRequest):
    """`reason` is told to the vendor."""

    example: ClassVar[Mapping[str, Any]] = {"reason": "The licence has run out."}

    reason: Note


class ManagedVendorQuery(Page):
    """`q` is a part of the name, phone number or e-mail address of the vendor, or of the business's name."""

    q: Sought = None
    kyc_status: ReviewStatus | None = None


class ManagedVendor(Answer):
    """`kyc_status` is null while there is no profile yet; `pending_documents` wait for a review."""

    user_id: int
    full_name: str
    phone: str | None
    email: str | None
    city: str | None
    society: str | None
    is_active: bool
    business_name: str | None
    kyc_status: ReviewStatus | None
    pending_documents: int
    shop_id: int | None
    shop_name: str | None
    created_at: Instant


class ManagedVendorDetails(ManagedVendor):
    """`documents` are the newest 100; the account number of `bank` is masked to its end."""

    profile: VendorBusiness | None
    documents: list[Document]
    bank: ShownPayoutBank | None


class Approval(LenientRequest):
    """`note` is told to the vendor."""

    example: ClassVar[Mapping[str, Any]] = {"note": "All papers are in order."}

    note: Note | None = None


class Rejection(LenientRequest):
    """`note` is told to the vendor: what is to be put right."""

    example: ClassVar[Mapping[str, Any]] = {"note": "The PAN card cannot be read."}

    note: Note


class ReviewedVendor(VendorBusiness):
    user_id: int


class ReviewedDocument(Document):
    user_id: int
