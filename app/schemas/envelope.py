"""The bases of every body and the envelopes around every answer."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Item = TypeVar("Item")

Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Instant = AwareDatetime
"""A moment, sent as ISO 8601 with its offset."""

RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]


def _without_nul(value: Any) -> Any:
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("must not contain the NUL character")
    return value


Printable = Annotated[str, BeforeValidator(_without_nul), StringConstraints(strip_whitespace=True)]
"""Free text; PostgreSQL cannot hold the NUL character, so it is refused at the door."""


class Request(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """What an endpoint answers with; built from rows by attribute or by key."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Message(Answer):
    message: str


class PageMeta(Answer):
    """Where in a list an answer stands. `total` is exact up to 1,000 and absent where counting would be costly."""

    total: int | None = None
    limit: int
    offset: int
    next_cursor: str | None = None
    has_next: bool = False


class Listed(BaseModel, Generic[Item]):
    """Marks an endpoint that answers with a list of Item and `meta`."""

    data: list[Item]
    meta: PageMeta


class ErrorBody(BaseModel):
    code: str = Field(examples=["NOT_FOUND"])
    message: str = Field(examples=["Nothing was found here."])
    status_code: int = Field(examples=[404])
    details: dict[str, Any] = {}


class ErrorEnvelope(BaseModel):
    """Every failure, whatever the route."""

    error: ErrorBody
