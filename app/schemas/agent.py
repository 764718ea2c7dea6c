"""A question to the assistant and its answer."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.schemas.envelope import Answer, LenientRequest, Printable


class AgentQuery(LenientRequest):
    query: Annotated[Printable, Field(max_length=1000)] | None = None

    example: ClassVar[Mapping[str, Any]] = {"query": "milk under 50"}


class AgentAnswer(Answer):
    """`suggestions` are further questions that make sense now."""

    answer: str
    suggestions: list[str]
