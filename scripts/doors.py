"""`python3 run.py doors`: who gets through which door. The matrix of routes, roles and objects (tests/doors)."""

from scripts import run_tests


def main(arguments: list[str]) -> int:
    """0 when every door opens to those it should and to nobody else; further arguments go to pytest."""
    return run_tests.main(["tests/doors", *arguments])
