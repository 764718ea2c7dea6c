"""A process that confirms carts in children of its own, so that a test can kill them. Run as a module.

Takes the database's address and the provider's latency in milliseconds. Each line it reads is the JSON of a request:
a child sends it, and its process id is printed. Forking here keeps the start of Python out of the race.
"""

import json
import os
import signal
import sys

from tests.conftest import make_app


def main(url: str, latency_ms: int) -> None:
    """Fork for each line until the input ends."""
    app = make_app(url, sandbox_payment_latency_ms=latency_ms)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    say("ready")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            app.test_client().post("/api/v1/checkout/confirm", **json.loads(line))
            os._exit(0)
        say(str(pid))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
