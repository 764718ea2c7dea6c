"""The list of users and one user in full."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Select, String, bindparam, cast, func, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.models import User, UserBranch
from app.schemas.users import ManagedUser, ManagedUserDetails, UserPage, UserQuery
from app.services.containing import contains
from app.services.pages import paged_and_capped, read_page
from app.services.users.rules import UserNotFound
from app.transaction import reading

_COLUMNS = [User.__table__.c[name] for name in ManagedUser.model_fields]
_PART = bindparam("q", type_=String)
_ROLE = bindparam("role", type_=String)
_IS_ACTIVE = cast(bindparam("is_active", type_=Boolean), Boolean)
_ASKED_FOR = (
    or_(
        _PART.is_(None),
        contains(User.email, _PART),
        contains(User.full_name, _PART),
        contains(User.phone, _PART),
    ),
    or_(_ROLE.is_(None), cast(User.role, String) == _ROLE),
    or_(_IS_ACTIVE.is_(None), User.is_active == _IS_ACTIVE),
)
_LISTED = paged_and_capped(select(*_COLUMNS).where(*_ASKED_FOR), User.id)

_BRANCH_IDS = (
    select(UserBranch.stock_location_id)
    .where(UserBranch.user_id == User.id)
    .order_by(UserBranch.stock_location_id)
    .correlate(User)
    .scalar_subquery()
)
_DETAILS: Select[Any] = select(
    *_COLUMNS,
    User.default_branch_id,
    func.array(_BRANCH_IDS).label("branch_ids"),
    User.totp_enabled_at.is_not(None).label("second_factor_enabled"),
).where(User.id == bindparam("user_id", type_=BigInteger))


def page(query: UserQuery) -> UserPage:
    """A page of the users asked for, oldest first (one statement). Raises ValidationFailed for a strange cursor."""
    asked = {"q": query.q or None, "role": query.role, "is_active": query.is_active}
    rows, meta = read_page(_LISTED, query, asked)
    return UserPage(
        data=[ManagedUser.model_validate(row) for row in rows],
        total=meta.total,
        limit=meta.limit,
        offset=meta.offset,
        next_cursor=meta.next_cursor,
    )


def show(*, user_id: int) -> ManagedUserDetails:
    """One user in full (one statement). Raises UserNotFound."""
    with reading() as connection:
        return details(connection, user_id=user_id)


def details(source: Connection | Session, *, user_id: int) -> ManagedUserDetails:
    """One user in full, as a connection or an open transaction sees them. A step; raises UserNotFound."""
    row = source.execute(_DETAILS, {"user_id": user_id}).one_or_none()
    if row is None:
        raise UserNotFound
    return ManagedUserDetails.model_validate(row)
