"""Device requests under load: `.venv/bin/python -m scripts.bench_devices [trolleys [seconds]]`, else 200 for 30 s.

Every trolley sends one event a second, each in a request of its own on a kept connection: a scan, the weight after it,
a scan, ..., now and then a scan out again, and a heartbeat every 15 s. The time of an answer counts from the moment the
request was due, so that a slow server cannot hide behind requests that waited for it. The server is gunicorn by
gunicorn.conf.py on a scratch database of the test server, which here waits for the disk at each commit.
"""

import asyncio
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from app.config import device_master_keys, settings
from app.domain.devices.keys import device_key
from app.domain.devices.signing import Request, SignedHeader, shown_header, signature
from app.extensions import db
from tests import databases, factories
from tests.conftest import dispose, make_app
from tests.device.shop_server import ShopServer
from tests.devices import BASE, Talker
from tests.scanning import with_barcode

PRODUCTS = 1000
GRAMS = 500
FULL = 20  # pieces in a trolley, from which on they are taken out again
BEAT_S = 15
WARM_S = 5
LIMITS = (50, 95, 99)


@dataclass
class Trolley:
    """A device in a session; `basket` holds the barcodes of what lies in it."""

    device_id: str
    key: bytes
    chance: random.Random
    n: int = 0
    s: int = 0
    basket: list[str] = field(default_factory=list)
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

    def event(self, codes: list[str]) -> tuple[str, bytes]:
        """The next event: the weight after a scan, else another scan."""
        self.s += 1
        self.moved = not self.moved
        row = self._scan(codes) if self.moved else ["w", "", GRAMS * len(self.basket)]
        return str(row[0]), self.request("/ev", {"ev": [[self.s, *row, int(time.time())]]})

    def _scan(self, codes: list[str]) -> list[object]:
        if len(self.basket) >= FULL or (self.basket and self.chance.random() < 0.1):
            return ["r", self.basket.pop(), -GRAMS]
        self.basket.append(self.chance.choice(codes))
        return ["a", self.basket[-1], GRAMS]


@dataclass
class Figures:
    """Milliseconds by kind of request, and what went wrong."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)

    def note(self, kind: str, seconds: float, answer: bytes) -> None:
        self.taken.setdefault(kind, []).append(seconds * 1000)
        if not answer.startswith(b"HTTP/1.1 200"):
            self.failed[answer[-120:].decode(errors="replace")] += 1


async def drive(trolley: Trolley, port: int, codes: list[str], ends: float, figures: Figures) -> None:
    """One trolley until the end: an event each second, from a random moment of the first one on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = time.monotonic() + trolley.chance.random()
    beat = due + trolley.chance.random() * BEAT_S
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        kind, sent = trolley.event(codes)
        figures.note(kind, *await asked(reader, writer, sent, due))
        if due >= beat:
            beat += BEAT_S
            sent = trolley.request("/hb", {"fw": "1.4.2", "b": 87, "x": 100, "y": 100})
            figures.note("heartbeat", *await asked(reader, writer, sent, time.monotonic()))
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


def furnish(session: Session, count: int) -> tuple[list[Trolley], list[str]]:
    """A branch with goods, and trolleys that shoppers have; the barcodes of the goods. In an application context."""
    branch = factories.make_location(session)
    category = factories.make_category(session)
    columns = {"weight_grams": GRAMS, "category_id": category.id}
    products = [factories.make_product(session, stock={branch: 100_000}, **columns) for _ in range(PRODUCTS)]
    codes = [with_barcode(session, product) for product in products]
    trolleys = []
    for number in range(count):
        trolley = factories.make_trolley(session, branch)
        device = factories.make_device(session, trolley)
        factories.make_cart_session(session, trolley, factories.make_user(session))
        key = device_key(device_master_keys(settings())[0], device.device_id, 1)
        trolleys.append(Trolley(device.device_id, key, random.Random(number)))
    return trolleys, codes


