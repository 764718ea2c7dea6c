"""Trolleys in use: each sends an event a second, in a request of its own on a kept connection, and now and then a
heartbeat.

A scan, the weight after it, a scan, ..., sometimes a scan out again. The time of an answer counts from the moment the
request was due, so that a slow server cannot hide behind requests that waited for it.
"""

import asyncio
import json
import random
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.config import device_master_keys, settings
from app.domain.devices.keys import device_key
from app.domain.devices.signing import Request, SignedHeader, shown_header, signature
from scripts.bench.cases.case import Case
from scripts.bench.figures import Figure, Measured, at_most
from scripts.bench.processes import processor_seconds
from scripts.bench.stage import Stage
from scripts.drills.running import PromiseBroken

BASE = "/api/v1/device"
TROLLEYS = 200
PRODUCTS = 1000
FULL = 20  # pieces in a trolley, from which on they are taken out again
BEAT_S = 15
ROUNDS_S = 5  # a round of a trolley needs time for several events

_GOODS = """
    SELECT gtin, weight_grams FROM products JOIN product_gtins ON product_id = products.id
    WHERE products.id = ANY(%s) AND weight_grams > 0 ORDER BY products.id
"""
_SHOPPING = """
    WITH shoppers AS (
        INSERT INTO users (email, full_name) SELECT %(run)s || n || '@example.com', 'Shopper' FROM
        generate_series(1, %(count)s) AS n RETURNING id
    ), carts_made AS (
        INSERT INTO carts (user_id, channel) SELECT id, 'IN_STORE' FROM shoppers RETURNING id, user_id
    ), trolleys_made AS (
        INSERT INTO trolleys (stock_location_id, label, state)
        SELECT %(branch)s, %(run)s || '-' || n, 'shopping' FROM generate_series(1, %(count)s) AS n RETURNING id
    ), devices_made AS (
        INSERT INTO devices (device_id, serial, stock_location_id, trolley_id, base_kid, kid, claimed_at)
        SELECT substr(md5(%(run)s || id), 1, 8), %(run)s || id, %(branch)s, id, 1, 1, now() FROM trolleys_made
        RETURNING device_id
    ), sessions AS (
        INSERT INTO cart_sessions (trolley_id, cart_id, user_id, stock_location_id)
        SELECT trolley.id, cart.id, cart.user_id, %(branch)s
        FROM (SELECT id, row_number() OVER () AS place FROM trolleys_made) AS trolley
        JOIN (SELECT id, user_id, row_number() OVER () AS place FROM carts_made) AS cart USING (place)
    )
    SELECT device_id FROM devices_made
"""


@dataclass(frozen=True)
class Goods:
    """What is scanned: a barcode, and what a piece weighs."""

    code: str
    grams: int


