"""Offering due events of the outbox to workers, one message each. The outbox stays the truth: a message that is lost,
doubled or late does no harm.

An offered event is leased, so that it is not offered again at once; the try is counted by the worker that takes it
(relay.relay_offered). When none does, because the message was lost with its queue, the lease ends and it is offered
anew.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import BigInteger, Integer, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.models.base import AnyRow
from app.services import locks, relay
from app.transaction import transaction

BATCH = 100

Send = Callable[[int, int], None]
"""Puts the id of an event and the number of its tries so far into a queue; raises when that cannot be done."""

_TAKE_BACK = text("""
    UPDATE outbox SET next_at = now()
    FROM unnest(:ids, :tries) AS offered(id, tries)
    WHERE outbox.id = offered.id AND outbox.attempts = offered.tries AND done_at IS NULL AND NOT failed
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("tries", type_=ARRAY(Integer)))


def offer_due(send: Send, *, most: int) -> int:
    """Offer up to `most` due events, those due longest first; answers how many were sent.

    Whatever `send` raises ends it; what was not sent by then is due again at once.
    """
    sent = 0
    while sent < most:
        batch = _offer(min(BATCH, most - sent))
        _send_all(batch, send)
        sent += len(batch)
        if len(batch) < BATCH:
            break
    return sent


def _offer(batch: int) -> Sequence[AnyRow]:
    with transaction() as session:
        return locks.offer_outbox(session, batch=batch, lease=relay.LEASE)


def _send_all(batch: Sequence[AnyRow], send: Send) -> None:
    for place, event in enumerate(batch):
        try:
            send(event.id, event.attempts)
        except BaseException:
            _take_back(batch[place:])
            raise


def _take_back(events: Sequence[AnyRow]) -> None:
    """Make events due that were offered to nobody. One that arrived all the same, and was begun, is left alone."""
    values = {"ids": [event.id for event in events], "tries": [event.attempts for event in events]}
    with transaction() as session:
        session.execute(_TAKE_BACK, values)
