"""Parts of an answer that the database has written as JSON already."""

from typing import NewType

Json = NewType("Json", str)
"""The text of one JSON value. It goes into the answer as it stands."""
