"""Changing a row and telling the audit trail what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.models.base import Base
from app.services import audit

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """The changed fields only, by name, as JSON: what they were and what they are. False when nothing changed."""

    old: Values
    new: Values

    def __bool__(self) -> bool:
        return bool(self.new)

    def and_then(self, later: "Change") -> "Change":
        """Both changes as one; of different rows or fields."""
        return Change({**self.old, **later.old}, {**self.new, **later.new})


def apply(row: Base, given: Mapping[str, Any]) -> Change:
    """Set the given values on a row, as far as they differ from what it has."""
    old = {name: getattr(row, name) for name, value in given.items() if getattr(row, name) != value}
    new = {name: given[name] for name in old}
    for name, value in new.items():
        setattr(row, name, value)
    return Change(in_json(old), in_json(new))


def record(
    session: Session,
    change: Change,
    *,
    entity_type: str,
    entity_id: int,
    by: Caller,
    action: str = "UPDATE",
    context: Values | None = None,
) -> None:
    """Write a change to the audit trail, unless nothing changed. A step."""
    if change:
        audit.record(
            session,
            entity_type=entity_type,
            action=action,
            entity_id=entity_id,
            by=by,
            old=change.old or None,
            new=change.new,
            context=context,
        )


def in_json(values: Mapping[str, Any]) -> Values:
    """Values as the audit trail keeps them: amounts as text, so that no digit is lost, and times as ISO 8601."""
    plain: Values = to_jsonable_python(dict(values))
    return plain
