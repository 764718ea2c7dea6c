"""One-time codes against the test vectors of RFC 6238, appendix B (SHA-1, the last six of their eight digits)."""

import pytest

from app.domain import totp

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The base32 form of 12345678901234567890."""


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: float(seconds))

    assert totp.matching_step(SECRET, code, used=None) == seconds // 30


@pytest.mark.parametrize("code", ["", "28708", "2870822", "２８７０８２", "28708a"])
def test_what_is_not_six_digits_matches_nothing(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 59.0)

    assert totp.matching_step(SECRET, code, used=None) is None


@pytest.mark.parametrize(("used", "matches"), [(0, True), (1, False), (2, False)])
def test_a_code_must_be_newer_than_the_last_one_used(used: int, matches: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 59.0)

    assert (totp.matching_step(SECRET, "287082", used=used) is not None) is matches


def test_secrets_have_160_bits_and_differ() -> None:
    assert len(totp.new_secret()) == 32
    assert totp.new_secret() != totp.new_secret()
