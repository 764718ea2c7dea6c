"""Free text that managers write and shoppers read."""

from typing import Annotated

from pydantic import AfterValidator

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


Line = Annotated[Printable, AfterValidator(_one_line)]
"""Printable characters of any script on one line; runs of spaces become one."""

Paragraphs = Annotated[Printable, AfterValidator(_paragraphs)]
"""A longer text, which may have line breaks."""
