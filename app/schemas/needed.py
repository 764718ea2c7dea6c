"""Fields whose absence the contract has words of its own for."""

from typing import Any

from pydantic import model_validator

from app.errors import BadRequest


def refused_without(refusal: type[BadRequest], *names: str) -> Any:
    """A validator for a body: `refusal` where one of the fields is missing, null or empty.

    Other faults of the same fields stay VALIDATION_ERROR. List the refusal among the endpoint's errors.
    """

    def check(values: Any) -> Any:
        if isinstance(values, dict) and any(_is_empty(values.get(name)) for name in names):
            raise refusal
        return values

    return model_validator(mode="before")(check)


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())
