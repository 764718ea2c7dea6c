"""Codes by which a till takes a basket over (B.9); kept as keyed hashes."""

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.devices.codes import HANDOFF_CODES, handoff_code
from app.models import CartSession, HandoffCode
from app.services.secrets_at_rest import keyed_hash

GOOD_SECONDS = 600

_UNUSED = delete(HandoffCode).where(HandoffCode.session_id == bindparam("session_id"), HandoffCode.used_at.is_(None))


def make(session: Session, opened: CartSession) -> tuple[str, datetime]:
    """A code for a locked session and when it ends; the one before is void. A step."""
    forget(session, opened)
    code = handoff_code(secrets.randbelow(HANDOFF_CODES))
    ends = datetime.now(UTC) + timedelta(seconds=GOOD_SECONDS)
    session.execute(insert(HandoffCode).values(code_hash=code_hash(code), session_id=opened.id, expires_at=ends))
    return code, ends


def forget(session: Session, opened: CartSession) -> None:
    """Void the codes of a locked session that no till has used. A step."""
    session.execute(_UNUSED, {"session_id": opened.id})


def code_hash(code: str) -> str:
    """What is stored of a code."""
    return keyed_hash("handoff", code)
