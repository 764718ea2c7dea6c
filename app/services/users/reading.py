"""The list of users and one user in full."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Select, String, bindparam, cast, func, or_, select, true
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.models import User, UserBranch
from app.schemas.pagination import decode_cursor, encode_cursor
from app.schemas.users import ManagedUser, ManagedUserDetails, UserPage, UserQuery
from app.services.users.rules import UserNotFound
from app.transaction import reading

COUNTED_UP_TO = 1000

_COLUMNS = [User.__table__.c[name] for name in ManagedUser.model_fields]
_PART = bindparam("q", type_=String)
_ROLE = bindparam("role", type_=String)
_IS_ACTIVE = cast(bindparam("is_active", type_=Boolean), Boolean)
# strpos, not LIKE: a percent sign in what is looked for is a percent sign
_ASKED_FOR = (
    or_(
        _PART.is_(None),
        func.strpos(func.lower(User.email), func.lower(_PART)) > 0,
        func.strpos(func.lower(User.full_name), func.lower(_PART)) > 0,
    ),
    or_(_ROLE.is_(None), cast(User.role, String) == _ROLE),
    or_(_IS_ACTIVE.is_(None), User.is_active == _IS_ACTIVE),
)
_COUNTED = select(User.id).where(*_ASKED_FOR).limit(COUNTED_UP_TO + 1).subquery()
_TOTAL = select(func.count().label("total")).select_from(_COUNTED).subquery("counted")
_PAGE = (
    select(*_COLUMNS)
    .where(*_ASKED_FOR, User.id > bindparam("last_id", type_=BigInteger))
    .order_by(User.id)
    .limit(bindparam("rows", type_=Integer))
    .offset(bindparam("offset", type_=Integer))
    .subquery("page")
)
_LISTED: Select[Any] = (
    select(_TOTAL.c.total, *_PAGE.c).select_from(_TOTAL).outerjoin(_PAGE, true()).order_by(_PAGE.c.id)
)

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
    last_id, offset = 0, query.offset
    if query.cursor is not None:
        (last_id,), offset = decode_cursor(query.cursor, int), 0
    place = {"last_id": last_id, "offset": offset, "rows": query.limit + 1}
    asked = {"q": query.q or None, "role": query.role, "is_active": query.is_active}
    with reading() as connection:
        rows = connection.execute(_LISTED, {**place, **asked}).all()
    found = [row for row in rows if row.id is not None]
    shown, total = found[: query.limit], rows[0].total
    return UserPage(
        data=[ManagedUser.model_validate(row) for row in shown],
        total=total if total <= COUNTED_UP_TO else None,
        limit=query.limit,
        offset=query.offset,
        next_cursor=encode_cursor(shown[-1].id) if len(found) > query.limit else None,
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
