"""Keys that are no rows: idempotency keys, one writer of the vocabulary, one importer; and what waits how long."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.prepared import Step

LIMITS = """
    set_config('lock_timeout', '3s', true) AS lock_timeout,
    set_config('statement_timeout', '5s', true) AS statement_timeout
"""
WAITS = f"(SELECT {LIMITS}) AS waits"
"""The same as a table to be joined with what a statement locks: rows are locked after every join. A lock is given up
after 3 s then; the limit of 5 s is for the statements that follow, as PostgreSQL looks at it when one begins."""
_LIMIT_WAITS = Step(text(f"SELECT {LIMITS}"))
_TRY_KEY = Step(text(f"SELECT {LIMITS}, pg_try_advisory_xact_lock(hashtextextended(:key, 0)) AS granted"))


def limit_waits(session: Session) -> None:
    """Give up on a lock after 3 s and on a statement after 5 s, in this transaction only."""
    _LIMIT_WAITS.within(session)


def try_key(session: Session, *parts: str) -> bool:
    """Limit waits and try to own a key until the transaction ends; False when another transaction owns it.

    Never waits, and is freed by the server when the process dies: there are no stale key locks.
    """
    [row] = _TRY_KEY.within(session, key="\x1f".join(parts))
    return bool(row.granted)


_MARK = text("SELECT pg_logical_emit_message(true, 'aisle', '')")


def await_copies(session: Session) -> None:
    """Let a transaction that only reads end like one that writes: when a synchronous standby has all that it has seen.

    After a crash the primary holds commits that no standby has confirmed, and a failover would lose them: what a client
    is told as final must not rest on them. Costs a few bytes of WAL.
    """
    session.execute(_MARK)


_VOCABULARY = text("SELECT pg_advisory_xact_lock(hashtextextended('search vocabulary', 0))")


def vocabulary(session: Session) -> None:
    """Let one transaction at a time change the search vocabulary; taken after every row lock."""
    session.execute(_VOCABULARY)


_IMPORT = text("SELECT pg_advisory_xact_lock(hashtextextended('catalog import', 0))")


def catalog_import(session: Session) -> None:
    """Let one transaction at a time write a batch of imported products; taken before every row lock."""
    session.execute(_IMPORT)
