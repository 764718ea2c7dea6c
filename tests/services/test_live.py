"""Telling users the news, and forgetting it after a week."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import LiveEvent
from app.services.live.telling import tell
from app.services.payments.sweeper import sweep
from tests import factories


def test_everybody_told_gets_the_news_once_and_nobody_else(session: Session) -> None:
    one, two, three = (factories.make_consumer(session) for _ in range(3))

    tell(session, user_ids=[two.id, one.id, two.id], topic="order.changed", payload={"order_id": 5})
    tell(session, user_ids=[], topic="order.changed", payload={"order_id": 6})

    rows = session.execute(select(LiveEvent.user_id, LiveEvent.topic, LiveEvent.payload)).all()
    assert sorted(rows) == [(one.id, "order.changed", {"order_id": 5}), (two.id, "order.changed", {"order_id": 5})]
    assert three.id not in {row.user_id for row in rows}


def test_news_is_forgotten_after_a_week(session: Session) -> None:
    user, now = factories.make_consumer(session), datetime.now(UTC)
    for days in (6.9, 7.1):
        told = {"topic": "order.changed", "payload": {"days": days}, "created_at": now - timedelta(days=days)}
        session.add(LiveEvent(user_id=user.id, **told))
    session.commit()

    sweep()

    assert session.execute(select(LiveEvent.payload)).scalars().all() == [{"days": 6.9}]