def statements(url: str) -> dict[str, int]:
    """SQL statements that a scan, a weight and a heartbeat send."""
    app, engine = make_app(url, app_env="development"), create_engine(url)
    counts: Counter[str] = Counter()
    with app.app_context(), Session(engine, expire_on_commit=False) as session:
        [trolley], codes = furnish(session, 1)
        talker = Talker(app.test_client(), trolley.device_id, trolley.key)
        requests: dict[str, tuple[str, dict[str, object]]] = {
            "first": ("/ev", {"ev": [[1, "a", codes[0], GRAMS, 0]]}),
            "scan": ("/ev", {"ev": [[2, "a", codes[1], GRAMS, 0]]}),
            "weight": ("/ev", {"ev": [[3, "w", "", 2 * GRAMS, 0]]}),
            "heartbeat": ("/hb", {"fw": "1.4.2", "b": 87, "x": 100, "y": 100}),
        }
        for name, (path, body) in requests.items():
            with counted(name, counts):
                assert talker.post(path, body).status_code == 200
    engine.dispose()
    dispose(app)
    del counts["first"]
    return dict(counts)


@contextmanager
def counted(name: str, counts: Counter[str]) -> Iterator[None]:
    """Count the statements of a block."""

    def note(*_: object) -> None:
        counts[name] += 1

    event.listen(db.engine, "before_cursor_execute", note)
    yield
    event.remove(db.engine, "before_cursor_execute", note)


def processor_seconds(server: ShopServer, folder: Path) -> tuple[float, float]:
    """What the server's processes and those of PostgreSQL have used so far."""
    web = sum(sum(worker.cpu_times()[:2]) for worker in server.workers())
    postmaster = psutil.Process(int((folder / "postmaster.pid").read_text().split("\n")[0]))
    times = postmaster.cpu_times()
    data = (
        sum(sum(child.cpu_times()[:2]) for child in postmaster.children()) + times.children_user + times.children_system
    )
    return web, data


async def run(server: ShopServer, trolleys: list[Trolley], codes: list[str], seconds: float, figures: Figures) -> None:
    """All trolleys at once."""
    ends = time.monotonic() + seconds
    await asyncio.gather(*(drive(one, server.port, codes, ends, figures) for one in trolleys))


def report(figures: Figures) -> None:
    """A line for each kind of request and one for all."""
    everything = list(itertools.chain.from_iterable(figures.taken.values()))
    for kind, taken in [*sorted(figures.taken.items()), ("all", everything)]:
        marks = statistics.quantiles(taken, n=100, method="inclusive")
        shown = "  ".join(f"p{limit} {marks[limit - 1]:6.1f}" for limit in LIMITS)
        print(f"{kind:10} {len(taken):6} requests  {shown}  longest {max(taken):7.1f} ms")
    print("refused:", dict(figures.failed) or "none")


def main(arguments: list[str]) -> None:
    """Measure and print."""
    count, seconds = map(int, (*arguments, "200", "30")[:2] if len(arguments) != 1 else (arguments[0], "30"))
    with databases.cloned(databases.template()) as url:
        print("statements:", statements(url))
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = on")
        app, engine = make_app(url), create_engine(url)
        with app.app_context(), Session(engine, expire_on_commit=False) as session:
            trolleys, codes = furnish(session, count)
        engine.dispose()
        dispose(app)
        with (
            tempfile.TemporaryDirectory() as folder,
            ShopServer(url, Path(folder) / "log", RATE_LIMIT_ENABLED="true") as server,
        ):
            measure(server, trolleys, codes, seconds)


def measure(server: ShopServer, trolleys: list[Trolley], codes: list[str], seconds: int) -> None:
    """Drive all trolleys and print the figures."""
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    warm = Figures()
    asyncio.run(run(server, trolleys, codes, WARM_S, warm))
    figures, before = Figures(), processor_seconds(server, databases.FOLDER)
    asyncio.run(run(server, trolleys, codes, seconds, figures))
    after = processor_seconds(server, databases.FOLDER)
    figures.failed += warm.failed
    report(figures)
    done = sum(len(taken) for taken in figures.taken.values())
    web, data = ((now - then) / done * 1000 for now, then in zip(after, before, strict=True))
    print(f"processor time of a request: {web:.1f} ms of the web processes, {data:.1f} ms of PostgreSQL")


if __name__ == "__main__":
    main(sys.argv[1:])
