"""Becoming a user and signing in and out."""

from contextlib import nullcontext
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller, Origin
from app.domain.enums import Role
from app.errors import AuthFailed, BadRequest
from app.models import User
from app.schemas.auth import (
    AuthAnswer,
    ChangePasswordRequest,
    LoginRequest,
    OAuthToken,
    RegisterRequest,
    Tokens,
    UserSummary,
)
from app.services import (
    audit,
    credentials,
    login_backoff,
    outbox,
    password_resets,
    passwords,
    registration_codes,
    second_factor,
    tokens,
)
from app.services.carts.guests import merge_guest_cart
from app.transaction import transaction


class UserExists(BadRequest):
    code = "USER_EXISTS"
    message = "An account with this e-mail address exists. Sign in or reset the password."


def register(form: RegisterRequest, origin: Origin, cart_token: str | None = None) -> AuthAnswer:
    """Make a CUSTOMER, sign them in and move the guest cart behind `cart_token`, if there is one, into theirs.

    Raises UserExists, or EmailNotVerified when registration codes are on and this address was not just proven.
    """
    password_hash = passwords.hash_password(form.password)
    with transaction() as session:
        if settings().enable_registration_otp:
            registration_codes.consume_verified(session, email=form.email)
        user = User(email=form.email, full_name=form.full_name, phone=form.phone, password_hash=password_hash)
        user.role = Role.CUSTOMER
        user.language = form.language or origin.language or settings().default_language
        session.add(user)
        try:
            session.flush()
        except IntegrityError:
            raise UserExists from None
        outbox.publish(session, topic="user.registered", aggregate=f"user:{user.id}", payload={"user_id": user.id})
        audit.record(
            session,
            entity_type="user",
            action="REGISTER",
            entity_id=user.id,
            by_user_id=user.id,
            origin=origin,
            new={"role": user.role},
        )
        return _signed_in(session, user, origin, cart_token)


def login(form: LoginRequest, origin: Origin, cart_token: str | None = None) -> AuthAnswer:
    """Sign a user in, audit the attempt, and move the guest cart behind `cart_token`, if there is one, into theirs.

    Raises InvalidCredentials (also for blocked users, so that a guesser learns nothing), SecondFactorRequired or
    InvalidSecondFactor once the password was right, or TooManyRequests while the account or the address backs off.
    """
    login_backoff.check(account=form.email, address=origin.address)
    with transaction() as session:
        user = session.execute(select(User).where(User.email == form.email)).scalar_one_or_none()
    matches, new_hash = passwords.verify_password(form.password, user.password_hash if user else None)
    if user is None or not matches or not user.is_active:
        _note_failure(form.email, user, origin)
        raise credentials.InvalidCredentials
    guessing = second_factor.guessing(user.id) if user.totp_enabled_at else nullcontext()
    try:
        with guessing, transaction() as session:
            current = credentials.unchanged(session, user_id=user.id, password_hash=user.password_hash)
            second_factor.prove(session, current, form.totp_code)
            current.password_hash = new_hash or current.password_hash
            login_backoff.forget(session, account=form.email, address=origin.address)
            _note_success(session, current, origin)
            return _signed_in(session, current, origin, cart_token)
    except second_factor.InvalidSecondFactor:
        _note_failure(form.email, user, origin)
        raise


def grant(form: LoginRequest, origin: Origin) -> OAuthToken:
    """Sign in as `login` does, answered in the words of OAuth 2 (RFC 6749, section 4.3). Raises the same errors."""
    signed_in = login(form, origin)
    return OAuthToken(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=signed_in.expires_in,
    )


def refresh(*, jti: UUID) -> Tokens:
    """Exchange a refresh token for a new pair; a used one ends its whole session. Raises AuthFailed."""
    with transaction() as session:
        issued = tokens.rotate(session, jti=jti)
    if issued is None:
        raise AuthFailed("This refresh token was used before; the session is closed for safety. Sign in again.")
    return issued


def logout(caller: Caller, *, refresh_token: str | None = None) -> None:
    """End the caller's session, and the one a refresh token of theirs belongs to; their tokens stop working at once."""
    with transaction() as session:
        if refresh_token is not None:
            tokens.revoke_family(session, refresh_token=refresh_token, user_id=caller.user_id)
        tokens.revoke_session(session, session_id=caller.session_id, because="logout")
        audit.record(session, entity_type="user_login", action="LOGOUT", entity_id=caller.user_id, by=caller)


def change_password(form: ChangePasswordRequest, caller: Caller) -> None:
    """Set a new password and end every session of the caller, this one included.

    Raises InvalidCredentials when the current password is wrong, TooManyRequests after several wrong ones.
    """
    stored = credentials.check_own(form.current_password, caller)
    new_hash = passwords.hash_password(form.new_password)
    with transaction() as session:
        password_resets.discard(session, user_id=caller.user_id)
        credentials.unchanged(session, user_id=caller.user_id, password_hash=stored).password_hash = new_hash
        tokens.revoke_all(session, user_id=caller.user_id, because="password_changed")
        audit.record(session, entity_type="user", action="CHANGE_PASSWORD", entity_id=caller.user_id, by=caller)


def _signed_in(session: Session, user: User, origin: Origin, cart_token: str | None) -> AuthAnswer:
    merge_guest_cart(session, user_id=user.id, token=cart_token, request_id=origin.request_id)
    issued = tokens.open_session(session, user_id=user.id, role=user.role, origin=origin)
    return AuthAnswer(user=UserSummary.model_validate(user), **issued.model_dump())


def _note_success(session: Session, user: User, origin: Origin) -> None:
    audit.record(
        session,
        entity_type="user_login",
        action="LOGIN_SUCCESS",
        entity_id=user.id,
        by_user_id=user.id,
        origin=origin,
    )


def _note_failure(email: str, user: User | None, origin: Origin) -> None:
    """A transaction of its own: the failure must stay on record although the request is refused."""
    with transaction() as session:
        login_backoff.note_failure(session, account=email, address=origin.address)
        audit.record(
            session,
            entity_type="user_login",
            action="LOGIN_FAILURE",
            entity_id=user.id if user else None,
            origin=origin,
            context={"address": origin.address},
        )
