"""Column types for the enums of the domain: stored as text with a CHECK that names the allowed words."""

from enum import StrEnum

from sqlalchemy import Enum


def stored(words: type[StrEnum], name: str) -> Enum:
    """A text column that accepts only the values of `words`; `name` goes into the CHECK's name."""
    return Enum(
        words,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name,
        values_callable=lambda enum: [member.value for member in enum],
    )
