"""Webhook signatures, as a table of cases."""

import hashlib
import hmac

import pytest

from app.domain.signatures import is_signed
from tests.signing import sign

BODY = b'{"id": "evt_1"}'
NOW = 1_800_000_000
SECRET = "a webhook secret"
GOOD = sign(BODY, secret=SECRET, at=NOW)
DIGEST = GOOD.partition("v1=")[2]


def test_the_worked_example_of_the_scheme_is_taken() -> None:
    digest = hmac.new(b"a webhook secret", b'1800000000.{"id": "evt_1"}', hashlib.sha256).hexdigest()

    assert is_signed(b'{"id": "evt_1"}', header=f"t=1800000000,v1={digest}", secrets=["a webhook secret"], now=NOW)


@pytest.mark.parametrize(
    ("header", "now"),
    [
        pytest.param(GOOD, NOW, id="fresh"),
        pytest.param(GOOD, NOW + 300, id="as old as allowed"),
        pytest.param(GOOD, NOW - 300, id="as far ahead as allowed"),
        pytest.param(f"v1={DIGEST},t={NOW}", NOW, id="parts the other way round"),
        pytest.param(f"t={NOW}, v1={DIGEST}", NOW, id="a space after the comma"),
        pytest.param(f"t={NOW},v1={'0' * 64},v1={DIGEST},v0=old", NOW, id="one good signature of several"),
    ],
)
def test_a_well_signed_body_is_taken(header: str, now: int) -> None:
    assert is_signed(BODY, header=header, secrets=[SECRET], now=now)


@pytest.mark.parametrize(
    ("header", "now"),
    [
        pytest.param(GOOD, NOW + 301, id="too old"),
        pytest.param(GOOD, NOW - 301, id="too far ahead"),
        pytest.param(sign(BODY, secret="another secret", at=NOW), NOW, id="forged"),
        pytest.param(sign(BODY + b" ", secret=SECRET, at=NOW), NOW, id="signed for another body"),
        pytest.param(GOOD.replace(f"t={NOW}", f"t={NOW + 1}"), NOW, id="the time was changed"),
        pytest.param(GOOD.replace("v1=", "v0="), NOW, id="another scheme"),
        pytest.param(f"t={NOW},{GOOD}", NOW, id="two times"),
        pytest.param(f"v1={DIGEST}", NOW, id="no time"),
        pytest.param(f"t={NOW}", NOW, id="no signature"),
        pytest.param(f"t=now,v1={DIGEST}", NOW, id="a time in words"),
        pytest.param(f"t=-{NOW},v1={DIGEST}", NOW, id="a time before 1970"),
        pytest.param(f"t=١٨٠٠٠٠٠٠٠٠,v1={DIGEST}", NOW, id="a time in Arabic digits"),
        pytest.param(f"t={'9' * 5000},v1={DIGEST}", NOW, id="a time of 5000 digits"),
        pytest.param(f"t={NOW},v1=é{DIGEST[1:]}", NOW, id="a signature beyond ASCII"),
        pytest.param(f"t={NOW},v1={DIGEST[:32]}", NOW, id="half a signature"),
        pytest.param("", NOW, id="empty"),
        pytest.param(",=,,==", NOW, id="nothing but separators"),
        pytest.param("Bearer something", NOW, id="another kind of header"),
    ],
)
def test_anything_else_is_refused_without_an_error(header: str, now: int) -> None:
    assert not is_signed(BODY, header=header, secrets=[SECRET], now=now)


def test_during_a_rotation_the_old_and_the_new_secret_both_count() -> None:
    signed_with_old = sign(BODY, secret="the old secret", at=NOW)

    assert is_signed(BODY, header=signed_with_old, secrets=["the new secret", "the old secret"], now=NOW)
    assert not is_signed(BODY, header=signed_with_old, secrets=["the new secret"], now=NOW)


def test_without_any_secret_nothing_is_proven() -> None:
    assert not is_signed(BODY, header=GOOD, secrets=[], now=NOW)