@dataclass
class Trolley:
    """A device in a session; `basket` is what lies in it."""

    device_id: str
    key: bytes
    chance: random.Random
    n: int = 0
    s: int = 0
    basket: list[Goods] = field(default_factory=list)
    moved: bool = False

    def request(self, path: str, document: object) -> bytes:
        """The bytes of a signed request."""
        self.n += 1
        body = json.dumps(document, separators=(",", ":")).encode()
        unsigned = SignedHeader(self.device_id, 1, int(time.time()), 1, self.n, "0" * 64)
        sig = signature(self.key, Request("POST", BASE + path, body), unsigned)
        line = shown_header(SignedHeader(self.device_id, 1, unsigned.ts, 1, self.n, sig))
        head = (
            f"POST {BASE}{path} HTTP/1.1\r\nHost: shop\r\nAuthorization: {line}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def event(self, goods: Sequence[Goods]) -> tuple[str, bytes]:
        """The next event: the weight after a scan, else another scan."""
        self.s += 1
        self.moved = not self.moved
        row = self._scan(goods) if self.moved else ["w", "", sum(one.grams for one in self.basket)]
        return str(row[0]), self.request("/ev", {"ev": [[self.s, *row, int(time.time())]]})

    def _scan(self, goods: Sequence[Goods]) -> list[object]:
        if len(self.basket) >= FULL or (self.basket and self.chance.random() < 0.1):
            out = self.basket.pop()
            return ["r", out.code, -out.grams]
        self.basket.append(self.chance.choice(goods))
        return ["a", self.basket[-1].code, self.basket[-1].grams]


@dataclass
class Answers:
    """Milliseconds by kind of request, and what went wrong."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)

    def note(self, kind: str, seconds: float, answer: bytes) -> None:
        self.taken.setdefault(kind, []).append(seconds * 1000)
        if not answer.startswith(b"HTTP/1.1 200"):
            self.failed[answer[-120:].decode(errors="replace")] += 1


async def drive(trolley: Trolley, port: int, goods: Sequence[Goods], ends: float, answers: Answers) -> None:
    """One trolley until the end: an event each second, from a random moment of the first one on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = time.monotonic() + trolley.chance.random()
    beat = due + trolley.chance.random() * BEAT_S
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        kind, sent = trolley.event(goods)
        answers.note(kind, *await asked(reader, writer, sent, due))
        if due >= beat:
            beat += BEAT_S
            sent = trolley.request("/hb", {"fw": "1.4.2", "b": 87, "x": 100, "y": 100})
            answers.note("heartbeat", *await asked(reader, writer, sent, time.monotonic()))
        due += 1
    writer.close()


async def asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes, due: float
) -> tuple[float, bytes]:
    """Seconds from the moment a request was due until its answer was there, and the answer."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    return time.monotonic() - due, head + body


async def _all_at_work(
    trolleys: Sequence[Trolley], port: int, goods: Sequence[Goods], seconds: float, answers: Answers
) -> None:
    ends = time.monotonic() + seconds
    await asyncio.gather(*(drive(one, port, goods, ends, answers) for one in trolleys))


def _goods(stage: Stage) -> list[Goods]:
    with stage.database.connect() as connection:
        rows = connection.execute(_GOODS, [list(stage.world.products[:PRODUCTS])])
        return [Goods(code[1:] if code.startswith("0") else code, grams) for code, grams in rows]


def _trolleys(stage: Stage, count: int) -> list[Trolley]:
    """Trolleys that shoppers have just taken; in an application context."""
    told = {"run": f"run-{secrets.token_hex(4)}-", "count": count, "branch": stage.world.branch_id}
    master = device_master_keys(settings())[0]
    with stage.database.connect() as connection:
        devices = [str(row[0]) for row in connection.execute(_SHOPPING, told)]
    return [Trolley(one, device_key(master, one, 1), random.Random(one)) for one in devices]


def events(stage: Stage) -> list[Figure]:
    """Two hundred trolleys for the length of some rounds; a refused request is a fault of the run."""
    count = 20 if stage.options.is_short else TROLLEYS
    seconds = 2 if stage.options.is_short else ROUNDS_S * stage.options.rounds
    trolleys, goods = _trolleys(stage, count), _goods(stage)
    asyncio.run(_all_at_work(trolleys, stage.web.port, goods, 2, Answers()))
    answers, before = Answers(), _spent(stage)
    asyncio.run(_all_at_work(trolleys, stage.web.port, goods, seconds, answers))
    app, database = (now - then for now, then in zip(_spent(stage), before, strict=True))
    if answers.failed:
        raise PromiseBroken(f"a trolley was refused: {next(iter(answers.failed))}")
    taken = [ms for kind, all_of_it in answers.taken.items() if kind != "heartbeat" for ms in all_of_it]
    marks = statistics.quantiles(taken, n=100, method="inclusive")
    requests = sum(map(len, answers.taken.values()))
    measured = Measured(
        rate=requests / seconds,
        p50_ms=marks[49],
        p99_ms=marks[98],
        app_ms=app / requests * 1000,
        database_ms=database / requests * 1000,
        answers=requests,
    )
    return [Figure("trolleys", f"trolley event, {count} trolleys, p99", marks[98], "ms", at_most(100), ours=measured)]


def _spent(stage: Stage) -> tuple[float, float]:
    return processor_seconds(stage.web.pid), processor_seconds(stage.database.pid)


CASES = (Case("trolleys", "events of 200 trolleys", events),)
