"""A fleet of simulated trolleys ends with the right cart in every session, whatever goes wrong on the way."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests import databases
from tests.device.fleet import STOCK, Fleet, open_fleet
from tests.device.programs import CLIENT, ROOT, micropython
from tests.device.shop_server import ShopServer

pytestmark = pytest.mark.xdist_group("device")

TROLLEYS = 5
PROGRAMS = 2
SESSIONS = int(os.environ.get("FLEET_SESSIONS", "300"))
"""FLEET_SESSIONS=1000 or more for the long run."""
SESSIONS_A_BLOW = 50
SCANS = 4
_numbers = itertools.count(1)
NO_FAULTS = ("cuts=0", "unsent=0", "lost=0", "doubled=0", "late=0")


@pytest.fixture
def own_fleet(template: str, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet of its own, whose server may be hit without harm to other tests."""
    with (
        databases.cloned(template) as url,
        ShopServer(url, tmp_path / "log") as server,
        open_fleet(server) as fleet,
    ):
        yield fleet


class Simulation:
    """A running program with five trolleys and a shopper each; it writes what it finds into a file."""

    def __init__(self, program: str, fleet: Fleet, sessions: int, *more: str) -> None:
        arguments = (
            f"url={fleet.url}",
            f"shop={fleet.shop}",
            "items=" + ",".join(fleet.items),
            "claims=" + ",".join(fleet.claim_code() for _ in range(TROLLEYS)),
            "tokens=" + ",".join(fleet.shopper_token() for _ in range(TROLLEYS)),
            f"sessions={sessions}",
            f"events={SCANS}",
            *more,
        )
        self.printed = fleet.server.log.parent / f"simulation-{next(_numbers)}"
        with self.printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [program, str(CLIENT / "sim.py"), *arguments],
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def lines(self) -> list[str]:
        """What was printed so far."""
        return self.printed.read_text().splitlines()

    def outcome(self) -> tuple[list[Any], Any]:
        """The verdict of each session and the sums, once it is over."""
        self.process.wait(600)
        *verdicts, sums = map(json.loads, self.lines())
        return verdicts, sums


def simulated(program: str, fleet: Fleet, sessions: int, *more: str) -> tuple[list[Any], Any]:
    with Simulation(program, fleet, sessions, "seed=5", *more) as simulation:
        return simulation.outcome()


def hit(server: ShopServer, *simulations: Simulation) -> int:
    """Every fifty sessions a process of the server dies, now and then all of them, until all is over; how often."""
    blows = (server.lose_a_worker, server.crash, server.lose_a_worker, server.lose_a_worker, server.restart)
    struck = 0
    while any(simulation.process.poll() is None for simulation in simulations):
        time.sleep(0.1)
        if sum(len(simulation.lines()) for simulation in simulations) >= (struck + 1) * SESSIONS_A_BLOW:
            blows[struck % len(blows)]()
            struck += 1
    return struck


MOVED = """
    SELECT session_id, gtin, sum(pieces)::int AS units FROM basket_moves JOIN product_gtins USING (product_id)
    GROUP BY session_id, gtin HAVING sum(pieces) <> 0
"""
GIVEN_BACK = """
    SELECT cart_sessions.id AS session_id, gtin, -reserved_change AS units
    FROM stock_movements JOIN reservations ON reservations.id = source_id
    JOIN cart_sessions USING (cart_id) JOIN product_gtins ON product_gtins.product_id = reservations.product_id
    WHERE source_type = 'reservation'
"""
HELD = """
    SELECT cart_sessions.id AS session_id, gtin, quantity AS units
    FROM reservations JOIN cart_sessions USING (cart_id) JOIN product_gtins USING (product_id)
    WHERE reservations.state = 'ACTIVE'
"""
LYING = """
    SELECT cart_sessions.id AS session_id, gtin, quantity AS units
    FROM cart_items JOIN cart_sessions USING (cart_id) JOIN product_gtins USING (product_id) WHERE closed_at IS NULL
"""
EVENTS = """
    SELECT devices.id FROM devices LEFT JOIN device_events ON device_events.device_id = devices.id
    GROUP BY devices.id HAVING count(seq) <> last_seq OR max(seq) <> last_seq
"""


def baskets(fleet: Fleet, statement: str) -> dict[int, dict[str, int]]:
    """Units by barcode by session."""
    found: dict[int, dict[str, int]] = {}
    for row in fleet.rows(statement):
        found.setdefault(row.session_id, {})[row.gtin.lstrip("0")] = row.units
    return found


def assert_books_agree(fleet: Fleet, verdicts: list[Any]) -> None:
    """Basket, stock and events of the database against what the trolleys hold to be right."""
    right = {verdict["session"]: verdict["basket"] for verdict in verdicts if verdict["basket"]}
    still_open = {verdict["session"] for verdict in verdicts if verdict["open"]}
    closed = {session: basket for session, basket in right.items() if session not in still_open}
    kept = {session: basket for session, basket in right.items() if session in still_open}
    assert baskets(fleet, MOVED) == right
    assert baskets(fleet, GIVEN_BACK) == closed
    assert baskets(fleet, HELD) == baskets(fleet, LYING) == kept
    assert fleet.rows(EVENTS) == []
    assert fleet.rows("SELECT FROM inventory WHERE available_quantity + reserved_quantity <> %s", STOCK) == []
    assert fleet.rows("SELECT * FROM trolley_incidents") == []
    assert fleet.rows("SELECT * FROM trolley_assists") == []
    assert fleet.violations() == {}


@pytest.mark.timeout(1200)
def test_every_cart_is_right_in_spite_of_lost_answers_duplicates_and_restarts_on_both_sides(own_fleet: Fleet) -> None:
    verdicts: list[Any] = []
    half = SESSIONS // 2

    with (
        Simulation(sys.executable, own_fleet, half, "seed=5", "stay=1") as one,
        Simulation(sys.executable, own_fleet, SESSIONS - half, "seed=6", "stay=1") as two,
    ):
        blows = hit(own_fleet.server, one, two)
        for found, sums in (one.outcome(), two.outcome()):
            verdicts += found
            assert min(sums[fault] for fault in ("unsent", "lost", "doubled", "late", "cuts")) > len(found) / 20
            assert sums["boots"] > TROLLEYS

    assert len({verdict["session"] for verdict in verdicts}) == len(verdicts) == SESSIONS
    assert [verdict for verdict in verdicts if not verdict["ok"]] == []
    assert_books_agree(own_fleet, verdicts)
    assert blows >= SESSIONS // SESSIONS_A_BLOW - 1


def test_under_micropython_every_cart_is_right_too(own_fleet: Fleet) -> None:
    verdicts, sums = simulated(micropython(), own_fleet, 60, "stay=1")

    assert [verdict for verdict in verdicts if not verdict["ok"]] == []
    assert len(verdicts) == 60
    assert sums["boots"] > TROLLEYS
    assert_books_agree(own_fleet, verdicts)


def test_without_faults_a_trolley_keeps_one_connection(fleet: Fleet, interpreter: str) -> None:
    _, sums = simulated(interpreter, fleet, 40, *NO_FAULTS)

    assert sums["wrong"] == 0
    assert sums["boots"] == sums["sockets"] == TROLLEYS
    assert sums["calls"] > 200


def test_the_same_seed_gives_the_same_baskets_under_cpython_and_micropython(fleet: Fleet) -> None:
    here, _ = simulated(sys.executable, fleet, 8, *NO_FAULTS)
    there, _ = simulated(micropython(), fleet, 8, *NO_FAULTS)

    assert [verdict["basket"] for verdict in here] == [verdict["basket"] for verdict in there]
