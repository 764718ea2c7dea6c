"""What a user should know."""

from app.schemas.envelope import Answer, Instant


class NotificationAnswer(Answer):
    """`order_id` is the order it is about, if any; `read_at` is null until read."""

    id: int
    kind: str
    title: str
    body: str
    order_id: int | None
    created_at: Instant
    read_at: Instant | None


class Notifications(Answer):
    """`unread_count` counts all of them; `next_cursor` leads to older ones, null at the end."""

    items: list[NotificationAnswer]
    unread_count: int
    next_cursor: str | None


class ReadNotifications(Answer):
    """How many were marked as read by this call."""

    marked: int
