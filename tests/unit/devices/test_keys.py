"""Device keys are found again from the master key and the nonces."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.devices.keys import ROTATION_GRACE, accepted_kids, current_key, device_key, is_device_id, rotated_key
from tests.unit.devices.vectors import DEVICE, KEY, MASTER, VECTORS

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ROTATION = VECTORS["rotation"]


def test_a_device_key_is_that_of_the_contract() -> None:
    assert device_key(MASTER, DEVICE, VECTORS["kid"]) == KEY


def test_a_rotated_key_is_that_of_the_contract() -> None:
    assert rotated_key(KEY, DEVICE, ROTATION["kid"], ROTATION["nonce"]).hex() == ROTATION["key_hex"]


def test_the_current_key_follows_every_rotation() -> None:
    second = "ff" * 16

    key = current_key(MASTER, DEVICE, 1, [ROTATION["nonce"], second])

    assert current_key(MASTER, DEVICE, 1, []) == KEY
    assert key == rotated_key(bytes.fromhex(ROTATION["key_hex"]), DEVICE, 3, second)


def test_a_new_claim_after_a_leak_gives_a_key_the_old_one_cannot_lead_to() -> None:
    assert device_key(MASTER, DEVICE, 2) != rotated_key(KEY, DEVICE, 2, ROTATION["nonce"])


@pytest.mark.parametrize("nonce", ["", "00", "GG" * 16, "AA" * 16, "00" * 17])
def test_a_nonce_of_another_form_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="32 lower-case hex"):
        rotated_key(KEY, DEVICE, 2, nonce)


@pytest.mark.parametrize(
    ("previous", "until", "kids"),
    [
        (None, None, {2}),
        (1, None, {1, 2}),
        (1, NOW + ROTATION_GRACE, {1, 2}),
        (1, NOW + timedelta(seconds=1), {1, 2}),
        (1, NOW, {2}),
    ],
)
def test_the_old_key_is_taken_until_its_grace_is_over(
    previous: int | None, until: datetime | None, kids: set[int]
) -> None:
    assert accepted_kids(2, previous, until, NOW) == kids


@pytest.mark.parametrize(
    ("text", "good"), [(DEVICE, True), ("C0FFEE01", False), ("c0ffee0", False), ("c0ffee01\n", False)]
)
def test_a_device_id_is_eight_lower_case_hex_digits(text: str, good: bool) -> None:
    assert is_device_id(text) is good
