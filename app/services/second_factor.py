"""The second factor: codes of an authenticator app (RFC 6238), asked for at sign-in once the password was right."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import segno
from sqlalchemy import bindparam, func
from sqlalchemy.orm import Session

from app.config import settings
from app.domain import totp
from app.domain.caller import Caller
from app.domain.roles import PRIVILEGED
from app.errors import AuthRequired, BadRequest, Conflict, DomainError
from app.models import RecoveryCode, User
from app.schemas.second_factor import RecoveryCodes, SecondFactorDisabling, SecondFactorSetup, SecondFactorStatus
from app.services import audit, credentials, locks, login_backoff, recovery_codes, tokens
from app.services.secrets_at_rest import decrypt, encrypt
from app.transaction import reading, transaction


class SecondFactorRequired(BadRequest):
    code = "SECOND_FACTOR_REQUIRED"
    message = "Send totp_code too: the six digits of your authenticator app, or a recovery code."


class InvalidSecondFactor(BadRequest):
    code = "INVALID_SECOND_FACTOR"
    message = "The code is wrong or was used before. Wait for the next one of your authenticator app."


class SecondFactorNotSetUp(Conflict):
    code = "SECOND_FACTOR_NOT_SET_UP"
    message = "Call setup first and read its QR code with an authenticator app."


class SecondFactorAlreadyEnabled(Conflict):
    code = "SECOND_FACTOR_ALREADY_ENABLED"
    message = "The second factor is enabled already. Disable it first to use another device."


class SecondFactorNotEnabled(Conflict):
    code = "SECOND_FACTOR_NOT_ENABLED"
    message = "No second factor is enabled."


class SecondFactorCompulsory(DomainError):
    code = "SECOND_FACTOR_COMPULSORY"
    status = 403
    message = "Your role must keep a second factor. If the device is lost, ask an ADMIN to reset it."


_LEFT = recovery_codes.LEFT.where(RecoveryCode.user_id == bindparam("user_id"))


def status(caller: Caller) -> SecondFactorStatus:
    """Whether the caller has a second factor, must have one, and how many recovery codes are left."""
    with reading() as connection:
        left = connection.execute(_LEFT, {"user_id": caller.user_id}).scalar_one()
    return SecondFactorStatus(
        enabled=caller.has_second_factor, required=_is_required_of(caller), recovery_codes_left=left
    )


def set_up(caller: Caller) -> SecondFactorSetup:
    """Make a secret, not yet asked for at sign-in; calling again replaces it. Raises SecondFactorAlreadyEnabled."""
    secret = totp.new_secret()
    with transaction() as session:
        user = _locked(session, caller)
        if user.totp_enabled_at is not None:
            raise SecondFactorAlreadyEnabled
        user.totp_secret, user.totp_last_step = encrypt(secret), None
        account = user.email or user.phone or str(user.id)
    uri = totp.otpauth_uri(secret, account=account, issuer=settings().shop_name)
    return SecondFactorSetup(secret=secret, otpauth_uri=uri, qr_svg=_qr_svg(uri))


def enable(code: str, caller: Caller) -> RecoveryCodes:
    """Ask for codes from now on, and end every other session of the caller.

    Raises SecondFactorNotSetUp, SecondFactorAlreadyEnabled, or InvalidSecondFactor for a code of another secret.
    """
    with transaction() as session:
        user = _locked(session, caller)
        if user.totp_enabled_at is not None:
            raise SecondFactorAlreadyEnabled
        if user.totp_secret is None:
            raise SecondFactorNotSetUp
        if not _uses_step(user, code):
            raise InvalidSecondFactor
        user.totp_enabled_at = func.now()
        fresh = recovery_codes.renew(session, user_id=user.id)
        tokens.revoke_all(session, user_id=user.id, because="second_factor_enabled", keep=caller.session_id)
        _record(session, "SECOND_FACTOR_ENABLED", caller)
    return RecoveryCodes(recovery_codes=fresh)


def disable(form: SecondFactorDisabling, caller: Caller) -> None:
    """Stop asking for codes; takes the password and a code.

    Raises SecondFactorCompulsory, SecondFactorNotEnabled, InvalidCredentials, InvalidSecondFactor, TooManyRequests.
    """
    if _is_required_of(caller):
        raise SecondFactorCompulsory
    stored = credentials.check_own(form.password, caller)
    with guessing(caller.user_id), transaction() as session:
        user = credentials.unchanged(session, user_id=caller.user_id, password_hash=stored)
        _prove_enabled(session, user, form.code)
        remove(session, user)
        _record(session, "SECOND_FACTOR_DISABLED", caller)


def renew_codes(code: str, caller: Caller) -> RecoveryCodes:
    """Fresh recovery codes; the old ones stop working. Raises SecondFactorNotEnabled, InvalidSecondFactor."""
    with guessing(caller.user_id), transaction() as session:
        user = _locked(session, caller)
        _prove_enabled(session, user, code)
        fresh = recovery_codes.renew(session, user_id=user.id)
        _record(session, "RECOVERY_CODES_RENEWED", caller)
    return RecoveryCodes(recovery_codes=fresh)


def prove(session: Session, user: User, code: str | None) -> None:
    """Use up a code of a locked user, or let a user without a second factor pass. A step.

    Raises SecondFactorRequired without a code, InvalidSecondFactor for a wrong or used one.
    """
    if user.totp_enabled_at is None:
        return
    if code is None:
        raise SecondFactorRequired
    if not _uses_step(user, code) and not recovery_codes.use(session, user_id=user.id, code=code):
        raise InvalidSecondFactor
    login_backoff.forget_codes(session, user_id=user.id)


@contextmanager
def guessing(user_id: int) -> Iterator[None]:
    """Around a transaction that proves a code: refuses while the user backs off, and counts a wrong code.

    Raises TooManyRequests.
    """
    login_backoff.check_codes(user_id)
    try:
        yield
    except InvalidSecondFactor:
        with transaction() as session:
            login_backoff.note_wrong_code(session, user_id=user_id)
        raise


def remove(session: Session, user: User) -> None:
    """Take the second factor from a locked user. A step."""
    user.totp_secret = user.totp_enabled_at = user.totp_last_step = None
    recovery_codes.discard(session, user_id=user.id)


def _prove_enabled(session: Session, user: User, code: str) -> None:
    if user.totp_enabled_at is None:
        raise SecondFactorNotEnabled
    prove(session, user, code)


def _uses_step(user: User, code: str) -> bool:
    """Use up a code of the app; the row lock makes the second of two equal codes too late."""
    if user.totp_secret is None:
        return False
    step = totp.matching_step(decrypt(user.totp_secret), code, used=user.totp_last_step)
    user.totp_last_step = step or user.totp_last_step
    return step is not None


def _is_required_of(caller: Caller) -> bool:
    return settings().second_factor_required and caller.role in PRIVILEGED


def _locked(session: Session, caller: Caller) -> User:
    user = locks.user(session, user_id=caller.user_id)
    if user is None:
        raise AuthRequired("This account is gone.")
    return user


def _record(session: Session, action: str, caller: Caller) -> None:
    audit.record(session, entity_type="user", action=action, entity_id=caller.user_id, by=caller)


def _qr_svg(uri: str) -> str:
    picture = io.BytesIO()
    segno.make_qr(uri, error="m").save(picture, kind="svg", xmldecl=False, scale=4)
    return picture.getvalue().decode()
