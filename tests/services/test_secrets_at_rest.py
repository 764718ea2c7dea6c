"""Encrypted columns and keyed hashes, and the change of their keys."""

from collections.abc import Callable

import pytest
from cryptography.fernet import InvalidToken
from flask import Flask
from sqlalchemy.orm import Session

from app.services import recovery_codes
from app.services.secrets_at_rest import decrypt, encrypt, keyed_hash
from tests.factories import make_user

OLD, NEW = "the key of last year, long enough", "the key of this year, long enough"


@pytest.fixture
def set_keys(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets ENCRYPTION_KEYS of the running application."""

    def set_to(*keys: str) -> None:
        settings = app.extensions["settings"].model_copy(update={"encryption_keys": keys})
        monkeypatch.setitem(app.extensions, "settings", settings)

    return set_to


def test_what_an_earlier_key_wrote_stays_readable_beside_a_new_one(set_keys: Callable[..., None]) -> None:
    set_keys(OLD)
    stored = encrypt("a secret")

    set_keys(NEW, OLD)

    assert decrypt(stored) == "a secret"


def test_what_is_written_with_the_new_key_needs_no_other(set_keys: Callable[..., None]) -> None:
    set_keys(NEW, OLD)
    stored = encrypt("a secret")

    set_keys(NEW)

    assert decrypt(stored) == "a secret"


def test_without_its_key_nothing_can_be_read(set_keys: Callable[..., None]) -> None:
    set_keys(OLD)
    stored = encrypt("a secret")

    set_keys(NEW)

    with pytest.raises(InvalidToken):
        decrypt(stored)


def test_equal_texts_are_stored_differently_and_hashed_alike(set_keys: Callable[..., None]) -> None:
    set_keys(NEW)

    assert encrypt("a secret") != encrypt("a secret")
    assert keyed_hash("a secret") == keyed_hash("a secret")


def test_a_hash_depends_on_its_key(set_keys: Callable[..., None]) -> None:
    set_keys(OLD)
    before = keyed_hash("a secret")

    set_keys(NEW)

    assert keyed_hash("a secret") != before


def test_recovery_codes_survive_a_change_of_keys(set_keys: Callable[..., None], session: Session) -> None:
    user = make_user(session)
    set_keys(OLD)
    code, *_ = recovery_codes.renew(session, user_id=user.id)

    set_keys(NEW, OLD)

    assert recovery_codes.use(session, user_id=user.id, code=code)
    assert not recovery_codes.use(session, user_id=user.id, code=code)
