"""Recovery codes: ten ways in without the authenticator app, each good for one sign-in, kept as keyed hashes."""

import secrets

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.models import RecoveryCode
from app.services.secrets_at_rest import keyed_hash, possible_hashes

HOW_MANY = 10
_HALF = 5
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without signs that look alike; ten of them carry 49 random bits."""

LEFT = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.used_at.is_(None))


def renew(session: Session, *, user_id: int) -> list[str]:
    """Replace a user's codes by fresh ones, to be shown once. A step."""
    discard(session, user_id=user_id)
    codes = [_new_code() for _ in range(HOW_MANY)]
    session.execute(
        insert(RecoveryCode), [{"user_id": user_id, "code_hash": keyed_hash(_bare(code))} for code in codes]
    )
    return codes


def use(session: Session, *, user_id: int, code: str) -> bool:
    """Use up a code, with or without its dash; False when it is wrong or was used before. A step."""
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash.in_(possible_hashes(_bare(code))),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=func.now())
        .returning(RecoveryCode.user_id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


def discard(session: Session, *, user_id: int) -> None:
    """Forget every code of a user. A step."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _new_code() -> str:
    first, second = ("".join(secrets.choice(_ALPHABET) for _ in range(_HALF)) for _ in range(2))
    return f"{first}-{second}"


def _bare(code: str) -> str:
    return code.replace("-", "").lower()
