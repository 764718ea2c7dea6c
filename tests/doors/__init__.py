"""Who may enter, tried on every route with everybody and everything."""

from pathlib import Path

LIST = Path(__file__).parents[1] / "system" / "who_may_enter.txt"
"""Every route with who may enter it, written by hand from the contracts and not from the code."""
