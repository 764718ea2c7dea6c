"""A vendor's business, papers and bank."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from app.domain.enums import ReviewStatus
from app.errors import BadRequest
from app.schemas.envelope import Answer, Instant, LenientRequest, Message
from app.schemas.needed import refused_without
from app.schemas.text import Line, Paragraphs
from app.schemas.web_address import WebAddress


class MissingVendorDetails(BadRequest):
    code = "MISSING_VENDOR_DETAILS"
    message = "Missing required vendor details"


class MissingDocument(BadRequest):
    code = "MISSING_DOCUMENT"
    message = "Missing document type or file URL"


def _lower(value: str) -> str:
    return value.lower()


def _upper(value: str) -> str:
    return value.upper()


BusinessType = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
BusinessName = Annotated[Line, StringConstraints(min_length=1, max_length=150)]
BusinessAddress = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=400)]
GstNumber = Annotated[Line, StringConstraints(max_length=30)]
DocumentType = Annotated[
    Line, StringConstraints(min_length=1, max_length=50), AfterValidator(_lower), Field(examples=["pan"])
]
"""aadhaar, pan, shop_license and gst are known; any other short name is taken as well."""

AccountNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9]{4,50}$"), Field(examples=["50100123456789"])
]
IfscCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9]{1,20}$"),
    AfterValidator(_upper),
    Field(examples=["HDFC0001234"]),
]


class NewVendorProfile(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {
        "business_type": "grocery",
        "business_name": "Asha Stores",
        "address": "4 Baner Road, Pune",
        "gst_number": "27ABCDE1234F1Z5",
    }

    business_type: BusinessType
    business_name: BusinessName
    address: BusinessAddress
    gst_number: GstNumber | None = None

    _needed = refused_without(MissingVendorDetails, "business_type", "business_name", "address")


class VendorProfileChange(LenientRequest):
    """What is left out stays, and so does what is null; a null or empty `gst_number` takes the number away."""

    example: ClassVar[Mapping[str, Any]] = {"address": "6 Baner Road, Pune"}

    business_type: BusinessType | None = None
    business_name: BusinessName | None = None
    address: BusinessAddress | None = None
    gst_number: GstNumber | None = None


class VendorBusiness(Answer):
    """`kyc_status` is the office's verdict; `review_note` its reason."""

    business_type: str
    business_name: str
    address: str
    gst_number: str | None
    kyc_status: ReviewStatus
    review_note: str | None
    reviewed_at: Instant | None
    created_at: Instant
    updated_at: Instant


class NewDocument(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {
        "document_type": "pan",
        "file_url": "https://files.example.com/papers/17.pdf",
    }

    document_type: DocumentType
    file_url: Annotated[WebAddress, StringConstraints(max_length=500)]

    _needed = refused_without(MissingDocument, "document_type", "file_url")


class UploadedDocument(Message):
    document_id: int


class Document(Answer):
    """`review_note` is the office's reason for its verdict."""

    id: int
    document_type: str
    file_url: str
    status: ReviewStatus
    review_note: str | None
    reviewed_at: Instant | None
    created_at: Instant


class PayoutBankForm(LenientRequest):
    """Where payouts go. The account number is stored encrypted and never shown whole again."""

    example: ClassVar[Mapping[str, Any]] = {
        "bank_name": "HDFC Bank",
        "account_number": "50100123456789",
        "ifsc_code": "HDFC0001234",
    }

    bank_name: Annotated[Line, StringConstraints(min_length=1, max_length=100)]
    account_number: AccountNumber
    ifsc_code: IfscCode


class ShownPayoutBank(Answer):
    """`account_number` is masked to its end."""

    bank_name: str
    account_number: str = Field(examples=["****6789"])
    ifsc_code: str
    updated_at: Instant
