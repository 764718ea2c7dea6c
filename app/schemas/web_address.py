"""Addresses of pictures and papers that are kept elsewhere. We store and show them, and never fetch them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.schemas.envelope import Printable

WebAddress = Annotated[
    Printable,
    StringConstraints(pattern=r'^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f"<>\\\s]+$'),
    Field(examples=["https://files.example.com/papers/17.pdf"]),
]
"""An http or https address; the field that uses it bounds its length."""
