"""Requests are signed to the byte, and refused for the first reason in the contract's order."""

from dataclasses import replace

import pytest

from app.domain.devices.signing import (
    MAX_BOOT,
    KnownDevice,
    Request,
    SignedHeader,
    is_cloned,
    parse_header,
    refusal,
    shown_header,
    signature,
    string_to_sign,
)
from app.domain.devices.words import RefusalCode
from app.domain.enums import DeviceStatus
from tests.unit.devices.vectors import DEVICE, KEY, VECTORS

VECTOR = VECTORS["requests"][0]
REQUEST = Request(VECTOR["method"], VECTOR["path"], VECTOR["body"].encode())
HEADER = SignedHeader(DEVICE, 1, VECTOR["ts"], VECTOR["boot"], VECTOR["n"], VECTOR["sig"])
KNOWN = KnownDevice(DeviceStatus.ACTIVE, {1: KEY}, last_boot=1, last_n=1, last_ts=VECTOR["ts"] - 1)
NOW = VECTOR["ts"]
LINE = f"SC1 {DEVICE}.1.{NOW}.1.2.{VECTOR['sig']}"


def signed(request: Request = REQUEST, **changes: int) -> SignedHeader:
    header = replace(HEADER, **changes)
    return replace(header, sig=signature(KEY, request, header))


def test_the_string_to_sign_is_that_of_the_contract() -> None:
    text = string_to_sign(REQUEST, HEADER)

    assert len(text) == VECTOR["string_bytes"]
    assert text.decode().split("\n") == [
        "SC1", "POST", "/api/v1/device/ev", DEVICE, "1", str(NOW), "1", "2", VECTOR["body_sha256"],
    ]  # fmt: skip


def test_the_signature_is_that_of_the_contract() -> None:
    assert signature(KEY, REQUEST, HEADER) == VECTOR["sig"]


def test_the_header_is_read_as_it_is_written() -> None:
    assert parse_header(LINE) == HEADER
    assert shown_header(HEADER) == LINE
    assert len("Authorization: " + LINE + "\r\n") == 111


@pytest.mark.parametrize(
    "line",
    [
        None,
        "",
        "SC1",
        "SC2" + LINE[3:],
        "sc1" + LINE[3:],
        LINE + " ",
        LINE + "\n",
        LINE.replace("SC1 ", "SC1  "),
        LINE.replace(DEVICE, DEVICE.upper()),
        LINE.replace(".1.2.", ".01.2."),
        LINE.replace(".1.2.", ".0.2."),
        LINE.replace(".1.2.", ".-1.2."),
        LINE.replace(".1.2.", ".+1.2."),
        LINE.replace(".1.2.", ".1.2147483648."),
        LINE.replace(".1.2.", f".{MAX_BOOT + 1}.2."),
        LINE.replace(str(NOW), "9999999999"),
        LINE.replace(str(NOW), "١٧٩٥٢٥٢٢٨٢"),
        LINE.replace(VECTOR["sig"], VECTOR["sig"].upper()),
        LINE.replace(VECTOR["sig"], VECTOR["sig"][:-1]),
        LINE + ".x",
    ],
)
def test_a_header_of_any_other_form_is_none(line: str | None) -> None:
    assert parse_header(line) is None


def test_a_good_request_is_not_refused() -> None:
    assert refusal(REQUEST, HEADER, KNOWN, NOW) is None


@pytest.mark.parametrize(
    "header",
    [
        replace(HEADER, sig="0" * 64),
        replace(HEADER, n=3),
        replace(HEADER, boot=2),
        replace(HEADER, ts=NOW + 1),
        replace(HEADER, kid=2),
    ],
)
def test_a_request_with_another_signature_is_forged(header: SignedHeader) -> None:
    assert refusal(REQUEST, header, KNOWN, NOW) is RefusalCode.SIGNATURE


@pytest.mark.parametrize(
    "request_",
    [replace(REQUEST, body=b"{}"), replace(REQUEST, method="PUT"), replace(REQUEST, path="/api/v1/device/hb")],
)
def test_a_signature_of_another_request_is_forged(request_: Request) -> None:
    assert refusal(request_, HEADER, KNOWN, NOW) is RefusalCode.SIGNATURE


@pytest.mark.parametrize(
    ("skew", "code"), [(300, None), (-300, None), (301, RefusalCode.TIME), (-301, RefusalCode.TIME)]
)
def test_a_clock_may_be_five_minutes_off(skew: int, code: RefusalCode | None) -> None:
    assert refusal(REQUEST, HEADER, KNOWN, NOW + skew) is code


@pytest.mark.parametrize(
    ("boot", "n", "code"),
    [(1, 1, RefusalCode.REPLAY), (1, 2, None), (2, 1, None), (1, 900, None)],
)
def test_numbers_only_go_up_within_a_boot_and_with_boots(boot: int, n: int, code: RefusalCode | None) -> None:
    assert refusal(REQUEST, signed(boot=boot, n=n), KNOWN, NOW) is code


def test_a_lower_boot_is_a_replay_whatever_its_number() -> None:
    later = replace(KNOWN, last_boot=2, last_n=1)

    assert refusal(REQUEST, signed(boot=1, n=900), later, NOW) is RefusalCode.REPLAY


def test_the_checks_come_in_the_order_of_the_contract() -> None:
    big = replace(REQUEST, body=b"x" * 4097)
    wrong = {"request": big, "header": replace(HEADER, sig="0" * 64, ts=1, n=1), "now": NOW}
    off = replace(KNOWN, status=DeviceStatus.SUSPENDED)

    assert refusal(big, None, None, NOW) is RefusalCode.AUTH
    assert refusal(device=None, **wrong) is RefusalCode.DEVICE
    assert refusal(device=off, **wrong) is RefusalCode.OFF
    assert refusal(device=KNOWN, **wrong) is RefusalCode.BIG
    assert refusal(device=KNOWN, **wrong | {"request": REQUEST}) is RefusalCode.SIGNATURE
    assert refusal(REQUEST, signed(ts=1, n=1), KNOWN, NOW) is RefusalCode.TIME
    assert refusal(REQUEST, signed(n=1), KNOWN, NOW) is RefusalCode.REPLAY


@pytest.mark.parametrize("status", [DeviceStatus.SUSPENDED, DeviceStatus.REVOKED, DeviceStatus.LOST])
def test_only_an_active_device_may_speak(status: DeviceStatus) -> None:
    assert refusal(REQUEST, HEADER, replace(KNOWN, status=status), NOW) is RefusalCode.OFF


def test_a_body_of_4096_bytes_is_not_too_big() -> None:
    full = replace(REQUEST, body=b"x" * 4096)

    assert refusal(full, signed(full), KNOWN, NOW) is None


@pytest.mark.parametrize(
    ("header", "cloned"),
    [
        (replace(HEADER, boot=2, n=4, ts=NOW + 1), True),
        (replace(HEADER, boot=2, n=4, ts=NOW - 5), False),
        (replace(HEADER, boot=2, n=5, ts=NOW + 1), False),
        (replace(HEADER, boot=1, n=4, ts=NOW + 1), False),
    ],
    ids=["two devices count", "a copy held back", "the same request twice", "an older boot"],
)
def test_a_clone_is_told_from_a_late_copy(header: SignedHeader, cloned: bool) -> None:
    device = replace(KNOWN, last_boot=2, last_n=5, last_ts=NOW)

    assert is_cloned(header, device) is cloned
