"""Rows in bulk."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

Values = dict[str, Any]


def add_rows(session: Session, model: type[Any], rows: list[Values]) -> None:
    """Add rows that all name the same columns and have no id of their own. A step."""
    if rows:
        session.connection().execute(insert(model.__table__), rows)


def insert_rows(session: Session, model: type[Any], rows: list[Values]) -> list[int]:
    """Add rows that all name the same columns; answers their ids in the same order. A step."""
    if not rows:
        return []
    table = model.__table__
    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(session.connection().execute(statement, rows).scalars())
