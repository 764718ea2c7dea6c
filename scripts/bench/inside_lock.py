"""The checkout as it must not be: the provider is asked while the rows are locked. For comparison only.

gunicorn serves the application of this module; its confirm is the house's own, except that T1 waits for a provider
between its last statement and its commit.
"""

import os
import sys
import time
from typing import Any

from scripts.parts.web import Web


class InsideLock(Web):
    """The shop, with the wait of BENCH_INSIDE_LOCK_MS of its settings inside the lock."""

    def command(self) -> list[str]:
        program = "scripts.bench.inside_lock:application()"
        return [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", program]


def application() -> Any:
    """The application with its one change; built by gunicorn's master."""
    from app import create_app
    from app.services.checkout import placing, writing

    seconds, write_order = int(os.environ["BENCH_INSIDE_LOCK_MS"]) / 1000, writing.write_order

    def write_and_wait(*given: Any, **named: Any) -> Any:
        written = write_order(*given, **named)
        time.sleep(seconds)
        return written

    vars(placing)["write_order"] = write_and_wait
    return create_app()
