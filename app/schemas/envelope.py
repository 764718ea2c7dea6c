"""The bases of every body and the envelopes around every answer."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, get_args

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

Item = TypeVar("Item")

Instant = AwareDatetime
"""A moment, sent as ISO 8601 with its offset."""


def _not_a_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


NOT_A_TRUTH = BeforeValidator(_not_a_truth)
"""For whole numbers, which Python would read out of true and false as 1 and 0. Stands after the bounds, so that the
OpenAPI document keeps them."""

RowId = Annotated[int, Field(ge=1, le=2**63 - 1), NOT_A_TRUTH]


def _without_nul(value: Any) -> Any:
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("must not contain the NUL character")
    return value


Printable = Annotated[str, BeforeValidator(_without_nul), StringConstraints(strip_whitespace=True)]
"""Free text; PostgreSQL cannot hold the NUL character, so it is refused at the door."""


DEFERRED = ConfigDict(defer_build=True)
"""For what is read and written: its checks are built by the first use, as building all would double the start."""


class Request(BaseModel):
    """A request body: unknown fields are refused. `example` is a body that works, shown in the documentation."""

    model_config = ConfigDict(defer_build=True, extra="forbid")
    example: ClassVar[Mapping[str, Any]] = {}


class LenientRequest(Request):
    """A body of the marketplace: unknown fields are ignored, as its clients post whole objects back (section 1.1)."""

    model_config = ConfigDict(extra="ignore")


class Answer(BaseModel):
    """What an endpoint answers with; built from rows by attribute or by key."""

    model_config = ConfigDict(defer_build=True, from_attributes=True, extra="forbid")

    @classmethod
    def of_known(cls, **values: Any) -> Self:
        """An answer of values that the database has checked already: every field, and nothing else.

        Takes a tenth of the time of `model_construct`, which looks for an alias and a default of each field. Tests hold
        every answer against its declaration.
        """
        made = cls.__new__(cls)
        object.__setattr__(made, "__dict__", values)
        object.__setattr__(made, "__pydantic_fields_set__", set(values))
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made


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

    model_config = DEFERRED
    data: list[Item]
    meta: PageMeta


class ErrorBody(BaseModel):
    model_config = DEFERRED
    code: str = Field(examples=["NOT_FOUND"])
    message: str = Field(examples=["Nothing was found here."])
    status_code: int = Field(examples=[404])
    details: dict[str, Any] = {}


class ErrorEnvelope(BaseModel):
    """Every failure, whatever the route."""

    model_config = DEFERRED
    error: ErrorBody


@cache
def envelope_of(declared: Any, *, bare: bool = False) -> Any:
    """The whole answer around a declared model: {"data": ...}, or as it stands for lists and bare answers.

    `declared` is an Answer, a list of them or a Listed[...]; the name of what is made goes into the OpenAPI document.
    """
    is_model = isinstance(declared, type) and issubclass(declared, BaseModel)
    if bare or (is_model and issubclass(declared, Listed)):
        return declared
    name = declared.__name__ if is_model else f"{get_args(declared)[0].__name__}List"
    return create_model(f"{name}Answer", data=(declared, ...))
