"""What the database may hold only encrypted or as a keyed hash: a stolen copy of it is of no use alone.

Written with the newest key, read with any of them: a new key goes in front of the list, the old one stays behind it as
long as something was written with it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet

from app.config import encryption_keys, settings


def encrypt(text: str) -> str:
    """The text under the newest key (Fernet: AES-128-CBC with HMAC-SHA-256)."""
    return _cipher(*encryption_keys(settings())).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """The text again. Raises cryptography.fernet.InvalidToken when no key fits."""
    return _cipher(*encryption_keys(settings())).decrypt(stored.encode()).decode()


def keyed_hash(*parts: str) -> str:
    """A hash of texts that cannot be tried out without the newest key, as 64 hexadecimal digits."""
    return _hash(encryption_keys(settings())[0], ":".join(parts))


def possible_hashes(text: str) -> list[str]:
    """The hash under each key, newest first, to find what an earlier key wrote."""
    return [_hash(key, text) for key in encryption_keys(settings())]


def _hash(key: str, text: str) -> str:
    return hmac.new(key.encode(), b"hash:" + text.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=4)
def _cipher(*keys: str) -> MultiFernet:
    """Keys are random texts of any length from 32 characters; Fernet wants exactly 32 bytes."""
    return MultiFernet([Fernet(urlsafe_b64encode(hashlib.sha256(b"fernet:" + key.encode()).digest())) for key in keys])
