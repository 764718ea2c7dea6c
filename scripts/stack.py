"""The whole of production on one machine: `.venv/bin/python -m scripts.stack [--check]`.

Redis, a PostgreSQL primary with a streaming replica, PgBouncer before the primary, two web machines (a gunicorn master
with its workers each) behind a balancer, a Celery worker, beat, and Prometheus: every one on a free port of 127.0.0.1,
with its files in one folder that goes when the script ends. With the demo shop in it, open until Ctrl-C; or with
--check: journeys through all of it, then what they must have left behind (scripts/stack_check.py).

All settings are those of production but APP_ENV=development: production refuses the sandboxes for payments, mail and
text messages and the demo shop with its public passwords, rightly, and a check must not need a provider's account.
"""

import argparse
import sys
import time

from scripts.drills.running import run, say
from scripts.parts.child import PartFailed
from scripts.stack_check import check
from scripts.stack_parts import Stack, running


def main(arguments: list[str]) -> int:
    """0 after Ctrl-C, or a check that found everything right; 1 when something does not start or is not right."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.stack", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="go through the journeys, check what is left, and end")
    return run(_run, parser.parse_args(arguments))


def _run(options: argparse.Namespace) -> None:
    with running() as stack:
        if options.check:
            check(stack)
        else:
            _stay(stack)


def _stay(stack: Stack) -> None:
    """Until Ctrl-C. Raises PartFailed when something ends by itself."""
    for what, where in stack.addresses():
        say(f"  {what:<20} {where}")
    say("Ctrl-C ends all of it.")
    try:
        while True:
            time.sleep(1)
            for child in stack.children():
                if not child.is_running():
                    raise PartFailed(f"{child.name} has ended by itself")
    except KeyboardInterrupt:
        say("\nStopping ...")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
