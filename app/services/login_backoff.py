"""Slowing down guessers: after five failures an account waits, ever longer; an address after a hundred.

The counts live in the database, so that every process sees them. The pause doubles from 30 s up to 15 min, and a quiet
hour forgets. An account is named by its e-mail, whether or not it exists, and counted apart for each address, so that
nobody can lock a stranger out. Both are kept as hashes: a failed sign-in is no reason to store personal data.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import TooManyRequests
from app.models import LoginFailure
from app.transaction import reading

ACCOUNT_TRIES = 5
ADDRESS_TRIES = 100  # one address may be a whole office, or a town behind its mobile carrier
CODE_TRIES = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)


def check(*, account: str, address: str) -> None:
    """Raise TooManyRequests with the seconds left while the account at this address, or the address, backs off."""
    _refuse_while_waiting(_account(account, address), _address(address))


def check_codes(user_id: int) -> None:
    """Raise TooManyRequests with the seconds left while the second factor of a user backs off, whatever the address."""
    _refuse_while_waiting(_codes(user_id))


def _refuse_while_waiting(*subjects: str) -> None:
    with reading() as connection:
        until = connection.execute(
            select(func.max(LoginFailure.blocked_until)).where(LoginFailure.subject.in_(subjects))
        ).scalar_one_or_none()
    if until is None:
        return
    left = (until - datetime.now(UTC)).total_seconds()
    if left > 0:
        raise TooManyRequests("Too many failed sign-ins. Wait, or reset the password.", retry_after=int(left) + 1)


def note_failure(session: Session, *, account: str, address: str) -> None:
    """Count a failed sign-in for the account at this address and for the address. A step."""
    _count(session, _account(account, address), ACCOUNT_TRIES)
    _count(session, _address(address), ADDRESS_TRIES)


def note_wrong_code(session: Session, *, user_id: int) -> None:
    """Count a wrong code of a second factor, from all addresses together. A step.

    Only who knows the password gets this far, so that no stranger can lock the user out; and six digits would not stand
    guesses from many addresses.
    """
    _count(session, _codes(user_id), CODE_TRIES)


def _count(session: Session, subject: str, tries: int) -> None:
    now = datetime.now(UTC)
    counted = case((LoginFailure.last_failed_at < now - FORGOTTEN_AFTER, 1), else_=LoginFailure.failures + 1)
    failures = session.execute(
        insert(LoginFailure)
        .values(subject=subject, failures=1, last_failed_at=now)
        .on_conflict_do_update(index_elements=[LoginFailure.subject], set_={"failures": counted, "last_failed_at": now})
        .returning(LoginFailure.failures)
    ).scalar_one()
    if pause := pause_after(failures, tries):
        session.execute(update(LoginFailure).where(LoginFailure.subject == subject).values(blocked_until=now + pause))


def pause_after(failures: int, tries: int) -> timedelta | None:
    """How long to wait after that many failures: none below `tries`, then 30 s doubling up to 15 min."""
    if failures < tries:
        return None
    doublings = min(failures - tries, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def forget(session: Session, *, account: str, address: str) -> None:
    """Clear the account's failures at this address after a good sign-in. A step."""
    session.execute(delete(LoginFailure).where(LoginFailure.subject == _account(account, address)))


def forget_codes(session: Session, *, user_id: int) -> None:
    """Clear a user's wrong codes after a right one. A step."""
    session.execute(delete(LoginFailure).where(LoginFailure.subject == _codes(user_id)))


def _codes(user_id: int) -> str:
    return hashlib.sha256(f"second factor:{user_id}".encode()).hexdigest()


def _account(account: str, address: str) -> str:
    return hashlib.sha256(f"account:{account}:{address}".encode()).hexdigest()


def _address(address: str) -> str:
    return hashlib.sha256(f"address:{address}".encode()).hexdigest()
