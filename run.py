"""Aisle in one command: `python3 run.py` serves the shop, `test` checks it, `demo` walks through it.

This file keeps to syntax every Python 3 reads, so that an old one gets a sentence and not a SyntaxError.
"""

import os
import sys
from typing import List, Tuple

OLDEST_PYTHON = (3, 11)
COMMANDS = ("serve", "test", "demo", "bench", "chaos", "doors")
NEED_TEST_TOOLS = ("test", "doors")

USAGE = """usage: python3 run.py [command]

  (no command)     set up what is missing, then serve the API until Ctrl-C
  test [options]   run every check and the whole test suite; with options, only pytest with these options
  demo             walk a shopper from sign-in to receipt, printing every request and its answer
  bench [options]  measure every important request against its floor; --help lists the options
  chaos [options]  thousands of checkouts while servers are killed, then every book checked; --help
  doors            every route, as every role, with everybody's objects: who gets in and who does not

Settings come from the environment or from a file .env; .env.example lists them. The most used:
  HOST (127.0.0.1)   PORT (5000)   DATA_DIR (.data)   DATABASE_URL (empty: the embedded PostgreSQL)"""


def refusal_of_python(version: Tuple[int, ...], platform: str = os.name) -> str:
    """Why this Python cannot run the shop, in one line; empty when it can."""
    if tuple(version[:2]) < OLDEST_PYTHON:
        return "Aisle needs Python %d.%d or newer; this is %d.%d." % (OLDEST_PYTHON + tuple(version[:2]))
    if platform != "posix":
        return "Aisle's server runs on Linux and macOS; on Windows start it inside WSL."
    return ""


def main(arguments: List[str]) -> int:
    """Prepare the virtual environment, then run the command inside it; the answer is the exit code."""
    refusal = refusal_of_python(tuple(sys.version_info[:2]))
    if refusal:
        return fail(refusal)
    command = arguments[0] if arguments else "serve"
    if command in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    if command not in COMMANDS:
        return fail("there is no command %r; python3 run.py --help lists them." % command)

    from scripts import environment, ports

    try:
        if command == "serve":
            ports.check(os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "5000")
        environment.prepare(development=command in NEED_TEST_TOOLS)
        return environment.run_inside(__file__, command, arguments[1:])
    except (environment.SetupFailed, ports.PortRefused) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("stopped.")


def fail(message: str) -> int:
    """Say what is wrong in one line."""
    sys.stderr.write("aisle: %s\n" % message)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
