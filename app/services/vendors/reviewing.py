"""The office's verdict on a vendor's business and papers. The vendor is told at once."""

from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import ReviewStatus
from app.errors import NotFound
from app.models import VendorDocument, VendorProfile
from app.schemas.managed_shops import ReviewedDocument, ReviewedVendor
from app.services import changes, locks
from app.services.live.telling import tell
from app.services.vendors.profiles import VendorProfileNotFound
from app.transaction import transaction


class DocumentNotFound(NotFound):
    code = "DOCUMENT_NOT_FOUND"
    message = "There is no such document."


_OWNER = select(VendorDocument.user_id).where(VendorDocument.id == bindparam("document_id"))


def review_profile(caller: Caller, *, user_id: int, verdict: ReviewStatus, note: str | None) -> ReviewedVendor:
    """Approve or reject a business; a verdict may be changed. Raises VendorProfileNotFound."""
    with transaction() as session:
        locks.user(session, user_id=user_id)
        profile = session.get(VendorProfile, user_id)
        if profile is None:
            raise VendorProfileNotFound
        done = _judge(session, profile, caller, {"kyc_status": verdict, "review_note": note})
        action = _ACTIONS[verdict]
        changes.record(session, done, entity_type="vendor_profile", action=action, entity_id=user_id, by=caller)
        if done:
            _tell(session, user_id, {"about": "profile", "status": verdict, "note": note})
        return ReviewedVendor.model_validate(profile)


def review_document(caller: Caller, *, document_id: int, verdict: ReviewStatus, note: str | None) -> ReviewedDocument:
    """Approve or reject a paper; a verdict may be changed. Raises DocumentNotFound."""
    with transaction() as session:
        user_id = session.execute(_OWNER, {"document_id": document_id}).scalar_one_or_none()
        if user_id is None:
            raise DocumentNotFound
        locks.user(session, user_id=user_id)
        document = session.get_one(VendorDocument, document_id)
        done = _judge(session, document, caller, {"status": verdict, "review_note": note})
        action = _ACTIONS[verdict]
        changes.record(session, done, entity_type="vendor_document", action=action, entity_id=document_id, by=caller)
        if done:
            paper = {"about": "document", "document_id": document_id, "document_type": document.document_type}
            _tell(session, user_id, {**paper, "status": verdict, "note": note})
        return ReviewedDocument.model_validate(document)


_ACTIONS = {ReviewStatus.APPROVED: "APPROVE", ReviewStatus.REJECTED: "REJECT"}


def _judge(
    session: Session, row: VendorProfile | VendorDocument, caller: Caller, verdict: dict[str, Any]
) -> changes.Change:
    """Write a verdict and whose it is, unless it stands there already. The audit trail knows the rest by itself."""
    done = changes.apply(row, verdict)
    if done:
        row.reviewed_by, row.reviewed_at = caller.user_id, func.now()
        session.flush()
        session.refresh(row)
    return done


def _tell(session: Session, user_id: int, payload: dict[str, Any]) -> None:
    tell(session, user_ids=[user_id], topic="vendor.kyc", payload=payload)
