"""Vendors' businesses and papers under review."""

from flask import Blueprint, Response

from app.domain.enums import ReviewStatus
from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.managed_shops import (
    Approval,
    ManagedVendor,
    ManagedVendorDetails,
    ManagedVendorQuery,
    Rejection,
    ReviewedDocument,
    ReviewedVendor,
)
from app.services.vendors import desk, reviewing
from app.services.vendors.profiles import VendorProfileNotFound

vendors = Blueprint("admin_vendors", __name__)


@vendors.get("")
@endpoint(query=ManagedVendorQuery, answers={200: Listed[ManagedVendor]})
def list_vendors(query: ManagedVendorQuery) -> Response:
    """List vendors, oldest first."""
    return listed(*desk.page(query))


@vendors.get("/<int:user_id>")
@endpoint(answers={200: ManagedVendorDetails}, errors=(desk.VendorNotFound,))
def show_vendor(user_id: int) -> Response:
    """Show a vendor with business, papers, bank and shop."""
    return answer(desk.show(user_id=user_id))


@vendors.post("/<int:user_id>/approve")
@endpoint(body=Approval, body_optional=True, answers={200: ReviewedVendor}, errors=(VendorProfileNotFound,))
def approve_vendor(user_id: int, body: Approval) -> Response:
    """Approve a vendor's business."""
    return answer(
        reviewing.review_profile(current_caller(), user_id=user_id, verdict=ReviewStatus.APPROVED, note=body.note)
    )


@vendors.post("/<int:user_id>/reject")
@endpoint(body=Rejection, answers={200: ReviewedVendor}, errors=(VendorProfileNotFound,))
def reject_vendor(user_id: int, body: Rejection) -> Response:
    """Reject a vendor's business; what they correct comes back for review."""
    return answer(
        reviewing.review_profile(current_caller(), user_id=user_id, verdict=ReviewStatus.REJECTED, note=body.note)
    )


@vendors.post("/documents/<int:document_id>/approve")
@endpoint(body=Approval, body_optional=True, answers={200: ReviewedDocument}, errors=(reviewing.DocumentNotFound,))
def approve_document(document_id: int, body: Approval) -> Response:
    """Approve a paper of a vendor."""
    verdict = ReviewStatus.APPROVED
    return answer(reviewing.review_document(current_caller(), document_id=document_id, verdict=verdict, note=body.note))


@vendors.post("/documents/<int:document_id>/reject")
@endpoint(body=Rejection, answers={200: ReviewedDocument}, errors=(reviewing.DocumentNotFound,))
def reject_document(document_id: int, body: Rejection) -> Response:
    """Reject a paper of a vendor, who may upload a better one."""
    verdict = ReviewStatus.REJECTED
    return answer(reviewing.review_document(current_caller(), document_id=document_id, verdict=verdict, note=body.note))
