"""The audit trail: one row for each change, written in the transaction of the change."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.caller import Caller, Origin
from app.models import AuditEvent


def record(
    session: Session,
    *,
    entity_type: str,
    action: str,
    entity_id: int | None = None,
    by: Caller | None = None,
    by_user_id: int | None = None,
    origin: Origin | None = None,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
) -> None:
    """Add an audit event to the open transaction.

    `origin` stands in for `by` where nobody is signed in; `by_user_id` is who acted, if that is known all the same.
    """
    source = by.origin if by else origin
    session.add(
        AuditEvent(
            entity_type=entity_type,
            entity_id=entity_id,
            action=action,
            old_value=old,
            new_value=new,
            context=context,
            actor_user_id=by.user_id if by else by_user_id,
            request_id=source.request_id if source else None,
        )
    )
    session.flush()


_RECORD_ALL = text("""
    INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, context, actor_user_id, request_id)
    SELECT entity_type, entity_id, action, old, new, :context, :actor_user_id, :request_id
    FROM jsonb_to_recordset(:changes)
        AS change(entity_type text, entity_id bigint, action text, old jsonb, new jsonb)
""").bindparams(bindparam("changes", type_=JSONB), bindparam("context", type_=JSONB(none_as_null=True)))


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened to one row, of many that were changed together."""

    entity_type: str
    entity_id: int
    action: str
    old: dict[str, Any] | None
    new: dict[str, Any]


def record_all(
    session: Session, entries: Sequence[Entry], *, by: Caller, context: dict[str, Any] | None = None
) -> None:
    """Add an audit event for each of many changes to the open transaction (one statement)."""
    values = {
        "changes": [asdict(entry) for entry in entries],
        "context": context,
        "actor_user_id": by.user_id,
        "request_id": by.origin.request_id,
    }
    session.execute(_RECORD_ALL, values)
