"""Reads from a real streaming replica: nobody can tell, and whatever fails, the primary answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import meters, replica
from app.embedded_postgres import with_driver
from app.migrations import migrate
from app.models import Product, StockLocation
from app.services.live.telling import tell
from app.transaction import transaction
from scripts.parts.child import await_that
from scripts.parts.postgres import Postgres, new_cluster, standby_of
from scripts.parts.redis import RedisServer
from scripts.parts.workspace import workspace
from tests import factories
from tests.conftest import dispose, make_app
from tests.programs import program

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]

HERE, ELSEWHERE = "203.0.113.1", "203.0.113.2"
OLD, NEW = 10.0, 12.5
NOWHERE = "postgresql+psycopg://127.0.0.1:1/shop"


@dataclass
class Pair:
    """A primary and its standby, whose replay can be held up, and a Redis."""

    primary: Postgres
    standby: Postgres
    redis: RedisServer

    def caught_up(self) -> None:
        position = self.primary.ask("SELECT pg_current_wal_insert_lsn()")
        is_there = "SELECT pg_last_wal_replay_lsn() >= %s"
        await_that(lambda: self.standby.ask(is_there, position), "the standby catches up")

    def hold_up(self) -> None:
        """From now on the standby shows the shop as it is at this moment."""
        self.caught_up()
        self.standby.ask("SELECT pg_wal_replay_pause()")
        await_that(lambda: self.standby.ask("SELECT pg_get_wal_replay_pause_state()") == "paused", "replay pauses")

    def go_on(self) -> None:
        self.standby.ask("SELECT pg_wal_replay_resume()")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    program("redis-server", "redis-server")
    with workspace("replica") as folder, RedisServer(folder) as redis, new_cluster(folder / "primary") as primary:
        migrate(with_driver(primary.url()))
        with standby_of(primary, folder / "standby") as standby:
            yield Pair(primary, standby, redis)


@dataclass
class Store:
    """An application on both servers, with a product on sale, and one customer."""

    app: Flask
    pair: Pair
    product_id: int
    user_id: int
    token: dict[str, str]

    def client(self, address: str = HERE) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return client

    def price(self, address: str = HERE, **headers: str) -> float:
        return price_in(self.client(address).get(f"/api/v1/catalog/products/{self.product_id}", headers=headers))

    def change_price(self, price: float = NEW) -> None:
        """By nobody we know of: straight in the primary."""
        with self.pair.primary.connect() as connection:
            connection.execute("UPDATE products SET price = %s WHERE id = %s", [Decimal(price), self.product_id])

    def add_to_cart(self, address: str = HERE, **headers: str) -> TestResponse:
        line = {"product_id": self.product_id, "quantity": 1}
        return self.client(address).post("/api/v1/cart/items", json=line, headers=headers)


def price_in(answer: TestResponse) -> float:
    assert answer.status_code == 200, answer.text
    return float(answer.json["data"]["price"])


def answered_by(server: str) -> float:
    return float(meters.READERS.labels(server)._value.get())


@pytest.fixture
def store(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(replica, "PAUSE", 0.1)
    monkeypatch.setattr(replica, "LOOK_EVERY", 0.05)
    if not pair.standby.is_running():
        pair.standby.start()
    pair.go_on()
    pair.redis.client().flushall()
    app = make_app(with_driver(pair.primary.url()), database_read_url=pair.standby.url(), redis_url=pair.redis.url)
    with app.app_context(), transaction() as session:
        product, user = _stocked(session), factories.make_user(session)
        made: dict[str, Any] = {
            "product_id": product.id,
            "user_id": user.id,
            "token": factories.sign_in(session, user),
        }
    pair.caught_up()
    yield Store(app, pair, **made)
    dispose(app)


def _stocked(session: Session) -> Product:
    warehouse = session.scalar(select(StockLocation)) or factories.make_warehouse(session)
    return factories.make_product(session, stock={warehouse: 50}, price=Decimal(OLD))


def test_reads_of_somebody_who_wrote_nothing_come_from_the_replica(store: Store) -> None:
    store.pair.hold_up()

    store.change_price()

    assert store.price() == OLD
    store.pair.go_on()
    store.pair.caught_up()
    assert store.price() == NEW


def test_what_one_has_just_written_one_reads_and_others_may_wait_for_it(store: Store) -> None:
    store.pair.hold_up()

    added = store.add_to_cart(**store.token)
    own = store.client(ELSEWHERE).get("/api/v1/cart", headers=store.token).json["data"]
    store.change_price()

    assert added.status_code == 201
    assert [item["product_id"] for item in own["items"]] == [store.product_id]
    assert store.price(HERE) == NEW
    assert store.price("203.0.113.77") == OLD


def test_once_the_replica_has_what_one_wrote_it_answers_again(store: Store) -> None:
    store.add_to_cart(**store.token)
    store.pair.hold_up()

    store.change_price()

    assert store.price(**store.token) == OLD


def test_who_registers_finds_themselves_at_once(store: Store) -> None:
    store.pair.hold_up()
    client = store.client()

    form = {"email": f"new{store.user_id}@example.com", "password": "sunny-day-7", "full_name": "Noa"}
    signed_in = client.post("/api/v1/auth/register", json=form).json["data"]
    shown = client.get("/api/v1/me", headers={"Authorization": f"Bearer {signed_in['access_token']}"})

    assert shown.status_code == 200
    assert shown.json["data"]["email"] == form["email"]


def test_a_guests_cart_is_found_by_its_token_from_another_address(store: Store) -> None:
    store.pair.hold_up()
    token = store.client().post("/api/v1/cart/guest").json["data"]["cart_token"]
    added = store.add_to_cart(**{"X-Cart-Token": token})

    cart = store.client(ELSEWHERE).get("/api/v1/cart", headers={"X-Cart-Token": token}).json["data"]

    assert added.status_code == 201
    assert [item["product_id"] for item in cart["items"]] == [store.product_id]


def test_a_session_that_was_ended_lets_nobody_in_however_far_behind_the_replica_is(store: Store) -> None:
    store.pair.hold_up()

    ended = store.client().post("/api/v1/auth/logout", headers=store.token)
    refused = store.client(ELSEWHERE).get("/api/v1/me", headers=store.token)

    assert ended.status_code in (200, 204)
    assert refused.status_code == 401


def test_what_news_are_about_is_read_no_older_than_the_news(store: Store) -> None:
    store.pair.hold_up()
    store.change_price()
    with store.app.app_context(), transaction() as session:
        tell(session, user_ids=[store.user_id], topic="order.changed", payload={"order_id": 1})
    before = store.price()

    news = store.client().get("/api/v1/me/updates?after=0", headers=store.token).json["data"]["updates"]

    assert before == OLD
    assert len(news) == 1
    assert store.price() == NEW


def test_a_replica_far_behind_answers_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "MOST_BEHIND", 0.2)
    store.pair.hold_up()
    store.change_price()
    assert store.price() == OLD

    await_that(lambda: store.price() == NEW, "reads leave the replica", 5)

    monkeypatch.setattr(replica, "MOST_BEHIND", 5.0)
    assert store.price() == OLD


def test_without_redis_everything_is_read_from_the_primary(store: Store) -> None:
    store.pair.hold_up()
    store.change_price()
    store.pair.redis.kill()

    try:
        without = store.price()
        written = store.add_to_cart(**store.token).status_code
    finally:
        store.pair.redis.start()

    assert without == NEW
    assert written == 201
    await_that(lambda: store.price() == OLD, "reads return to the replica", 5)


def test_a_replica_that_dies_costs_no_request(store: Store) -> None:
    store.price()
    store.change_price()
    store.pair.standby.kill()

    answers = [store.price() for _ in range(5)]

    assert answers == [NEW] * 5
    store.pair.standby.start()
    store.pair.hold_up()
    store.change_price(OLD)
    await_that(lambda: store.price() == NEW, "reads return to the replica", 5)


def test_a_replica_that_fails_in_the_middle_of_a_request_costs_nothing(store: Store) -> None:
    by_primary, client = answered_by("primary"), store.client()
    for _ in range(3):  # connections are open, and nothing is asked before the reading itself
        price_in(client.get(f"/api/v1/catalog/products/{store.product_id}"))
    ours = "datname = 'aisle' AND pid <> pg_backend_pid()"
    store.pair.standby.ask(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {ours}")

    answers = [store.price() for _ in range(3)]

    assert answers == [OLD] * 3
    assert answered_by("primary") >= by_primary


def test_a_server_that_is_no_replica_is_never_read(store: Store, pair: Pair) -> None:
    """As after a promotion, when it may be another database than the primary."""
    app = make_app(with_driver(pair.primary.url()), database_read_url=pair.primary.url(), redis_url=pair.redis.url)
    before = answered_by("replica")

    answer = app.test_client().get(f"/api/v1/catalog/products/{store.product_id}")

    assert price_in(answer) == OLD
    assert answered_by("replica") == before
    dispose(app)


def test_sent_changes_never_ask_the_replica(store: Store) -> None:
    before = answered_by("replica") + answered_by("primary")

    store.add_to_cart(**store.token)

    assert answered_by("replica") + answered_by("primary") == before


def test_a_write_whose_place_the_primary_did_not_tell_is_waited_for_in_every_process(store: Store) -> None:
    pair = store.pair
    primary, standby = (create_engine(with_driver(server.url())) for server in (pair.primary, pair.standby))
    at_a_loss = replica.Replica(create_engine(NOWHERE), standby, pair.redis.url)
    another = replica.Replica(primary, standby, pair.redis.url)

    at_a_loss.note_write(["user:7"])

    assert not another.may_answer(["user:7"])
    assert another.may_answer(["user:8"])
    primary.dispose()
    standby.dispose()
