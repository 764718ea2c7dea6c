"""A shopper's trolley with its device, for tests of what it scans and weighs."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.gtin import check_digit
from app.models import CartSession, DeviceEvent, Product, ProductGtin, Trolley, TrolleyAssist, TrolleyIncident
from tests import factories
from tests.devices import Talker, make_talker
from tests.trolleys import Walk, start_walk

Event = list[Any]


@dataclass
class Trip:
    """A walk whose trolley speaks for itself; `s` is the number of its last event."""

    walk: Walk
    talker: Talker
    s: int = 0
    sent: list[Event] = field(default_factory=list)

    def event(self, kind: str, code: str = "", grams: int = 0, at: int | None = 0) -> Event:
        """The next event, at Unix seconds, of which 0 means an unknown clock and None now."""
        self.s += 1
        made = [self.s, kind, code, grams, int(time.time()) if at is None else at]
        self.sent.append(made)
        return made

    def post(self, *events: Event, **more: int) -> TestResponse:
        """Send events as they are."""
        return self.talker.post("/ev", {"ev": list(events), **more})

    def does(self, kind: str, code: str = "", grams: int = 0, at: int | None = 0) -> list[int]:
        """Send one new event; answers `[code, quantity, unit price]`."""
        answer = self.post(self.event(kind, code, grams, at))
        assert answer.status_code == 200, answer.data
        found: list[int] = answer.json["r"][0][1:]
        return found

    def code(self, kind: str, code: str = "", grams: int = 0, at: int | None = 0) -> int:
        """Send one new event; answers its result code."""
        return self.does(kind, code, grams, at)[0]


def start_trip(session: Session, client: FlaskClient, **trolley: Any) -> Trip:
    """A shopper with a trolley of a new branch, and its device. Inside an application context."""
    walk = start_walk(session, client)
    for name, value in trolley.items():
        setattr(walk.trolley, name, value)
    if "tare_grams" in trolley:
        walk.opened.baseline_grams = trolley["tare_grams"]
    session.commit()
    return Trip(walk, make_talker(session, client, walk.trolley))


def with_barcode(session: Session, product: Product) -> str:
    """Give a product a GTIN-13 of its own and answer it."""
    body = f"400{product.id % 10**9:09d}"
    code = body + check_digit(body)
    session.add(ProductGtin(product_id=product.id, gtin=code.zfill(14)))
    session.commit()
    return code


def on_the_shelf(session: Session, trip: Trip, *, stock: int = 50, **columns: Any) -> tuple[Product, str]:
    """A product of the trolley's branch with its barcode; 500 g unless said otherwise."""
    values = {"weight_grams": 500, **columns}
    product = factories.make_product(session, stock={trip.walk.branch: stock}, **values)
    return product, with_barcode(session, product)


def opened_of(session: Session, trip: Trip) -> CartSession:
    """The session of the trip as the database has it now."""
    statement = select(CartSession).where(CartSession.id == trip.walk.opened.id)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one()


def trolley_of(session: Session, trip: Trip) -> Trolley:
    statement = select(Trolley).where(Trolley.id == trip.walk.trolley.id)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one()


def backdate(session: Session, *, minutes: int) -> None:
    """Make the events older than they are, which only a test may."""
    session.execute(text("ALTER TABLE device_events DISABLE TRIGGER USER"))
    session.execute(update(DeviceEvent).values(created_at=DeviceEvent.created_at - timedelta(minutes=minutes)))
    session.execute(text("ALTER TABLE device_events ENABLE TRIGGER USER"))
    session.commit()


def assists(session: Session) -> list[TrolleyAssist]:
    statement = select(TrolleyAssist).order_by(TrolleyAssist.id)
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def incidents(session: Session) -> list[TrolleyIncident]:
    return list(session.scalars(select(TrolleyIncident).order_by(TrolleyIncident.id)))


def stored(session: Session) -> list[tuple[int, str, int]]:
    """(number, kind, result) of every event that was taken."""
    rows = session.scalars(select(DeviceEvent).order_by(DeviceEvent.seq))
    return [(row.seq, row.kind, row.result) for row in rows]
