"""A scanned code is a GTIN, a PLU number, or what the store's own scale printed."""

import pytest

from app.domain.devices.barcodes import CodeKind, Scanned, StoreCode, ValueKind, read_code, readings
from app.domain.gtin import InvalidGtin, check_digit


def store_code(body: str) -> str:
    return body + check_digit(body)


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("4006381333931", "04006381333931"),
        ("10012345678902", "10012345678902"),
    ],
)
def test_gtins_of_every_length_become_fourteen_digits(code: str, key: str) -> None:
    assert read_code(code) == Scanned(CodeKind.GTIN, key)


@pytest.mark.parametrize("code", ["4011", "94011"])
def test_four_or_five_digits_are_produce(code: str) -> None:
    assert read_code(code) == Scanned(CodeKind.PLU, code)


@pytest.mark.parametrize("prefix", ["20", "24"])
def test_prefixes_to_24_carry_a_price(prefix: str) -> None:
    assert read_code(store_code(prefix + "1234501999")) == Scanned(CodeKind.PRICED, "12345", price=1999)


@pytest.mark.parametrize("prefix", ["25", "29"])
def test_prefixes_from_25_carry_grams(prefix: str) -> None:
    assert read_code(store_code(prefix + "1234500517")) == Scanned(CodeKind.WEIGHED, "12345", grams=517)


def test_what_a_prefix_means_is_data() -> None:
    own = {"20": StoreCode(ValueKind.WEIGHT, factor=10)}

    assert read_code(store_code("201234500517"), own) == Scanned(CodeKind.WEIGHED, "12345", grams=5170)
    assert read_code(store_code("211234500517"), own).kind is CodeKind.GTIN


def test_only_thirteen_digits_are_a_stores_code() -> None:
    twelve = store_code("20123450199")

    assert read_code(twelve) == Scanned(CodeKind.GTIN, "00" + twelve)


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("20", Scanned(CodeKind.PRICED, "12345", price=517)),
        ("29", Scanned(CodeKind.WEIGHED, "12345", grams=517)),
    ],
)
def test_a_stores_code_may_as_a_whole_be_the_number_of_a_product(prefix: str, told: Scanned) -> None:
    code = store_code(prefix + "1234500517")

    assert readings(code) == (Scanned(CodeKind.GTIN, "0" + code), told)


@pytest.mark.parametrize("code", ["4011", "4006381333931", "96385074"])
def test_other_codes_have_one_meaning(code: str) -> None:
    assert readings(code) == (read_code(code),)


@pytest.mark.parametrize("code", ["", "123", "123456", "2012345019990", "4006381333930", "40O6381333931", "٤٠١١"])
def test_anything_else_is_refused(code: str) -> None:
    with pytest.raises(InvalidGtin):
        read_code(code)
