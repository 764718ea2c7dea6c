"""Forgetting a person on request: their row stays as nobody's, for the orders that stay; everything else goes at once.

By themselves with a proof, by an ADMIN, or by an operator at the command line; all under the same rules.
"""

from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import Role
from app.domain.phone import NotAPhoneNumber, e164
from app.domain.roles import STAFF
from app.errors import BadRequest, Conflict
from app.models import Shop, User
from app.schemas.privacy import AskForErasure, ErasedAccount, ErasureByAdmin
from app.services import audit, credentials, locks, login_backoff, second_factor
from app.services.phone import codes
from app.services.phone.codes import SIGN_IN, Verdict
from app.services.privacy import obligations, scrubbing
from app.services.privacy.blanking import Trail
from app.services.users import rules
from app.transaction import reading, transaction

LEFT_OVERS_FOR = timedelta(days=2)
"""How long after an erasure something may still arrive: a request under way, an event not yet relayed."""


class ErasedByAdminsOnly(Conflict):
    code = "ERASED_BY_ADMINS_ONLY"
    message = (
        "Accounts of staff, and of vendors with a shop, are erased by an ADMIN:"
        " POST /api/v1/admin/users/{user_id}/erasure. Ask one."
    )


class ProofNeeded(BadRequest):
    code = "PROOF_NEEDED"
    message = "Send your `password`; an account without one sends `code`, asked for by POST /api/v1/send-otp."


class WrongErasureCode(BadRequest):
    code = "INVALID_CODE"
    message = "The code is wrong, used or expired. Ask for a new one: POST /api/v1/send-otp."


_WAYS_IN = select(User.password_hash.is_not(None).label("has_password"), User.phone, User.phone_verified_at).where(
    User.id == bindparam("user_id", type_=BigInteger)
)


def erase_own(form: AskForErasure, caller: Caller) -> ErasedAccount:
    """Erase the caller, proven once more by password, or by a code sent to their phone where there is no password.

    Raises ErasedByAdminsOnly, ProofNeeded, InvalidCredentials, WrongErasureCode, TooManyRequests, SecondFactorRequired,
    InvalidSecondFactor, or one of `obligations.REFUSALS`.
    """
    if caller.role in STAFF:
        raise ErasedByAdminsOnly
    with reading() as connection:
        known = connection.execute(_WAYS_IN, {"user_id": caller.user_id}).one()
    if known.has_password and form.password is not None:
        return _by_password(form, form.password, caller)
    if not known.has_password and form.code is not None and known.phone_verified_at is not None:
        return _by_code(form, form.code, caller, phone=known.phone)
    raise ProofNeeded


def erase_by_admin(form: ErasureByAdmin, caller: Caller, *, user_id: int) -> ErasedAccount:
    """Erase somebody on their request. One who is erased already stays so.

    Raises the errors of `rules.touchable` and those of `obligations.REFUSALS`.
    """
    with transaction() as session:
        locks.limit_waits(session)
        user = rules.touchable(session, caller, user_id=user_id, is_active=False)
        return _erase(session, user, by=caller, context={"by": "admin", "reason": form.reason})


def erase_by_operator(*, user_id: int) -> ErasedAccount:
    """Erase somebody from the command line. Raises UserNotFound, LastAdmin or one of `obligations.REFUSALS`."""
    with transaction() as session:
        locks.limit_waits(session)
        user = locks.user(session, user_id=user_id)
        if user is None:
            raise rules.UserNotFound
        rules.check_admin_stays(session, user)
        return _erase(session, user, by=None, context={"by": "flask erase-user"})


_LATELY = select(User.id).where(User.erased_at > func.now() - LEFT_OVERS_FOR).order_by(User.id)


def scrub_left_overs() -> int:
    """Delete what arrived for people after they were erased lately; answers how many people were looked at."""
    with reading() as connection:
        lately = connection.execute(_LATELY).scalars().all()
    for user_id in lately:
        with transaction() as session:
            locks.limit_waits(session)
            scrubbing.scrub(session, user_id=user_id)
    return len(lately)


def _by_password(form: AskForErasure, password: str, caller: Caller) -> ErasedAccount:
    stored = credentials.check_own(password, caller)
    with _guessing(caller), transaction() as session:
        locks.limit_waits(session)
        user = credentials.unchanged(session, user_id=caller.user_id, password_hash=stored)
        return _prove_and_erase(session, user, form, caller)


def _by_code(form: AskForErasure, code: str, caller: Caller, *, phone: str) -> ErasedAccount:
    """A wrong try is counted and kept, as at a sign-in; a right code is used up only if the erasure takes place."""
    with _guessing(caller), transaction() as session:
        locks.limit_waits(session)
        is_right = codes.use(session, phone=phone, code=code, purpose=SIGN_IN) is Verdict.RIGHT
        user = locks.user(session, user_id=caller.user_id)
        session.flush()  # the use of the code, which goes away with all others of the number
        if is_right and user is not None and user.phone == phone:
            return _prove_and_erase(session, user, form, caller)
    raise WrongErasureCode


def _guessing(caller: Caller) -> AbstractContextManager[None]:
    return second_factor.guessing(caller.user_id) if caller.has_second_factor else nullcontext()


def _prove_and_erase(session: Session, user: User, form: AskForErasure, caller: Caller) -> ErasedAccount:
    second_factor.prove(session, user, form.totp_code)
    if user.role is Role.VENDOR and session.execute(select(Shop.id).where(Shop.owner_id == user.id)).first():
        raise ErasedByAdminsOnly
    return _erase(session, user, by=caller, context={"by": "self", "reason": form.reason})


def _erase(session: Session, user: User, *, by: Caller | None, context: dict[str, str | None]) -> ErasedAccount:
    """Everything in one transaction, in the order of the locks. A step on a locked user; a repeat changes nothing."""
    if user.erased_at is not None:
        return ErasedAccount(user_id=user.id, erased_at=user.erased_at)
    locks.active_carts(session, user_id=user.id)
    obligations.check(session, user_id=user.id)
    trail = Trail(session, user_id=user.id, is_staff=user.role in STAFF)
    contacts = trail.contacts | _spellings(user)
    scrubbing.make_anonymous(session, user_id=user.id)
    scrubbing.forget_contacts(session, user_id=user.id, contacts=contacts)
    scrubbing.scrub(session, user_id=user.id)
    login_backoff.forget_codes(session, user_id=user.id)
    blanked = trail.blank(session)
    told = {**context, "blanked_events": blanked}
    audit.record(session, entity_type="user", action="ERASE", entity_id=user.id, by=by, context=told)
    return ErasedAccount(user_id=user.id, erased_at=_erased_at(session, user))


def _erased_at(session: Session, user: User) -> datetime:
    session.refresh(user)
    if user.erased_at is None:
        raise AssertionError("unreachable")
    return user.erased_at


def _spellings(user: User) -> set[str]:
    """Address and number of a user, the number also as messages are sent to it."""
    known = {contact for contact in (user.email, user.phone) if contact}
    if user.phone:
        with suppress(NotAPhoneNumber):
            known.add(e164(user.phone, country=settings().phone_country))
    return known
