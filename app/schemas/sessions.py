"""Sign-ins, each on one device."""

from app.schemas.envelope import Answer, Instant


class OpenSession(Answer):
    """`is_current`: the one this request was made with."""

    id: int
    created_at: Instant
    user_agent: str | None
    address: str | None
    is_current: bool


class EndedSessions(Answer):
    """How many were ended."""

    ended: int
