"""Password hashing: argon2id for new hashes, old bcrypt hashes accepted and replaced at the next sign-in."""

from functools import lru_cache

from passlib.context import CryptContext

from app.config import settings

_BCRYPT_READS = 72
"""bcrypt takes this many bytes, none of them NUL; no password it ever hashed was longer."""


@lru_cache(maxsize=4)
def _context(memory_kib: int, rounds: int) -> CryptContext:
    return CryptContext(
        schemes=["argon2", "bcrypt"],
        deprecated="auto",
        argon2__type="ID",
        argon2__memory_cost=memory_kib,
        argon2__rounds=rounds,
        argon2__parallelism=1,
    )


def _current() -> CryptContext:
    return _context(settings().password_hash_memory_kib, settings().password_hash_rounds)


def hash_password(password: str) -> str:
    """A new argon2id hash; cost by setting (default 19 MiB, 2 passes: OWASP's minimum)."""
    return str(_current().hash(password))


def verify_password(password: str, stored: str | None) -> tuple[bool, str | None]:
    """(matches, new hash to store when the old one is outdated). A missing hash takes as long as a wrong password."""
    if stored is None:
        _current().dummy_verify()
        return False, None
    if stored.startswith("$2") and not _fits_bcrypt(password):
        _current().dummy_verify()
        return False, None
    matches, replacement = _current().verify_and_update(password, stored)
    return bool(matches), replacement


def _fits_bcrypt(password: str) -> bool:
    raw = password.encode()
    return len(raw) <= _BCRYPT_READS and b"\x00" not in raw
