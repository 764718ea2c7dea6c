"""Codes for people: made from random numbers, read however they are typed."""

import pytest

from app.domain.devices import codes


def test_codes_are_crockford_base32_of_their_length() -> None:
    assert codes.crockford(0, codes.PAIR_LENGTH) == "000000"
    assert codes.crockford(2**30 - 1, codes.PAIR_LENGTH) == "ZZZZZZ"
    assert codes.crockford(1234, codes.CLAIM_LENGTH) == "0000016J"
    assert codes.crockford(2**40 - 1, codes.CLAIM_LENGTH) == "ZZZZZZZZ"


@pytest.mark.parametrize("number", [-1, 2**30])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        codes.crockford(number, codes.PAIR_LENGTH)


@pytest.mark.parametrize("text", ["7K3M9Q", "7k3m9q", " 7k3-m9q ", "7K 3M 9Q"])
def test_case_spaces_and_hyphens_do_not_matter(text: str) -> None:
    assert codes.typed_code(text, codes.PAIR_LENGTH) == "7K3M9Q"


def test_letters_that_look_like_digits_are_those_digits() -> None:
    assert codes.typed_code("iIlLoO", codes.PAIR_LENGTH) == "111100"


@pytest.mark.parametrize(
    "text", ["", "7K3M9", "7K3M9QQ", "7K3M9U", "7K3M9*", "７K3M9Q", "7K3M9Q" + " " * 40, "7K3M9\x00"]
)
def test_what_is_no_code_is_none(text: str) -> None:
    assert codes.typed_code(text, codes.PAIR_LENGTH) is None


def test_a_handoff_code_has_twenty_digits() -> None:
    assert codes.handoff_code(42) == "00000000000000000042"
    assert codes.is_handoff_code(codes.handoff_code(codes.HANDOFF_CODES - 1))
    assert not codes.is_handoff_code("1" * 19)
    assert not codes.is_handoff_code("1" * 20 + "\n")
    with pytest.raises(ValueError, match="does not fit"):
        codes.handoff_code(codes.HANDOFF_CODES)


def test_a_stored_code_tells_neither_the_code_nor_another_purpose() -> None:
    digest = codes.code_digest(b"pepper", "pair", "7K3M9Q")

    assert len(digest) == 64
    assert digest != codes.code_digest(b"pepper", "claim", "7K3M9Q")
    assert digest != codes.code_digest(b"other", "pair", "7K3M9Q")


def test_a_bearer_token_is_read_as_it_is_made() -> None:
    token = codes.bearer_token("c0ffee01", b"\xff" * 32)

    assert token == "dvc_c0ffee01_" + "_" * 42 + "8"
    assert codes.parse_bearer("Bearer " + token) == ("c0ffee01", token)
    assert codes.token_digest(token) != codes.token_digest(token[:-1] + "9")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer x",
        "Bearer dvc_C0FFEE01_" + "a" * 43,
        "Bearer dvc_c0ffee01_" + "a" * 42,
        "bearer dvc_c0ffee01_" + "a" * 43,
    ],
)
def test_a_bearer_of_another_form_is_none(header: str | None) -> None:
    assert codes.parse_bearer(header) is None


def test_a_bearer_token_needs_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        codes.bearer_token("c0ffee01", b"short")
