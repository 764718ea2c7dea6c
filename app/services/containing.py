"""Finding a text inside another."""

from typing import Any

from sqlalchemy import ColumnElement, func


def contains(column: Any, wanted: Any) -> ColumnElement[bool]:
    """The condition that a text contains what is wanted, in any case.

    By position and not by pattern, so that % and _ are signs like others.
    """
    return func.strpos(func.lower(column), func.lower(wanted)) > 0
