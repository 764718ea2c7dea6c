"""A vendor's business. Whatever is changed in it is for the office to review again.

Whoever writes what belongs to a vendor locks the vendor's row of `users` first, so that no review misses a change.
"""

from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import ReviewStatus
from app.errors import Conflict, NotFound
from app.models import VendorProfile
from app.schemas.vendors import NewVendorProfile, VendorBusiness, VendorProfileChange
from app.services import audit, changes, locks, onboarding, profile
from app.transaction import reading, transaction


class VendorProfileExists(Conflict):
    code = "VENDOR_PROFILE_EXISTS"
    message = "Vendor profile already exists"


class VendorProfileNotFound(NotFound):
    code = "VENDOR_PROFILE_NOT_FOUND"
    message = "Vendor profile not found"


_SHOWN: Select[Any] = select(*(VendorProfile.__table__.c[name] for name in VendorBusiness.model_fields)).where(
    VendorProfile.user_id == bindparam("user_id")
)
TO_BE_REVIEWED = {
    "kyc_status": ReviewStatus.PENDING,
    "reviewed_by": None,
    "reviewed_at": None,
    "review_note": None,
}


def create(form: NewVendorProfile, caller: Caller) -> None:
    """Tell of one's business; the office reviews it. Raises BasicOnboardingIncomplete, VendorProfileExists."""
    with transaction() as session:
        onboarding.check_done(profile.locked(session, caller))
        if session.get(VendorProfile, caller.user_id) is not None:
            raise VendorProfileExists
        values = {**form.model_dump(), "gst_number": form.gst_number or None}
        session.add(VendorProfile(user_id=caller.user_id, **values))
        session.flush()
        audit.record(
            session, entity_type="vendor_profile", action="CREATE", entity_id=caller.user_id, by=caller, new=values
        )


def show(caller: Caller) -> VendorBusiness:
    """The caller's business with the office's verdict (one statement). Raises VendorProfileNotFound."""
    with reading() as connection:
        row = connection.execute(_SHOWN, {"user_id": caller.user_id}).one_or_none()
    if row is None:
        raise VendorProfileNotFound
    return VendorBusiness.model_validate(row)


def change(form: VendorProfileChange, caller: Caller) -> VendorBusiness:
    """Change what the form names; a verdict on what stood there before no longer holds.

    Raises VendorProfileNotFound.
    """
    given = form.model_dump(exclude_none=True)
    if "gst_number" in form.model_fields_set:
        given["gst_number"] = form.gst_number or None
    with transaction() as session:
        locks.user(session, user_id=caller.user_id)
        business = session.get(VendorProfile, caller.user_id)
        if business is None:
            raise VendorProfileNotFound
        done = changes.apply(business, given)
        if done:
            done = done.and_then(changes.apply(business, TO_BE_REVIEWED))
        changes.record(session, done, entity_type="vendor_profile", entity_id=caller.user_id, by=caller)
        session.flush()
        session.refresh(business)
        return VendorBusiness.model_validate(business)


def ask_again(session: Session, caller: Caller) -> None:
    """Put a rejected business before the office once more. A step; the caller's user is locked."""
    business = session.get(VendorProfile, caller.user_id)
    if business is None or business.kyc_status is not ReviewStatus.REJECTED:
        return
    done = changes.apply(business, TO_BE_REVIEWED)
    changes.record(session, done, entity_type="vendor_profile", action="ASK_AGAIN", entity_id=caller.user_id, by=caller)
