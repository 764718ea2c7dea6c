"""Figures for which whole tables are read: counted by one process for all, and never for more than a share of the time.

The row of what was counted last is also the lease: who moves its `next_at` on, counts.
"""

import time
from datetime import timedelta

from sqlalchemy import Interval, bindparam, func, text, update
from sqlalchemy.dialects.postgresql import insert

from app.models import CountedFigures
from app.services import invariants
from app.services.figures.catalog import CODE_TOPICS
from app.transaction import reading, transaction

EVERY = timedelta(seconds=60)
LEASE = timedelta(minutes=30)
"""After this a process that died while counting is no longer waited for."""

REST = 20
"""Counting rests this many times as long as it took, so that it takes a twentieth of the time however much there is."""

_NAME = "all"

_COUNT = text("""
    SELECT 'aisle_orders', ARRAY[status::text, channel::text], count(*) FROM orders GROUP BY status, channel
    UNION ALL
    SELECT 'aisle_payment_operations', ARRAY[kind::text, state::text], count(*)
    FROM payment_operations GROUP BY kind, state
    UNION ALL
    SELECT 'aisle_top_ups_stuck', ARRAY['manual'], count(*) FROM top_ups WHERE state = 'manual'
    UNION ALL
    SELECT 'aisle_wallet_movements', ARRAY[COALESCE(journals.reason::text, 'other')], count(*)
    FROM entries JOIN accounts ON accounts.id = entries.account_id JOIN journals ON journals.id = entries.journal_id
    WHERE accounts.kind = 'wallet' GROUP BY 2
    UNION ALL
    SELECT 'aisle_webhook_deliveries', ARRAY[state::text], count(*) FROM webhook_deliveries GROUP BY state
    UNION ALL
    SELECT 'aisle_codes',
           ARRAY[topic, CASE WHEN failed THEN 'failed' WHEN done_at IS NULL THEN 'pending' ELSE 'sent' END], count(*)
    FROM outbox WHERE topic = ANY(:topics) AND created_at > now() - interval '1 hour' GROUP BY 2
""").bindparams(topics=list(CODE_TOPICS))

_TAKE = insert(CountedFigures).values(name=_NAME, next_at=func.now() + bindparam("lease", type_=Interval))
_TAKE_DUE = _TAKE.on_conflict_do_update(
    index_elements=["name"],
    set_={"next_at": _TAKE.excluded.next_at},
    where=CountedFigures.next_at <= func.now(),
).returning(CountedFigures.name)


def count_due() -> bool:
    """Count everything anew if it is time and nobody else does; answers whether this process did."""
    with transaction() as session:
        if session.execute(_TAKE_DUE, {"lease": LEASE}).one_or_none() is None:
            return False
    began = time.monotonic()
    rows = _counted() + [("aisle_invariant_violations", [name], n) for name, n in invariants.violations().items()]
    seconds = time.monotonic() - began
    with transaction() as session:
        session.execute(
            update(CountedFigures)
            .where(CountedFigures.name == _NAME)
            .values(
                rows=rows,
                seconds=seconds,
                counted_at=func.now(),
                next_at=func.now() + max(EVERY, REST * timedelta(seconds=seconds)),
            )
            .execution_options(synchronize_session=False)
        )
    return True


def _counted() -> list[tuple[str, list[str], int]]:
    with reading() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(_COUNT)]
