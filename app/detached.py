"""Locked rows as objects of their model, without what a session does about them.

The driver reads them (`app.prepared`), the rules change them, and one statement writes what has changed. Where more is
to be done they are handed to the session (`Session.add`), which from then on treats them as if it had read them.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import Enum as StoredEnum
from sqlalchemy.orm import InstrumentedAttribute, make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict

from app.models.base import AnyRow, Base

Model = TypeVar("Model", bound=Base)


def columns_of(model: type[Base]) -> list[InstrumentedAttribute[Any]]:
    """All columns of a model, in the order in which `maker` expects them."""
    return [getattr(model, name) for name in _names(model)]


def maker(model: type[Model]) -> Callable[[AnyRow | Sequence[Any]], Model]:
    """What makes an object of a row that begins with `columns_of` the model."""
    read = [(name, _words(model.__mapper__.columns[name].type)) for name in _names(model)]

    def made(row: AnyRow | Sequence[Any]) -> Model:
        one = model()
        known = {
            name: value if words is None or value is None else words(value)
            for (name, words), value in zip(read, row, strict=False)
        }
        instance_dict(one).update(known)  # as what was loaded, not as what was changed
        make_transient_to_detached(one)
        return one

    return made


def _names(model: type[Base]) -> list[str]:
    return [attribute.key for attribute in model.__mapper__.column_attrs]


def _words(stored: Any) -> type[Enum] | None:
    """The class of an enum's values, which the driver gives as text."""
    return stored.enum_class if isinstance(stored, StoredEnum) else None
