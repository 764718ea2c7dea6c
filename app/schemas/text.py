"""Free text that managers, vendors and consumers write and others read."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from app.domain.import_rows import has_control_characters
from app.schemas.envelope import Printable


def _one_line(text: str) -> str:
    if has_control_characters(text):
        raise ValueError("must not contain control characters")
    return " ".join(text.split())


def _paragraphs(text: str) -> str:
    if has_control_characters(text.replace("\n", "").replace("\r", "").replace("\t", "")):
        raise ValueError("must not contain control characters other than line breaks and tabs")
    return text


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


BLANK_IS_NONE = BeforeValidator(_none_if_blank)
"""Forms send a field that was left empty as an empty text."""

Line = Annotated[Printable, AfterValidator(_one_line)]
"""Printable characters of any script on one line; runs of spaces become one."""

Paragraphs = Annotated[Printable, AfterValidator(_paragraphs)]
"""A longer text, which may have line breaks."""
