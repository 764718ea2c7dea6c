"""A user's news after a certain one, for the list and for the streams."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select

from app.domain.caller import Caller
from app.models import LiveEvent
from app.models.base import AnyRow
from app.schemas.live import LiveUpdate, LiveUpdates, UpdatesAsked
from app.transaction import reading

RECENT = 10
"""How many of the newest a client gets that does not say what it knows already."""

_COLUMNS = (LiveEvent.id, LiveEvent.topic, LiveEvent.payload, LiveEvent.created_at)
_OWN = select(*_COLUMNS).where(LiveEvent.user_id == bindparam("user_id")).limit(bindparam("limit"))
_AFTER = _OWN.where(LiveEvent.id > bindparam("after")).order_by(LiveEvent.id)
_NEWEST = _OWN.order_by(LiveEvent.id.desc())
_NEWEST_ID = select(func.coalesce(func.max(LiveEvent.id), 0)).where(LiveEvent.user_id == bindparam("user_id"))


def show(asked: UpdatesAsked, caller: Caller) -> LiveUpdates:
    """The caller's news after an id; without one the newest few, so that a client knows from where to go on."""
    if asked.after is None:
        newest = _read_newest(caller.user_id, limit=min(asked.limit, RECENT))
        return LiveUpdates(updates=_shown(newest), last_id=newest[-1].id if newest else 0, has_more=False)
    rows = read_after(caller.user_id, after=asked.after, limit=asked.limit + 1)
    page = rows[: asked.limit]
    last_id = page[-1].id if page else asked.after
    return LiveUpdates(updates=_shown(page), last_id=last_id, has_more=len(rows) > len(page))


def read_after(user_id: int, *, after: int, limit: int) -> Sequence[AnyRow]:
    """At most `limit` pieces of news after an id, oldest first. One statement."""
    with reading() as connection:
        return connection.execute(_AFTER, {"user_id": user_id, "after": after, "limit": limit}).all()


def newest_id(user_id: int) -> int:
    """The id of a user's last piece of news; 0 where there is none. One statement."""
    with reading() as connection:
        return int(connection.execute(_NEWEST_ID, {"user_id": user_id}).scalar_one())


def _read_newest(user_id: int, *, limit: int) -> Sequence[AnyRow]:
    with reading() as connection:
        return connection.execute(_NEWEST, {"user_id": user_id, "limit": limit}).all()[::-1]


def _shown(rows: Sequence[AnyRow]) -> list[LiveUpdate]:
    return [LiveUpdate.model_validate(row) for row in rows]
