"""The first choice of everybody in the marketplace: consumer or vendor, and where."""

from sqlalchemy import BigInteger, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import AccountKind, OrderStatus, Role
from app.domain.roles import STAFF
from app.errors import Conflict, Forbidden
from app.models import Account, Order, User
from app.schemas.onboarding import BasicOnboarding, OwnProfile
from app.services import audit, changes, profile
from app.transaction import reading, transaction

_ROLES = {"consumer": Role.CUSTOMER, "vendor": Role.VENDOR}

_OWN = select(
    User.full_name.label("name"),
    User.phone,
    User.email,
    User.city,
    User.society,
    User.role,
    User.onboarded_at.is_not(None).label("basic_onboarding_done"),
).where(User.id == bindparam("user_id"))


class BasicOnboardingIncomplete(Conflict):
    code = "BASIC_ONBOARDING_INCOMPLETE"
    message = "Basic onboarding incomplete"


class StillACustomer(Conflict):
    """Vendors enter no consumer's rooms: what lies there would be out of their reach."""

    code = "STILL_A_CUSTOMER"
    message = "You have money in your wallet or orders on their way. Use up and await these first, or stay a consumer."


_ENDED = (OrderStatus.DELIVERED, OrderStatus.RETURN_COMPLETED, OrderStatus.REJECTED, OrderStatus.CANCELED)
_USER_ID = bindparam("user_id", type_=BigInteger)
_IS_TIED = select(
    or_(
        select(Account.id)
        .where(Account.kind == AccountKind.WALLET, Account.owner_id == _USER_ID, Account.balance > 0)
        .exists(),
        select(Order.id).where(Order.user_id == _USER_ID, Order.status.not_in(_ENDED)).exists(),
    )
)


def complete(form: BasicOnboarding, caller: Caller) -> bool:
    """Give the caller a name, a place and the role they choose; False when that was done before, and nothing changes.

    A customer of the supermarket may choose too, once. Who is a vendor already can only stay one. Raises Forbidden,
    for staff always, or StillACustomer for a vendor to be who has money or orders as a customer.
    """
    with transaction() as session:
        user = profile.locked(session, caller)
        if user.role in STAFF:
            raise Forbidden
        if user.onboarded_at is not None:
            return False
        if user.role not in (Role.CUSTOMER, _ROLES[form.role]):
            raise Forbidden
        if user.role is not _ROLES[form.role] and session.execute(_IS_TIED, {"user_id": user.id}).scalar_one():
            raise StillACustomer
        _choose(session, user, form, caller)
    return True


def show(caller: Caller) -> OwnProfile:
    """The caller's name, ways to be reached, place and role."""
    with reading() as connection:
        return OwnProfile.model_validate(connection.execute(_OWN, {"user_id": caller.user_id}).one())


def check_done(user: User) -> None:
    """Raise BasicOnboardingIncomplete unless the user has chosen role and place."""
    if user.onboarded_at is None:
        raise BasicOnboardingIncomplete


def _choose(session: Session, user: User, form: BasicOnboarding, caller: Caller) -> None:
    given = {"full_name": form.name, "city": form.city, "society": form.society, "role": _ROLES[form.role]}
    done = changes.apply(user, {**given, "role_pending": False})
    user.onboarded_at = func.now()
    audit.record(
        session, entity_type="user", action="ONBOARDED", entity_id=user.id, by=caller, old=done.old, new=done.new
    )
