"""A second way into one's account: a phone number beside the e-mail address, or the address beside the number.

Asking for a code says nothing about whom a number or an address belongs to; only who has proven to hold it learns that
another account has it.
"""

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.roles import STAFF
from app.errors import BadRequest, Conflict
from app.models import User
from app.schemas.phone import EmailProof, PhoneProof
from app.services import audit, passwords, profile, registration_codes
from app.services.phone import codes
from app.services.phone.codes import Verdict
from app.services.phone.login import StaffUsePasswords
from app.transaction import transaction


class WrongLinkingCode(BadRequest):
    code = "INVALID_CODE"
    message = "The code is wrong, used or expired. Ask for a new one."


class PhoneTaken(Conflict):
    code = "PHONE_TAKEN"
    message = "Another account signs in with this phone number."


class EmailTaken(Conflict):
    code = "EMAIL_TAKEN"
    message = "Another account has this e-mail address."


class EmailAlreadyLinked(Conflict):
    code = "EMAIL_ALREADY_LINKED"
    message = "Your account has an e-mail address already."


def send_to_phone(caller: Caller, *, phone: str) -> None:
    """Send a code that links a number (E.164) to the caller's account. Raises StaffUsePasswords."""
    _refuse_staff(caller)
    with transaction() as session:
        codes.issue(session, phone=phone, purpose=_purpose(caller), language=caller.origin.language)


def link_phone(form: PhoneProof, caller: Caller, *, phone: str) -> None:
    """Make a proven number (E.164) a way to sign in; it replaces the one before.

    Raises StaffUsePasswords, WrongLinkingCode or PhoneTaken.
    """
    _refuse_staff(caller)
    with transaction() as session:
        verdict = codes.use(session, phone=phone, code=form.otp, purpose=_purpose(caller))
        if verdict is Verdict.RIGHT:
            _set_phone(session, phone, caller)
    if verdict is not Verdict.RIGHT:
        raise WrongLinkingCode


def mail_code(caller: Caller, *, email: str) -> None:
    """Mail a code that links an address to the caller's account. Raises EmailAlreadyLinked."""
    with transaction() as session:
        _without_email(session, caller)
        code = codes.six_digits()
        language = caller.origin.language
        registration_codes.mail(session, email=email, code=code, purpose=_purpose(caller), language=language)


def link_email(form: EmailProof, caller: Caller) -> None:
    """Give the caller's account a proven address and a password to sign in with.

    Raises WrongLinkingCode, EmailAlreadyLinked or EmailTaken.
    """
    password_hash = passwords.hash_password(form.password)
    with transaction() as session:
        proven = registration_codes.proves(session, email=form.email, code=form.code, purpose=_purpose(caller))
        if proven:
            user = _without_email(session, caller)
            user.email, user.password_hash = form.email, password_hash
            _flush(session, EmailTaken)
            registration_codes.consume_verified(session, email=form.email)
            _record(session, "EMAIL_LINKED", caller, {"email": None}, {"email": form.email})
    if not proven:
        raise WrongLinkingCode


def _set_phone(session: Session, phone: str, caller: Caller) -> None:
    user = profile.locked(session, caller)
    old = {"phone": user.phone}
    user.phone, user.phone_verified_at = phone, func.now()
    _flush(session, PhoneTaken)
    _record(session, "PHONE_LINKED", caller, old, {"phone": phone})


def _without_email(session: Session, caller: Caller) -> User:
    """The caller, locked. A step; raises EmailAlreadyLinked."""
    user = profile.locked(session, caller)
    if user.email is not None:
        raise EmailAlreadyLinked
    return user


def _flush(session: Session, taken: type[Conflict]) -> None:
    """The UNIQUE constraint decides who was first."""
    try:
        session.flush()
    except IntegrityError:
        raise taken from None


def _refuse_staff(caller: Caller) -> None:
    if caller.role in STAFF:
        raise StaffUsePasswords


def _purpose(caller: Caller) -> str:
    """A code links this account and no other."""
    return f"link:{caller.user_id}"


def _record(
    session: Session, action: str, caller: Caller, old: dict[str, str | None], new: dict[str, str | None]
) -> None:
    audit.record(session, entity_type="user", action=action, entity_id=caller.user_id, by=caller, old=old, new=new)
