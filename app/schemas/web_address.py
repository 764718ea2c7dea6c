"""Addresses of pictures and papers that are kept elsewhere. We store and show them, and never fetch them."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from app.schemas.envelope import Printable

_PATTERN = r'^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f"<>\\\s]+$'


def _web_address(value: str) -> str:
    if not re.fullmatch(_PATTERN, value):
        raise ValueError("must be an address like https://example.com/picture.png")
    return value


WebAddress = Annotated[
    Printable,
    AfterValidator(_web_address),
    Field(examples=["https://files.example.com/papers/17.pdf"], json_schema_extra={"pattern": _PATTERN}),
]
"""An http or https address; the field that uses it bounds its length."""
