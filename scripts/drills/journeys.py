"""The whole test journey over HTTP: shoppers, staff and a vendor, trolleys with the shipped client, live news."""

import contextlib
import json
import threading
import time
from pathlib import Path

import httpx

from app.services.seed.people import DEMO_USERS
from scripts import stack_journeys
from scripts.demo_person import JourneyEnded
from scripts.drills.running import PromiseBroken
from scripts.parts.child import PartFailed, await_that
from scripts.parts.postgres import Postgres

_LISTENER = DEMO_USERS[0]
_PATIENCE = 10.0
"""Seconds for news to arrive; a stream that nobody wakes looks every 15 s."""
_TELL = "INSERT INTO live_events (user_id, topic, payload) SELECT id, 'drill', '{}' FROM users WHERE email = %s"


def walk_all(base: str, database: Postgres, folder: Path) -> None:
    """Every journey, silently. Raises PromiseBroken with the step that failed."""
    for journey in (stack_journeys.shoppers, stack_journeys.vendor, stack_journeys.trolleys):
        try:
            stack_journeys.told(journey, base, folder)
        except JourneyEnded as error:
            raise PromiseBroken(f"the journey {journey.__name__} ended early: {str(error).splitlines()[-1]}") from None
    hear_news(base, database)


def hear_news(base: str, database: Postgres) -> None:
    """News reaches an open stream at once, which takes a connection that listens. Raises PromiseBroken."""
    heard = threading.Event()
    form = {"email": _LISTENER.email, "password": _LISTENER.password}
    token = httpx.post(f"{base}/api/v1/auth/login", json=form, timeout=30).json()["data"]["access_token"]
    with (
        httpx.Client(base_url=base, timeout=30, headers={"Authorization": f"Bearer {token}"}) as client,
        client.stream("GET", "/api/v1/me/events") as stream,
    ):
        threading.Thread(target=_listen, args=(stream, heard), daemon=True).start()
        time.sleep(2)  # let the listening connection come up: each stream looks once by itself when it does
        with database.connect() as connection:
            connection.execute(_TELL, [_LISTENER.email])
        try:
            await_that(heard.is_set, "news on an open stream", _PATIENCE)
        except PartFailed as error:
            raise PromiseBroken(str(error)) from None


def _listen(stream: httpx.Response, heard: threading.Event) -> None:
    with contextlib.suppress(httpx.HTTPError, httpx.StreamError):
        for line in stream.iter_lines():
            if line.startswith("data: ") and json.loads(line.removeprefix("data: "))["topic"] == "drill":
                heard.set()
