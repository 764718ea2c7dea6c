"""Events offered to workers: leased without counting a try, handed back when nobody can be told, taken on once."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import OutboxEvent
from app.services import events, offering, relay
from app.services.events.event import Event
from tests.conftest import Live
from tests.factories import make_event

Sent = list[tuple[int, int]]


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What the handler of topic test.count was given."""
    seen: list[Event] = []
    monkeypatch.setitem(events.HANDLERS, "test.count", seen.append)
    return seen


@pytest.fixture
def sent() -> Sent:
    return []


def make(session: Session, number: int = 1) -> list[OutboxEvent]:
    return [make_event(session, "test.count") for _ in range(number)]


def again(session: Session, event: OutboxEvent) -> OutboxEvent:
    session.refresh(event)
    return event


def offer(sent: Sent, most: int = 1000) -> int:
    return offering.offer_due(lambda *message: sent.append(message), most=most)


def seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()


def make_due(session: Session) -> None:
    session.execute(update(OutboxEvent).values(next_at=func.now() - timedelta(seconds=1)))
    session.commit()


def test_an_offered_event_is_leased_and_not_offered_again_but_no_try_is_counted(session: Session, sent: Sent) -> None:
    [event] = make(session)

    counts = [offer(sent), offer(sent)]

    assert counts == [1, 0]
    assert sent == [(event.id, 0)]
    assert again(session, event).attempts == 0
    assert 110 < seconds_until(event.next_at) <= 120


def test_an_event_whose_message_was_lost_is_offered_again_when_its_lease_has_ended(
    session: Session, sent: Sent, handled: list[Event]
) -> None:
    [event] = make(session)
    offer(sent)
    make_due(session)

    offer(sent)

    assert sent == [(event.id, 0)] * 2
    assert [relay.relay_offered(*message) for message in sent] == [True, False]
    assert len(handled) == 1


def test_all_that_is_due_is_offered_in_batches_those_due_longest_first(
    session: Session, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offering, "BATCH", 2)
    made = make(session, 5)
    made[4].next_at = datetime.now(UTC) - timedelta(hours=1)
    session.commit()

    assert offer(sent) == 5
    assert {event_id for event_id, _ in sent[:2]} >= {made[4].id}
    assert {event_id for event_id, _ in sent} == {event.id for event in made}


@pytest.mark.parametrize("room", [0, -3, 2])
def test_no_more_is_offered_than_there_is_room_for(session: Session, sent: Sent, room: int) -> None:
    make(session, 4)

    assert offer(sent, most=room) == max(room, 0)
    assert len(sent) == max(room, 0)


def test_what_could_not_be_sent_is_due_again_at_once(session: Session, sent: Sent) -> None:
    made = make(session, 4)

    def send(event_id: int, tried: int) -> None:
        if len(sent) == 2:
            raise ConnectionError("Redis is gone")
        sent.append((event_id, tried))

    with pytest.raises(ConnectionError):
        offering.offer_due(send, most=10)

    told = {event_id for event_id, _ in sent}
    assert {event.id for event in made if seconds_until(again(session, event).next_at) > 100} == told
    assert offer(sent) == 2
    assert len({event_id for event_id, _ in sent}) == 4


def test_an_event_that_was_taken_on_all_the_same_is_not_handed_back(
    session: Session, handled: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis took the message, and only its answer was lost."""
    [event] = make(session)
    monkeypatch.setattr(events, "without_secrets", lambda _event: 1 / 0)  # begun, and never marked as done

    def send(event_id: int, tried: int) -> None:
        relay.relay_offered(event_id, tried)
        raise TimeoutError("no answer")

    with pytest.raises(TimeoutError):
        offering.offer_due(send, most=10)

    assert (again(session, event).attempts, len(handled)) == (1, 1)
    assert seconds_until(event.next_at) > 1


def test_a_message_that_comes_late_does_nothing(session: Session, sent: Sent, handled: list[Event]) -> None:
    done, failed, tried = make(session, 3)
    offer(sent)
    done.done_at, failed.failed, tried.attempts = func.now(), True, 1
    session.commit()

    answers = [relay.relay_offered(*message) for message in [*sent, (999_999, 0)]]

    assert answers == [False] * 4
    assert handled == []


def test_a_try_that_fails_waits_and_is_offered_with_the_number_of_its_tries(
    session: Session, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(event: Event) -> None:
        raise TimeoutError("no answer")

    monkeypatch.setitem(events.HANDLERS, "test.count", fail)
    [event] = make(session)
    offer(sent)

    relay.relay_offered(*sent[0])

    assert again(session, event).last_error == "TimeoutError: no answer"
    assert 0 < seconds_until(event.next_at) <= 5
    make_due(session)
    offer(sent)
    assert sent == [(event.id, 0), (event.id, 1)]


def test_an_event_that_ends_each_process_is_given_up_without_ending_another(
    session: Session, sent: Sent, handled: list[Event]
) -> None:
    [event] = make(session)
    event.attempts = relay.MOST_ATTEMPTS
    session.commit()
    offer(sent)

    relay.relay_offered(*sent[0])

    assert again(session, event).failed
    assert event.last_error.startswith("NeverFinished: ")
    assert handled == []


def test_of_many_that_take_on_the_same_event_one_handles_it(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    handled: Counter[int] = Counter()
    monkeypatch.setitem(events.HANDLERS, "test.count", lambda event: handled.update([event.id]))
    with Session(live.engine) as session:
        session.add_all(OutboxEvent(topic="test.count", aggregate="test:1", payload={}) for _ in range(30))
        session.commit()
        ids = list(session.execute(select(OutboxEvent.id)).scalars())
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        with live.app.app_context():
            for event_id in ids:
                relay.relay_offered(event_id, 0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert handled == Counter(ids)
