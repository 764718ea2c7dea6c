"""News the moment it happens: a stream of events, and the list for those who ask again and again."""

from flask import Blueprint, Response, request

from app.errors import ValidationFailed
from app.middleware.answers import answer, cacheable
from app.middleware.guards import current_caller, seconds_left
from app.middleware.replica import before_telling
from app.middleware.streaming import EVENT_STREAM, client_is_there, event_stream
from app.openapi import File, Header, endpoint
from app.schemas.live import EventsAsked, LiveUpdates, UpdatesAsked
from app.services.live import reading, streams
from app.services.live.hub import TooManyStreams

live = Blueprint("live", __name__)


class BadLastEventId(ValidationFailed):
    message = "Send in Last-Event-ID the id of the last event as it came, or leave the header out."


_LAST_EVENT_ID = Header(
    name="Last-Event-ID",
    description="The id of the last event that arrived: the stream goes on after it.",
    pattern=r"^[0-9]{0,18}$",
    refusal=BadLastEventId,
)


@live.get("/updates")
@endpoint(query=UpdatesAsked, answers={200: LiveUpdates})
def list_updates(query: UpdatesAsked) -> Response:
    """List what happened after `after`, oldest first.

    Without `after` the newest few and their `last_id`, to go on from. Send the ETag of the last answer as If-None-Match
    to ask cheaply whether there is anything new. News is kept for seven days; a client away for longer reads its orders
    afresh.
    """
    shown = reading.show(query, current_caller())
    if shown.updates:
        before_telling()()
    return cacheable(answer(shown))


@live.get("/events")
@endpoint(
    query=EventsAsked,
    headers=(_LAST_EVENT_ID,),
    answers={200: File(EVENT_STREAM, "Events, as they happen, until the stream ends after some minutes.")},
    errors=(TooManyStreams,),
)
def stream_events(query: EventsAsked) -> Response:
    """Follow what happens, as server-sent events.

    `event` is the topic, `data` the same object that the list of updates has, `id` what to send as Last-Event-ID after
    the stream ended, which it does every few minutes and with the access token. The number of streams is limited: a
    503 `BUSY` means to ask for the list of updates instead.
    """
    given = request.headers.get(_LAST_EVENT_ID.name)
    after = int(given) if given else query.after
    listener = streams.Listener(current_caller(), seconds_left(), client_is_there(), before_telling())
    return event_stream(streams.follow(listener, after=after))
