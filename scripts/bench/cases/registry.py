"""Every case, in the order of the table."""

from scripts.bench.cases import catalog, in_process, memory, plumbing, recall, shopping, starting
from scripts.bench.cases.case import Case

ALL: tuple[Case, ...] = (
    *in_process.CASES,
    *catalog.CASES,
    *recall.CASES,
    *shopping.CASES,
    *plumbing.CASES,
    *memory.CASES,
    *starting.CASES,
)
"""Memory is looked at after all that loads the server."""
