"""A fleet of simulated trolleys ends with the right cart in every session, whatever goes wrong on the way."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.device.programs import CLIENT, micropython, run
from tests.device.serving import FleetServer

TROLLEYS = 4
SESSIONS = int(os.environ.get("FLEET_SESSIONS", "1000"))
"""FLEET_SESSIONS=10000 for the long run."""
RESTART_S = 0.5
NO_FAULTS = ("cuts=0", "unsent=0", "lost=0", "doubled=0", "late=0")


@contextmanager
def restarting(server: FleetServer) -> Iterator[None]:
    """Meanwhile the server stops and starts again, every half a second."""
    over = threading.Event()

    def restart() -> None:
        while not over.wait(RESTART_S):
            server.restart()

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def simulated(program: str, server: FleetServer, sessions: int, *more: str) -> tuple[list[Any], Any]:
    """The verdict of each session and the sums."""
    printed = run(
        program,
        str(CLIENT / "sim.py"),
        f"url={server.url}",
        f"shop={server.shop}",
        f"leave={server.leave}",
        "items=" + ",".join(server.items),
        "claims=" + ",".join(server.claim_code() for _ in range(TROLLEYS)),
        "tokens=" + ",".join(server.shopper_token() for _ in range(TROLLEYS)),
        f"sessions={sessions}",
        "seed=5",
        *more,
        seconds=60 + sessions / 10,
    )
    *verdicts, sums = map(json.loads, printed.splitlines())
    return verdicts, sums


@pytest.mark.timeout(3600)
def test_every_cart_is_right_in_spite_of_lost_answers_duplicates_and_restarts_on_both_sides(
    fleet_server: FleetServer, interpreter: str
) -> None:
    sessions = SESSIONS if interpreter == sys.executable else SESSIONS // 4

    with restarting(fleet_server):
        verdicts, sums = simulated(interpreter, fleet_server, sessions)

    assert len(verdicts) == sums["sessions"] == sessions
    assert [verdict for verdict in verdicts if not verdict["ok"]] == []
    assert [v for v in verdicts if fleet_server.lines(v["session"]) != v["basket"]] == []
    assert min(sums[fault] for fault in ("unsent", "lost", "doubled", "late", "cuts")) > sessions / 10
    assert sums["boots"] > TROLLEYS


def test_without_faults_a_trolley_keeps_one_connection(fleet_server: FleetServer, interpreter: str) -> None:
    _, sums = simulated(interpreter, fleet_server, 40, *NO_FAULTS)

    assert sums["wrong"] == 0
    assert sums["boots"] == sums["sockets"] == TROLLEYS
    assert sums["calls"] > 200


def test_the_same_seed_gives_the_same_baskets_under_cpython_and_micropython(fleet_server: FleetServer) -> None:
    here, _ = simulated(sys.executable, fleet_server, 8, *NO_FAULTS)
    there, _ = simulated(micropython(), fleet_server, 8, *NO_FAULTS)

    assert [verdict["basket"] for verdict in here] == [verdict["basket"] for verdict in there]
