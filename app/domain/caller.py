"""Who is asking: handed to services as an argument, so that none of them reads the request."""

from dataclasses import dataclass

from app.domain.enums import Language, Role
from app.domain.roles import MANAGERS


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, signed in or not; `language` is the one its sender likes best of ours, if any."""

    request_id: str = ""
    address: str = ""
    user_agent: str = ""
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in user with the role and session the database holds for the token.

    `role_pending`: signed in by phone for the first time, with a role still to be chosen.
    """

    user_id: int
    role: Role
    session_id: int
    origin: Origin = Origin()
    has_second_factor: bool = False
    role_pending: bool = False

    @property
    def is_manager(self) -> bool:
        """MANAGER or ADMIN: not bound to branches."""
        return self.role in MANAGERS
