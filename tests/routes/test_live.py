"""A user's news: the list for those who ask again and again, and how a stream begins and ends."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import AuthSession, LiveEvent, User
from app.services.live import ending, streams
from app.services.live.telling import tell
from tests import factories
from tests.conftest import Statements

UPDATES = "/api/v1/me/updates"
EVENTS = "/api/v1/me/events"


@pytest.fixture
def user(session: Session) -> User:
    return factories.make_consumer(session)


@pytest.fixture
def headers(session: Session, user: User) -> dict[str, str]:
    return factories.sign_in(session, user)


def tell_of(session: Session, user: User, *numbers: int) -> list[int]:
    """News about orders with these numbers; answers the ids."""
    for number in numbers:
        tell(session, user_ids=[user.id], topic="order.changed", payload={"order_id": number})
        session.commit()
    rows = session.query(LiveEvent.id).filter_by(user_id=user.id).order_by(LiveEvent.id)
    return [row.id for row in rows][-len(numbers) :]


def events_of(text: str) -> list[dict[str, Any]]:
    """The events of a stream: {id, event, data}."""
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block]
    return [{**block, "data": json.loads(block["data"])} for block in blocks if "data" in block]


def test_news_after_an_id_comes_oldest_first_and_says_from_where_to_go_on(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    first, second, third = tell_of(session, user, 7, 8, 9)

    page = client.get(f"{UPDATES}?after={first}&limit=1", headers=headers).json["data"]
    rest = client.get(f"{UPDATES}?after={page['last_id']}", headers=headers).json["data"]

    assert [(one["id"], one["topic"], one["payload"]) for one in page["updates"]] == [
        (second, "order.changed", {"order_id": 8})
    ]
    assert (page["last_id"], page["has_more"]) == (second, True)
    assert [one["id"] for one in rest["updates"]] == [third]
    assert (rest["last_id"], rest["has_more"]) == (third, False)


def test_with_nothing_new_the_same_id_counts_and_the_answer_is_a_304(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    (newest,) = tell_of(session, user, 7)
    path = f"{UPDATES}?after={newest}"
    answer = client.get(path, headers=headers)
    tag = {"If-None-Match": answer.headers["ETag"]}

    unchanged = client.get(path, headers={**headers, **tag})
    tell_of(session, user, 8)
    changed = client.get(path, headers={**headers, **tag})

    assert answer.json["data"] == {"updates": [], "last_id": newest, "has_more": False}
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert changed.status_code == 200


def test_without_an_id_the_newest_few_come(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    nothing = client.get(UPDATES, headers=headers).json["data"]
    ids = tell_of(session, user, *range(12))

    some = client.get(UPDATES, headers=headers).json["data"]

    assert nothing == {"updates": [], "last_id": 0, "has_more": False}
    assert [one["id"] for one in some["updates"]] == ids[-10:]
    assert some["last_id"] == ids[-1]


def test_nobody_sees_the_news_of_another(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    tell_of(session, factories.make_consumer(session), 7)

    listed = client.get(f"{UPDATES}?after=0", headers=headers).json["data"]
    streamed = client.get(f"{EVENTS}?after=0", headers=headers).text

    assert listed["updates"] == []
    assert events_of(streamed) == []


@pytest.mark.parametrize("query", ["", "after=0"])
def test_the_list_takes_one_statement_and_the_callers_own(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str], statements: Statements, query: str
) -> None:
    tell_of(session, user, *range(5))
    statements.clear()

    client.get(f"{UPDATES}?{query}", headers=headers)

    assert len(statements) == 2


@pytest.mark.parametrize("after", ["-1", "x", "true", "1.5", str(2**63)])
def test_an_id_that_is_none_is_refused(client: FlaskClient, headers: dict[str, str], after: str) -> None:
    for path in (UPDATES, EVENTS):
        answer = client.get(f"{path}?after={after}", headers=headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_a_stream_begins_with_the_id_to_resume_after_and_what_is_new(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    first, second = tell_of(session, user, 7, 8)

    answer = client.get(f"{EVENTS}?after={first}", headers=headers)
    from_now_on = client.get(EVENTS, headers=headers)

    listed = client.get(f"{UPDATES}?after={first}", headers=headers).json["data"]["updates"]
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.startswith(f"retry: 3000\nid: {first}\n\n")
    assert events_of(answer.text) == [{"id": str(second), "event": "order.changed", "data": listed[0]}]
    assert from_now_on.text == f"retry: 3000\nid: {second}\n\n"


def test_the_last_event_id_of_the_header_counts_before_the_address(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    _, second, third = tell_of(session, user, 7, 8, 9)

    answer = client.get(f"{EVENTS}?after=0", headers={**headers, "Last-Event-ID": str(second)})

    assert [event["id"] for event in events_of(answer.text)] == [str(third)]


@pytest.mark.parametrize("given", ["x", "-1", "9" * 19, "1 2"])
def test_a_last_event_id_that_is_none_is_refused(client: FlaskClient, headers: dict[str, str], given: str) -> None:
    answer = client.get(EVENTS, headers={**headers, "Last-Event-ID": given})

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_more_news_than_fits_into_one_read_all_comes(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BATCH", 2)
    ids = tell_of(session, user, *range(7))

    answer = client.get(f"{EVENTS}?after=0", headers=headers)

    assert [int(event["id"]) for event in events_of(answer.text)] == ids


def test_beyond_the_cap_of_a_user_a_stream_is_refused_until_one_ends(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    first, second = (client.get(EVENTS, headers=headers) for _ in range(2))

    refused = client.get(EVENTS, headers=headers)
    first.close()
    again = client.get(EVENTS, headers=headers)

    assert (refused.status_code, refused.json["error"]["code"]) == (503, "BUSY")
    assert refused.headers["Retry-After"] == "15"
    assert "/api/v1/me/updates?after=" in refused.json["error"]["message"]
    assert again.status_code == 200
    second.close()
    again.close()


def test_beyond_the_cap_of_the_process_a_stream_is_refused_whosever_it_is(
    client: FlaskClient, session: Session
) -> None:
    people = [factories.sign_in(session, factories.make_consumer(session)) for _ in range(5)]

    answers = [client.get(EVENTS, headers=headers) for headers in people]

    assert [answer.status_code for answer in answers] == [200] * 4 + [503]
    for answer in answers:
        answer.close()


def test_a_head_request_takes_no_place(client: FlaskClient, headers: dict[str, str]) -> None:
    codes = [client.head(EVENTS, headers=headers).status_code for _ in range(6)]

    assert codes == [200] * 6


@pytest.fixture
def long_stream(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    """Streams that would go on for a minute, with a ping ten times a second."""
    settings = client.application.extensions["settings"].model_copy(update={"live_stream_seconds": 60.0})
    monkeypatch.setitem(client.application.extensions, "settings", settings)
    monkeypatch.setattr(streams, "PING_SECONDS", 0.1)
    monkeypatch.setattr(streams, "STEP_SECONDS", 0.05)


def piece(answer: Any) -> bytes:
    return next(answer.iter_encoded())


@pytest.mark.usefixtures("long_stream")
@pytest.mark.parametrize("ended_by", ["revoked", "blocked"])
def test_a_stream_pings_and_ends_when_its_session_does(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str], ended_by: str
) -> None:
    answer = client.get(EVENTS, headers=headers)
    piece(answer)
    pings = [piece(answer) for _ in range(2)]

    if ended_by == "revoked":
        session.execute(update(AuthSession).values(revoked_at=AuthSession.created_at))
    else:
        session.execute(update(User).where(User.id == user.id).values(is_active=False))
    rest = answer.get_data()

    assert pings == [b": ping\n\n"] * 2
    assert rest == b""


@pytest.mark.usefixtures("long_stream")
def test_a_stream_ends_when_the_process_does(
    client: FlaskClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    signs: list[Any] = []
    monkeypatch.setattr(ending, "_signs", signs)
    answer = client.get(EVENTS, headers=headers)
    piece(answer)

    ending.when(lambda: True)

    assert answer.get_data() == b""


@pytest.mark.usefixtures("long_stream")
def test_a_stream_ends_with_its_token(
    client: FlaskClient, session: Session, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.routes.live.seconds_left", lambda: 0.2)

    answer = client.get(EVENTS, headers=headers)

    assert answer.text.count(": ping") <= 2
