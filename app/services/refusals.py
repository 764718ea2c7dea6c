"""The database's own refusals in the words of the domain."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from app.errors import DomainError


@contextmanager
def refused_as(refusals: Mapping[str, type[DomainError]]) -> Iterator[None]:
    """Turn the violation of a named constraint into its domain error; others pass unchanged.

    Flush inside the block: the violation must come up there.
    """
    try:
        yield
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        refusal = refusals.get(getattr(diagnosis, "constraint_name", None) or "")
        if refusal is None:
            raise
        raise refusal from None
