"""Blanking a person's words in tables that take no other change.

A trigger lets texts there become "[erased]" and nothing else, in the very transaction that erases a person, and only
while `aisle.erasing` names that person. What was done, when, by whom and to what stays.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.redaction import ERASED, blanked

_AT_ONCE = 500
_CONTACTS = ("email", "phone")

_OPEN_GATE = text("SELECT set_config('aisle.erasing', CAST(:user_id AS text), true)")
_CLOSE_GATE = text("SELECT set_config('aisle.erasing', '', true)")

_ROWS = text("""
    WITH mine AS MATERIALIZED (SELECT id FROM orders WHERE user_id = :user_id),
    walks AS MATERIALIZED (SELECT id FROM cart_sessions WHERE user_id = :user_id),
    things (entity_type, entity_id) AS (
        SELECT kind, :user_id FROM unnest(ARRAY['user', 'User', 'user_login', 'user_password_reset', 'wallet',
                                                'payout_bank', 'vendor_profile', 'payment_preferences']) AS kind
        UNION ALL SELECT 'order', id FROM mine
        UNION ALL SELECT 'order_item', order_items.id FROM order_items JOIN mine ON mine.id = order_id
        UNION ALL SELECT 'payment', payments.id FROM payments JOIN mine ON mine.id = order_id
        UNION ALL SELECT 'assistance', id FROM assistance_requests WHERE user_id = :user_id
        UNION ALL SELECT 'vendor_document', id FROM vendor_documents WHERE user_id = :user_id
        UNION ALL SELECT 'shop', id FROM shops WHERE owner_id = :user_id
        UNION ALL SELECT 'top_up', id FROM top_ups WHERE user_id = :user_id
        UNION ALL SELECT 'cart_session', id FROM walks
        UNION ALL SELECT 'trolley_assist', trolley_assists.id FROM trolley_assists JOIN walks ON walks.id = session_id
    )
    SELECT id, entity_type, old_value, new_value, context FROM audit_events WHERE actor_user_id = :actor_id
    UNION ALL
    SELECT id, entity_type, old_value, new_value, context FROM audit_events JOIN things USING (entity_type, entity_id)
    WHERE :actor_id IS NULL OR actor_user_id IS DISTINCT FROM :actor_id
""").bindparams(bindparam("user_id", type_=BigInteger), bindparam("actor_id", type_=BigInteger))

_BLANK = text("""
    UPDATE audit_events SET old_value = row.old, new_value = row.new, context = row.context
    FROM jsonb_to_recordset(:rows) AS row (id bigint, old jsonb, new jsonb, context jsonb)
    WHERE audit_events.id = row.id
""").bindparams(bindparam("rows", type_=JSONB))

_ERASED = bindparam("erased", ERASED, type_=Text)
_OTHERS = (
    text("""UPDATE order_actions SET details = :erased
            WHERE order_id IN (SELECT id FROM orders WHERE user_id = :user_id) AND details IS NOT NULL"""),
    text("""UPDATE pick_events SET reason = CASE WHEN reason IS NOT NULL THEN :erased END,
                                   notes = CASE WHEN notes IS NOT NULL THEN :erased END
            WHERE order_id IN (SELECT id FROM orders WHERE user_id = :user_id)
              AND num_nonnulls(reason, notes) > 0"""),
)


class Trail:
    """The audit events about a person, as read before anything was deleted, so that none is missed."""

    def __init__(self, session: Session, *, user_id: int, is_staff: bool) -> None:
        """Of staff only what was done to their own account: what they did for the shop is the shop's."""
        values = {"user_id": user_id, "actor_id": None if is_staff else user_id}
        self._rows = session.execute(_ROWS, values).all()
        self._user_id = user_id

    @property
    def contacts(self) -> set[str]:
        """Addresses and numbers that the person had at some time."""
        values = [value for row in self._rows for value in (row.old_value, row.new_value) if value]
        return {value[name] for value in values for name in _CONTACTS if isinstance(value.get(name), str)}

    def blank(self, session: Session) -> int:
        """Blank the person's words, here and in the other append-only tables; answers how many events changed. A step,
        after the user's row says that it is erased."""
        session.execute(_OPEN_GATE, {"user_id": self._user_id})
        changed = list(self._changed())
        for start in range(0, len(changed), _AT_ONCE):
            session.execute(_BLANK, {"rows": changed[start : start + _AT_ONCE]})
        for statement in _OTHERS:
            session.execute(statement.bindparams(_ERASED), {"user_id": self._user_id})
        session.execute(_CLOSE_GATE)
        return len(changed)

    def _changed(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            before = {"old": row.old_value, "new": row.new_value, "context": row.context}
            after = {name: blanked(value) for name, value in before.items()}
            if after != before:
                yield {"id": row.id, **after}
