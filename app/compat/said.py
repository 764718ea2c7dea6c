"""How a refusal of ours is said to older clients."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """Another status, other words, or both."""

    status: int | None = None
    message: str | None = None


Refusals = Mapping[str, Said]
"""By the code of our error."""
