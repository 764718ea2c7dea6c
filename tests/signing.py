"""Signing webhooks as a provider does; on purpose not with the code that checks them."""

import hmac


def sign(raw: bytes, *, secret: str, at: int) -> str:
    """The signature header of a body sent at a moment in unix seconds."""
    return f"t={at},v1={hmac.digest(secret.encode(), str(at).encode() + b'.' + raw, 'sha256').hex()}"
