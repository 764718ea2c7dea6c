"""Delivery addresses."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from app.schemas.envelope import Answer, Printable, Request
from app.schemas.money import Number

AddressLine = Annotated[
    Printable, StringConstraints(min_length=5, max_length=256), Field(examples=["12 Herzl Street, flat 3"])
]
City = Annotated[Printable, StringConstraints(min_length=2, max_length=64), Field(examples=["Haifa"])]
PostalCode = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{4,16}$"), Field(examples=["3303101"])
]
Country = Annotated[Printable, StringConstraints(min_length=2, max_length=64), Field(examples=["Israel"])]


class NewAddress(Request):
    example: ClassVar[Mapping[str, Any]] = {
        "address_line": "12 Herzl Street, flat 3",
        "city": "Haifa",
        "postal_code": "3303101",
        "country": "Israel",
        "is_default": True,
    }

    address_line: AddressLine
    city: City
    postal_code: PostalCode
    country: Country
    is_default: bool = False


class AddressChange(Request):
    """Absent or null leaves a field as it is."""

    example: ClassVar[Mapping[str, Any]] = {"city": "Tel Aviv", "postal_code": "6688312"}

    address_line: AddressLine | None = None
    city: City | None = None
    postal_code: PostalCode | None = None
    country: Country | None = None


class AddressLocation(Request):
    """Degrees (WGS 84), kept to six places, about a tenth of a metre."""

    example: ClassVar[Mapping[str, Any]] = {"lat": 32.794, "lng": 34.9896}

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False, examples=[32.8191])
    lng: float = Field(ge=-180, le=180, allow_inf_nan=False, examples=[34.9983])


class AddressAnswer(Answer):
    """`lat` and `lng` in degrees (WGS 84), null until set."""

    id: int
    user_id: int
    address_line: str
    city: str
    postal_code: str
    country: str
    is_default: bool
    lat: Number | None
    lng: Number | None
