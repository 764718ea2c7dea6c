"""Money on the wire: a number or a numeric string in, a number with two decimals at most out."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json

from app.schemas.money import LARGEST, Money, PositiveMoney

ADAPTER: TypeAdapter[Decimal] = TypeAdapter(Money)
POSITIVE: TypeAdapter[Decimal] = TypeAdapter(PositiveMoney)
amounts = st.decimals(min_value=0, max_value=LARGEST, places=2)


class Priced(BaseModel):
    price: Money


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("12.9", "12.90"),
        ("0", "0"),
        ("0.01", "0.01"),
        ('"12.90"', "12.90"),
        ('" 7 "', "7"),
        ("9999999999.99", "9999999999.99"),
        ("1e2", "100"),
        ("0.1", "0.10"),
    ],
)
def test_numbers_and_numeric_strings_are_read_exactly(sent: str, read: str) -> None:
    assert ADAPTER.validate_json(sent) == Decimal(read)


@pytest.mark.parametrize(
    "sent",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        '"NaN"',
        '"sNaN"',
        '"Infinity"',
        '"-inf"',
        "1e400",
        '"1e400"',
        '"1e999999999"',
        '"1e-999999999"',
        "-0.01",
        '"-1"',
        "0.001",
        '"12.905"',
        "10000000000",
        '"12,90"',
        '"12.90 ILS"',
        '"₪12"',
        '""',
        '" "',
        "true",
        "false",
        "null",
        "[]",
        "{}",
        '["12.90"]',
    ],
)
def test_everything_else_is_refused(sent: str) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_json(sent)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.decimals()))
def test_whatever_is_sent_is_an_amount_in_cents_or_a_validation_error(sent: Any) -> None:
    try:
        amount = ADAPTER.validate_python(sent)
    except ValidationError:
        return
    assert type(amount) is Decimal
    assert 0 <= amount <= LARGEST
    assert amount == amount.quantize(Decimal("0.01"))


@given(amounts)
def test_what_is_sent_out_is_a_number_that_reads_back_as_the_same_amount(amount: Decimal) -> None:
    sent = to_json(Priced(price=amount))

    assert isinstance(orjson.loads(sent)["price"], float)
    assert Priced.model_validate_json(sent).price == amount


@given(amounts)
def test_a_number_and_its_string_read_alike(amount: Decimal) -> None:
    assert ADAPTER.validate_json(str(amount)) == ADAPTER.validate_json(f'"{amount}"') == amount


@pytest.mark.parametrize(
    "sent", ["0", "0.00", "0.01", "0.1", "0.10", "0.09", "1", "10", "100.5", "9999999999.99", "10000000000", "0.001"]
)
@pytest.mark.parametrize("written", ["{}", '"{}"'])
def test_what_must_be_above_zero_is_described_as_it_is_read(sent: str, written: str) -> None:
    described = jsonschema_rs.validator_for(POSITIVE.json_schema())
    value = written.format(sent)

    try:
        read = POSITIVE.validate_json(value) > 0
    except ValidationError:
        read = False

    assert described.is_valid(orjson.loads(value)) is read
