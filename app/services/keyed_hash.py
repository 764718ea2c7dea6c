"""Hashes of short codes, which a plain hash would not hide for a second."""

import hashlib
import hmac

from app.config import settings


def keyed_hash(*parts: str) -> str:
    """HMAC-SHA256 of the parts under the token secret, as 64 hexadecimal digits."""
    return hmac.new(settings().jwt_secret_key.encode(), ":".join(parts).encode(), hashlib.sha256).hexdigest()
