"""Every case, in the order of the table."""

from scripts.bench.cases import (
    catalog,
    confirm,
    in_process,
    memory,
    modes,
    plumbing,
    recall,
    routes,
    shopping,
    starting,
    trolleys,
    whole_order,
)
from scripts.bench.cases.case import Case

ALL: tuple[Case, ...] = (
    *in_process.CASES,
    *catalog.CASES,
    *recall.CASES,
    *shopping.CASES,
    *confirm.CASES,
    *modes.CASES,
    *whole_order.CASES,
    *trolleys.CASES,
    *routes.CASES,
    *plumbing.CASES,
    *memory.CASES,
    *starting.CASES,
)
"""Memory is looked at after all that loads the server."""
