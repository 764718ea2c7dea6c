"""The one money type on the wire: a JSON number with at most two decimals; requests may also send a numeric string."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

LARGEST = Decimal("9999999999.99")


def _exact(value: Any) -> Any:
    """Read a number or numeric string as Decimal without passing through binary floating point."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be a number or a numeric string")
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("must be a number or a numeric string") from None


def money_number(amount: Decimal) -> float:
    """The JSON number of an amount; exact to the cent below 10^13."""
    return float(amount)


_SENT = PlainSerializer(money_number, return_type=float, when_used="json")
_READ = BeforeValidator(_exact)

Money = Annotated[
    Decimal,
    _READ,
    Field(ge=0, le=LARGEST, max_digits=12, decimal_places=2),
    _SENT,
    WithJsonSchema({"type": "number", "minimum": 0, "multipleOf": 0.01, "examples": [12.9]}, mode="serialization"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": float(LARGEST), "multipleOf": 0.01},
                {"type": "string", "pattern": r"^\d{1,10}(\.\d{1,2})?$"},
            ],
            "examples": [12.9],
        },
        mode="validation",
    ),
]
"""An amount in the shop's currency, from 0, tax included."""

PositiveMoney = Annotated[
    Money,
    Field(gt=0),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0.01, "maximum": float(LARGEST), "multipleOf": 0.01},
                {"type": "string", "pattern": r"^([1-9]\d{0,9}(\.\d{1,2})?|0\.(0[1-9]|[1-9]\d?))$"},
            ],
            "examples": [12.9],
        },
        mode="validation",
    ),
]
"""An amount of at least a cent, as a request may send it."""

Number = Annotated[
    Decimal, PlainSerializer(float, return_type=float, when_used="json"), WithJsonSchema({"type": "number"})
]
"""A decimal sent as a JSON number: a rate in percent, a coordinate in degrees."""
