"""What a line of the route table says; the table itself is `app.api`."""

from dataclasses import dataclass

from flask import Blueprint

from app.domain.enums import Role

PUBLIC = "everyone"
GUEST = "everyone; signed-in users as themselves"
SIGNED_IN = "every signed-in user"
EXEMPT = ""


@dataclass(frozen=True)
class Entry:
    """One line of the table. `roles` empty with SIGNED_IN: any role. `limit` names a setting, EXEMPT none."""

    blueprint: Blueprint
    prefix: str
    who: str
    limit: str
    tag: str
    roles: frozenset[Role] = frozenset()

    @property
    def is_public(self) -> bool:
        return self.who in (PUBLIC, GUEST)

    @property
    def is_optional(self) -> bool:
        return self.who == GUEST
