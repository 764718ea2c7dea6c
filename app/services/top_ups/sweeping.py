"""Finishing payments into wallets that a crash or a lost answer left open. Any number of sweepers may run at once."""

import logging
import time
from datetime import timedelta

from sqlalchemy import text

from app.services import locks
from app.services.top_ups import settling
from app.transaction import transaction

log = logging.getLogger("aisle.sweeper")

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 3600))
GIVE_UP_AFTER = timedelta(hours=72)
LONGEST_PASS = 5.0
"""Seconds after which a pass begins no further payment, as a silent provider takes many for each."""


def sweep_top_ups() -> int:
    """One pass over the payments that are due; answers on how many. One that fails is logged and blocks no other."""
    begun, give_way = 0, time.monotonic() + LONGEST_PASS
    while time.monotonic() < give_way and (top_up_id := _lease()) is not None:
        begun += 1
        try:
            settling.resume(top_up_id)
        except Exception:
            log.exception("a payment into a wallet could not be settled", extra={"top_up_id": top_up_id})
    _give_up()
    return begun


def _lease() -> int | None:
    with transaction() as session:
        return locks.lease_top_up(session, pauses=PAUSES)


_GIVE_UP = text("""
    WITH given_up AS (
        UPDATE top_ups SET state = 'manual', failure_code = 'gave_up', updated_at = now()
        FROM top_ups AS before
        WHERE before.id = top_ups.id AND top_ups.state IN ('created', 'authorized')
          AND top_ups.created_at < now() - CAST(:give_up_after AS interval)
        RETURNING top_ups.id, before.state
    )
    INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, context)
    SELECT 'top_up', id, 'NEEDS_ATTENTION', jsonb_build_object('state', state), '{"state": "manual"}',
           '{"reason": "gave_up"}'
    FROM given_up
    RETURNING entity_id
""")


def _give_up() -> None:
    """Hand payments that found no end in three days to a person."""
    with transaction() as session:
        locks.limit_waits(session)
        for top_up_id in session.execute(_GIVE_UP, {"give_up_after": GIVE_UP_AFTER}).scalars():
            log.error("a payment into a wallet needs a person", extra={"top_up_id": top_up_id})
