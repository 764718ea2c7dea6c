"""Telling users the news."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import LiveEvent
from app.services.live.telling import tell
from tests import factories


def test_everybody_told_gets_the_news_once_and_nobody_else(session: Session) -> None:
    one, two, three = (factories.make_consumer(session) for _ in range(3))

    tell(session, user_ids=[two.id, one.id, two.id], topic="order.changed", payload={"order_id": 5})
    tell(session, user_ids=[], topic="order.changed", payload={"order_id": 6})

    rows = session.execute(select(LiveEvent.user_id, LiveEvent.topic, LiveEvent.payload)).all()
    assert sorted(rows) == [(one.id, "order.changed", {"order_id": 5}), (two.id, "order.changed", {"order_id": 5})]
    assert three.id not in {row.user_id for row in rows}
