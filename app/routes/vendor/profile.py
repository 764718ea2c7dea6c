"""A vendor's business, papers and bank."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed, Message
from app.schemas.pagination import Page
from app.schemas.vendors import (
    Document,
    MissingDocument,
    MissingVendorDetails,
    NewDocument,
    NewVendorProfile,
    PayoutBankForm,
    ShownPayoutBank,
    UploadedDocument,
    VendorBusiness,
    VendorProfileChange,
)
from app.services.onboarding import BasicOnboardingIncomplete
from app.services.vendors import banks, documents, profiles

profile = Blueprint("vendor_profile", __name__)


@profile.post("/profile")
@endpoint(
    body=NewVendorProfile,
    answers={200: Message},
    errors=(MissingVendorDetails, BasicOnboardingIncomplete, profiles.VendorProfileExists),
)
def create_profile(body: NewVendorProfile) -> Response:
    """Tell of one's business, which the office then reviews."""
    profiles.create(body, current_caller())
    return answer(Message(message="Vendor profile created"))


@profile.get("/profile")
@endpoint(answers={200: VendorBusiness}, errors=(profiles.VendorProfileNotFound,))
def show_profile() -> Response:
    """Show one's business and the office's verdict on it."""
    return answer(profiles.show(current_caller()))


@profile.patch("/profile")
@endpoint(body=VendorProfileChange, answers={200: VendorBusiness}, errors=(profiles.VendorProfileNotFound,))
def change_profile(body: VendorProfileChange) -> Response:
    """Correct one's business; the office reviews whatever was changed, also what it had approved or rejected."""
    return answer(profiles.change(body, current_caller()))


@profile.post("/upload-document")
@endpoint(body=NewDocument, answers={200: UploadedDocument}, errors=(MissingDocument,))
def upload_document(body: NewDocument) -> Response:
    """Hand in a paper for review, by the address of its file.

    A business that was rejected goes back to the office with it.
    """
    document_id = documents.upload(body, current_caller())
    return answer(UploadedDocument(message="Document uploaded", document_id=document_id))


@profile.get("/documents")
@endpoint(query=Page, answers={200: Listed[Document]})
def list_documents(query: Page) -> Response:
    """List one's papers with the office's verdicts, newest first."""
    return listed(*documents.mine(query, current_caller()))


@profile.post("/payout/setup")
@endpoint(body=PayoutBankForm, answers={200: Message})
def set_payout_bank(body: PayoutBankForm) -> Response:
    """Set or replace the bank account that payouts go to."""
    banks.save(body, current_caller())
    return answer(Message(message="Payout bank info saved"))


@profile.get("/payout/bank")
@endpoint(answers={200: ShownPayoutBank}, errors=(banks.PayoutBankNotFound,))
def show_payout_bank() -> Response:
    """Show the bank account that payouts go to, by the end of its number."""
    return answer(banks.show(current_caller()))
