"""Everybody buys while servers die, and afterwards all books agree: `python -m scripts.chaos`.

Shoppers, neighbours with their vendor, trolleys and pickers work against gunicorn as in production, the sweeper as a
process of its own, and a payment provider with books of its own that declines, fails, loses, delays and doubles.
Meanwhile workers, the sweeper, database backends and the whole database are killed. Then everything must be settled
within 60 s, and the shop's books, the clients' own record and the provider's books must say the same.

All choices of what people do, what the provider breaks and what is killed derive from the seed. When each of them
happens is up to the scheduling of the machine: a seed repeats the kind of a run, never its every step.
"""

import argparse
import random
import sys
from pathlib import Path

from scripts.chaos.play import perform
from scripts.drills.running import run


def main(arguments: list[str] | None = None) -> int:
    """0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkouts", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="S", help="seconds a payment takes after the money is held"
    )
    parser.add_argument(
        "--wrong", choices=["payment-inside"], help="run a checkout that is wrong on purpose: it must be caught"
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="begin nothing new after so long")
    parser.add_argument("--logs", type=Path, help="leave the logs of all servers in this folder")
    return run(perform, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
