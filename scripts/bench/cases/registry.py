"""Every case, in the order of the table."""

from scripts.bench.cases import catalog
from scripts.bench.cases.case import Case

ALL: tuple[Case, ...] = (*catalog.CASES,)
