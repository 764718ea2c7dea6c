"""Telling admins that an endpoint was switched off without their doing."""

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from app.domain.enums import SwitchedOff
from app.domain.roles import ADMINS

_TELL = text("""
    INSERT INTO outbox (topic, aggregate, payload)
    SELECT 'webhook.disabled', 'webhook_endpoint:' || CAST(:endpoint_id AS bigint),
           jsonb_build_object('endpoint_id', CAST(:endpoint_id AS bigint), 'reason', CAST(:reason AS text),
                              'user_id', users.id)
    FROM users WHERE role = ANY (:roles) AND is_active
""").bindparams(bindparam("roles", type_=ARRAY(String)))


def tell_admins(session: Session, *, endpoint_id: int, reason: SwitchedOff) -> None:
    """Publish an event for each active admin, so that one who cannot be reached keeps no other waiting. A step."""
    values = {"endpoint_id": endpoint_id, "reason": reason.value, "roles": [role.value for role in ADMINS]}
    session.execute(_TELL, values)
