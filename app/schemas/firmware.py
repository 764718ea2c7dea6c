"""Firmware for trolleys and its rollout."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Listed, Request
from app.schemas.pagination import Page

Hardware = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:+-]{1,32}$"), Field(examples=["esp32s3"])]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){1,3}$"), Field(examples=["1.5.0"])]
Signature = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z+/=_-]{86,128}$"),
    Field(description="Ed25519 over the image, in base64 or hexadecimal; devices check it, the server hands it on."),
]
Percent = Annotated[int, Field(ge=0, le=100), NOT_A_TRUTH]


class FirmwareUploadQuery(Request):
    hardware: Hardware
    version: Version
    signature: Signature


class FirmwareQuery(Page):
    hardware: Hardware | None = None


class FirmwareChange(Request):
    """What is left out stays. `is_minimum`: older versions must update; `halted`: nobody is offered it any more."""

    example: ClassVar[Mapping[str, Any]] = {"rollout_percent": 10}

    rollout_percent: Percent | None = None
    is_minimum: bool | None = None
    halted: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set or None in (getattr(self, name) for name in self.model_fields_set):
            raise ValueError("name rollout_percent, is_minimum or halted, none of them null")
        return self


class ManagedFirmware(Answer):
    """`devices` run this version by what they last said, `failing` of them have reported an error on it."""

    id: int
    hardware: str
    version: str
    sha256: str
    signature: str
    size_bytes: int
    rollout_percent: int
    is_minimum: bool
    halted_at: Instant | None
    created_at: Instant
    devices: int
    failing: int


class FirmwareList(Listed[ManagedFirmware]):
    pass
