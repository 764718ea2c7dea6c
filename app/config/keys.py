"""Secrets and keys as the settings give them, or as they fall back outside production."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.config import Settings


def webhook_secrets(current: "Settings") -> tuple[str, ...]:
    """Secrets a payment webhook may be signed with, newest first.

    Outside production an unset list falls back to one derived from the token secret, so that the sandbox works at once.
    """
    if current.payment_webhook_secrets:
        return current.payment_webhook_secrets
    return (hashlib.sha256(f"webhook:{current.jwt_secret_key}".encode()).hexdigest(),)


def encryption_keys(current: "Settings") -> tuple[str, ...]:
    """Keys of what is stored encrypted, newest first.

    Outside production an unset list falls back to keys derived from the token secrets.
    """
    secrets_of_tokens = (current.jwt_secret_key, *current.jwt_previous_secrets)
    derived = tuple(hashlib.sha256(f"encryption:{secret}".encode()).hexdigest() for secret in secrets_of_tokens)
    return current.encryption_keys or derived


def device_master_keys(current: "Settings") -> tuple[bytes, ...]:
    """The keys that device keys are derived from, oldest first: a device row holds the place of its own in this order.

    The setting lists them newest first. Outside production an unset one falls back to a key derived from the oldest
    token secret.
    """
    if current.device_master_keys:
        return tuple(bytes.fromhex(key) for key in reversed(current.device_master_keys))
    oldest = (current.jwt_secret_key, *current.jwt_previous_secrets)[-1]
    return (hashlib.sha256(f"device-master:{oldest}".encode()).digest(),)


def kept_secret(data_dir: Path) -> str:
    """A random secret kept in the data folder, so that development tokens outlive a restart."""
    path = data_dir / "jwt-secret"
    data_dir.mkdir(parents=True, exist_ok=True)
    fresh = data_dir / f"jwt-secret.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)  # link, not rename: of two starters the first wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
