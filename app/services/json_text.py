"""JSON objects that PostgreSQL writes, for answers that are nothing but rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Numeric, Text, case, cast, func, literal_column

_NULL: ColumnElement[str] = literal_column("'null'", Text)
_TRUE: ColumnElement[str] = literal_column("'true'", Text)
_FALSE: ColumnElement[str] = literal_column("'false'", Text)


def json_text(fields: Mapping[str, Any]) -> ColumnElement[str]:
    """The text of a JSON object with these expressions by name; amounts are numbers with the places they have.

    Put together as text: json_build_object looks up how a value is written for every value of every row, which takes
    as long as a quarter of a page of products. Takes at most 49 fields, as functions have 100 arguments.
    """
    parts: list[Any] = []
    for name, value in fields.items():
        parts += [literal_column(f"""'{"," if parts else "{"}"{name}":'"""), _written(value)]
    text: ColumnElement[str] = func.concat(*parts, literal_column("'}'"), type_=Text)
    return text


def _written(value: Any) -> ColumnElement[Any]:
    is_never_null = not getattr(value, "nullable", True)
    if isinstance(value.type, Boolean):
        known = [(value, _TRUE)] if is_never_null else [(value, _TRUE), (value.is_(None), _NULL)]
        return case(*known, else_=_FALSE)
    if isinstance(value.type, Integer | Numeric):
        return value if is_never_null else func.coalesce(cast(value, Text), _NULL)
    return func.coalesce(cast(func.to_json(value), Text), _NULL)
