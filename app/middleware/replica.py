"""Which requests may be answered from a replica: reading ones, by those who have not just written."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, request
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import meters
from app.extensions import db
from app.middleware.entry import DEVICE, FIRST_DEVICE, Entry

if TYPE_CHECKING:
    from app.replica import Replica

_READING = ("GET", "HEAD")
_CART = "X-Cart-Token"


def register_replica(app: Flask, redis_url: str) -> None:
    """Send reads to the replica where that cannot be told from the primary; after the guards."""
    # Only where there is one: Redis's client takes a tenth of the time of a start.
    from app.replica import Replica  # noqa: PLC0415

    app.before_request(_begin)
    app.after_request(_note_write)
    with app.app_context():
        app.extensions["replica"] = Replica(db.engines["read"], db.engines["replica"], redis_url)
    plainly = app.dispatch_request

    def dispatch_request() -> Any:
        """Answer; when the replica fails in the middle of it, once more from the primary: it was only reading."""
        try:
            return plainly()
        except (DBAPIError, PoolTimeout) as error:
            if not g.get("from_replica"):
                raise
            _replica().bar(error)
            g.from_replica = False
            return plainly()

    app.dispatch_request = dispatch_request  # type: ignore[method-assign]


def before_telling() -> Callable[[], None]:
    """What to call before the sender of this request hears of news: what they read next must not be older than that."""
    if "replica" not in current_app.extensions:
        return lambda: None
    return partial(_replica().note_write, _names())


def _begin() -> None:
    """The guards have read from the primary: a token must not live longer because a replica is behind."""
    entry: Entry | None = current_app.extensions["table"].get(request.blueprint)
    if request.method in _READING and entry and not entry.fresh and entry.who not in (DEVICE, FIRST_DEVICE):
        g.choose_engine = _choose


def _choose() -> Engine:
    """For all reads of a request the same, but for those after a write of its own."""
    if "from_replica" not in g:
        g.from_replica = _replica().may_answer(_names())
        meters.READERS.labels("replica" if g.from_replica else "primary").inc()
    return _replica().engine if g.from_replica and not g.get("committed") else db.engines["read"]


def _note_write(response: Response) -> Response:
    if g.get("committed"):
        _replica().note_write(_names())
    return response


def _names() -> list[str]:
    """Under what the sender may be met again: the next request may come signed in, or with the cart it just got."""
    names = [f"address:{request.remote_addr}"]
    if caller := g.get("caller"):
        names.append(f"user:{caller.user_id}")
    if cart := request.headers.get(_CART):
        names.append("cart:" + hashlib.sha256(cart.encode()).hexdigest())
    return names


def _replica() -> "Replica":
    found: Replica = current_app.extensions["replica"]
    return found
