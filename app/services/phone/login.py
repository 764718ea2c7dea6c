"""Signing in with a code sent to a phone; the first time makes the user.

Who holds a phone number is a weaker proof than a password and a second factor, so it never replaces them: staff are
refused, and a user with a second factor needs its code as well.
"""

from contextlib import AbstractContextManager, nullcontext

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Origin
from app.domain.enums import Role
from app.domain.roles import STAFF
from app.errors import AuthFailed, DomainError
from app.models import User
from app.schemas.phone import PhoneSignIn, PhoneTokens
from app.services import audit, locks, second_factor, tokens
from app.services.phone import codes
from app.services.phone.codes import SIGN_IN, Verdict
from app.transaction import reading, transaction


class InvalidOtp(AuthFailed):
    code = "INVALID_OTP"
    message = "Invalid or expired OTP"


class OtpExpired(AuthFailed):
    code = "OTP_EXPIRED"
    message = "OTP expired"


class StaffUsePasswords(DomainError):
    code = "STAFF_USE_PASSWORDS"
    status = 403
    message = "Staff sign in with e-mail and password, never by phone: POST /api/v1/auth/login."


_FACTOR = select(User.id, User.totp_enabled_at).where(
    User.phone == bindparam("phone"), User.phone_verified_at.is_not(None)
)


def send(origin: Origin, *, phone: str) -> None:
    """Send a code for signing in to a number in E.164, whether or not a user has it."""
    with transaction() as session:
        codes.issue(session, phone=phone, purpose=SIGN_IN, language=origin.language)


def verify(form: PhoneSignIn, origin: Origin, *, phone: str) -> PhoneTokens:
    """Sign in with the code sent to a number in E.164, which is used up; a number nobody has makes a user whose role
    is still to be chosen.

    Raises InvalidOtp (also for a blocked user), OtpExpired, StaffUsePasswords; and once the code was
    right, SecondFactorRequired or InvalidSecondFactor, after which the same code may be sent again with another factor.
    """
    try:
        with _guessing(phone), transaction() as session:
            verdict = codes.use(session, phone=phone, code=form.otp, purpose=SIGN_IN)
            user = _holder(session, phone, origin, make=verdict is Verdict.RIGHT)
            refusal = _refusal(verdict, user)
            if refusal is None and user is not None:
                return _signed_in(session, user, form, origin)
            _note(session, "LOGIN_FAILURE", user, origin)
    except second_factor.InvalidSecondFactor:
        with transaction() as session:
            _note(session, "LOGIN_FAILURE", _holder(session, phone, origin, make=False), origin)
        raise
    raise refusal or InvalidOtp


def _refusal(verdict: Verdict, user: User | None) -> type[DomainError] | None:
    """A blocked user learns nothing; staff learn how to sign in, as they have just proven who they are."""
    if verdict is not Verdict.RIGHT:
        return OtpExpired if verdict is Verdict.EXPIRED else InvalidOtp
    if user is None or not user.is_active:
        return InvalidOtp
    return StaffUsePasswords if user.role in STAFF else None


def _guessing(phone: str) -> AbstractContextManager[None]:
    """Counts wrong codes of the second factor, where the number's user has one. Raises TooManyRequests."""
    with reading() as connection:
        row = connection.execute(_FACTOR, {"phone": phone}).one_or_none()
    return second_factor.guessing(row.id) if row and row.totp_enabled_at else nullcontext()


def _holder(session: Session, phone: str, origin: Origin, *, make: bool) -> User | None:
    """The user who signs in with this number, locked.

    `make`: a new one if there is none. The row of the number's code is locked meanwhile, so that two first sign-ins
    cannot make two.
    """
    user = locks.user_of_phone(session, phone=phone)
    if user is not None or not make:
        return user
    user = User(phone=phone, phone_verified_at=func.now(), full_name="", role=Role.CUSTOMER, role_pending=True)
    user.is_active = True
    user.language = origin.language or settings().default_language
    session.add(user)
    session.flush()
    audit.record(
        session,
        entity_type="user",
        action="REGISTER",
        entity_id=user.id,
        by_user_id=user.id,
        origin=origin,
        new={"role": user.role, "role_pending": True},
    )
    return user


def _signed_in(session: Session, user: User, form: PhoneSignIn, origin: Origin) -> PhoneTokens:
    second_factor.prove(session, user, form.totp_code)
    _note(session, "LOGIN_SUCCESS", user, origin)
    minutes = settings().shopper_access_token_minutes if form.as_shopper else None
    if form.as_shopper:
        user.role_pending = False
    issued = tokens.open_session(
        session, user_id=user.id, role=user.role, origin=origin, by_phone=True, minutes=minutes
    )
    onboarded = user.onboarded_at is not None
    return PhoneTokens(**issued.model_dump(), auth_token=issued.access_token, basic_onboarding_done=onboarded)


def _note(session: Session, action: str, user: User | None, origin: Origin) -> None:
    audit.record(
        session,
        entity_type="user_login",
        action=action,
        entity_id=user.id if user else None,
        by_user_id=user.id if user and action == "LOGIN_SUCCESS" else None,
        origin=origin,
        context={"by": "phone", "address": origin.address},
    )
