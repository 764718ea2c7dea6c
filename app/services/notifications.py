"""What a user should know, as the user reads it; the rows are made from the outbox."""

from sqlalchemy import bindparam, func, select, update

from app.domain.caller import Caller
from app.errors import NotFound
from app.models import Notification
from app.schemas.notifications import NotificationAnswer, Notifications, ReadNotifications
from app.schemas.pagination import CursorPage, decode_cursor, encode_cursor
from app.transaction import reading, transaction


class NotificationNotFound(NotFound):
    code = "NOTIFICATION_NOT_FOUND"
    message = "You have no such notification."


_COLUMNS = (
    Notification.id,
    Notification.kind,
    Notification.title,
    Notification.body,
    Notification.order_id,
    Notification.created_at,
    Notification.read_at,
)
_PAGE = (
    select(*_COLUMNS)
    .where(Notification.user_id == bindparam("user_id"))
    .order_by(Notification.id.desc())
    .limit(bindparam("limit"))
)
_AFTER = _PAGE.where(Notification.id < bindparam("before"))
_UNREAD = select(func.count()).where(Notification.user_id == bindparam("user_id"), Notification.read_at.is_(None))


def show(page: CursorPage, caller: Caller) -> Notifications:
    """One page of the caller's notifications, newest first, and how many of all are unread."""
    values = {"user_id": caller.user_id, "limit": page.limit + 1}
    statement = _PAGE
    if page.cursor is not None:
        (values["before"],) = decode_cursor(page.cursor, int)
        statement = _AFTER
    with reading() as connection:
        rows = connection.execute(statement, values).all()
        unread = connection.execute(_UNREAD, {"user_id": caller.user_id}).scalar_one()
    items = [NotificationAnswer.model_validate(row) for row in rows[: page.limit]]
    following = encode_cursor(items[-1].id) if len(rows) > page.limit else None
    return Notifications(items=items, unread_count=unread, next_cursor=following)


def mark_read(caller: Caller, *, notification_id: int) -> NotificationAnswer:
    """Mark one as read; the time of the first reading stays. Raises NotificationNotFound."""
    statement = (
        update(Notification)
        .where(Notification.id == notification_id, Notification.user_id == caller.user_id)
        .values(read_at=func.coalesce(Notification.read_at, func.now()))
        .returning(*_COLUMNS)
    )
    with transaction() as session:
        row = session.execute(statement).one_or_none()
        if row is None:
            raise NotificationNotFound
        return NotificationAnswer.model_validate(row)


def mark_all_read(caller: Caller) -> ReadNotifications:
    """Mark every unread one as read."""
    statement = (
        update(Notification)
        .where(Notification.user_id == caller.user_id, Notification.read_at.is_(None))
        .values(read_at=func.now())
        .returning(Notification.id)
    )
    with transaction() as session:
        return ReadNotifications(marked=len(session.execute(statement).all()))
