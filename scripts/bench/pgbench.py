"""The floor of a confirm: the same row writes by PostgreSQL's own pgbench, one statement for each step.

`confirm_steps.sql` has the steps. T1: key, settings, branch, slot, card, cart (locked) and its lines are read; for each
of five lines the stock is locked and read, in the order of products, then an order line written, the stock moved and
the movement noted; the order, its payment and operation, the cart, the key, two audit events, the outbox event, the
place in the slot. Then, as in the house, a transaction that marks the payment as sent, the row the sandbox in the
provider's place writes, and T2: operation, payment, order, key, audit event, outbox event. Four commits, each on disk.

So it is what a service written with care and without batches would ask of the database, without any work of its own: no
HTTP, no sign-in, no rules, no prices summed in exact numbers. Its events are due tomorrow, so that nobody acts on them
while something is measured.
"""

import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.bench.traffic import Load
from scripts.parts.child import PartFailed, bare_environment
from scripts.parts.postgres import Postgres, binary

STEPS = Path(__file__).with_name("confirm_steps.sql")
_FAILED = re.compile(r"number of failed transactions: ([1-9]\d*)")


@dataclass(frozen=True)
class Steps:
    """How often the script is run: `each` times by every one of `clients` at once."""

    clients: int
    each: int
    variables: Mapping[str, int]
    """What the script is told: `first_cart` and `first_slot`, the first of a row of ids; `slots`; `warehouse`."""


def run(database: Postgres, steps: Steps) -> Load:
    """Run the script to its end; raises PartFailed with pgbench's last words when a step fails."""
    told = {"n": -1, "each": steps.each, **steps.variables}
    with TemporaryDirectory(prefix="aisle-pgbench-") as folder:
        command = [
            binary("pgbench"),
            *("--no-vacuum", "--protocol=prepared", f"--client={steps.clients}", "--jobs=1"),
            *(f"--transactions={steps.each}", f"--file={STEPS}", "--log", f"--log-prefix={folder}/log"),
            *(f"--define={name}={value}" for name, value in told.items()),
            database.url(),
        ]
        began = time.perf_counter()
        done = subprocess.run(command, env=bare_environment(), capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode != 0 or _FAILED.search(done.stdout):
            raise PartFailed(f"pgbench failed: {_last_words(done.stderr)}")
        taken = _milliseconds(Path(folder))
    return Load(seconds=_without_connecting(done.stdout, seconds), answered=len(taken), ms=taken)


def _milliseconds(folder: Path) -> list[float]:
    """How long each transaction of the log took: the third word of its lines, in microseconds."""
    return [
        int(line.split()[2]) / 1000 for log in folder.glob("log.*") for line in log.read_text().splitlines() if line
    ]


def _without_connecting(told: str, seconds: float) -> float:
    """The seconds of the run that count: pgbench itself leaves out those of connecting."""
    rate = re.search(r"tps = ([\d.]+)", told)
    done = re.search(r"number of transactions actually processed: (\d+)", told)
    return int(done[1]) / float(rate[1]) if rate and done else seconds


def _last_words(errors: str) -> str:
    lines = [line for line in errors.splitlines() if "ERROR" in line] or errors.splitlines()
    return lines[0].strip() if lines else "it said nothing"
