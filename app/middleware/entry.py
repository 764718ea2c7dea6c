"""What a line of the route table says; the table itself is `app.api`."""

from dataclasses import dataclass

from flask import Blueprint

from app.domain.enums import Role

PUBLIC = "everyone"
GUEST = "everyone; signed-in users as themselves"
DEVICE = "a trolley's device; it signs each request"
FIRST_DEVICE = "a trolley's device with its key; with DEVICE_LEGACY_OPEN everyone"
SIGNED_IN = "every signed-in user"
EXEMPT = ""
DEFAULT = "rate_limit_defaults"

WITHOUT_SECOND_FACTOR = frozenset({"auth_account", "second_factor"})
"""Blueprints that stay open to those who must still set up their second factor; so does SHOW_SELF."""

SHOW_SELF = "me.show_profile"


@dataclass(frozen=True)
class Entry:
    """One line of the table. `who` is one of the words above, or the roles that may enter; others get a 403.

    `limit` names a setting; EXEMPT: none. `fresh`: never answered from a replica, which is a little behind.
    """

    blueprint: Blueprint
    prefix: str
    who: str | frozenset[Role]
    tag: str
    limit: str = DEFAULT
    fresh: bool = False

    @property
    def is_public(self) -> bool:
        return self.who in (PUBLIC, GUEST, DEVICE, FIRST_DEVICE)

    @property
    def is_optional(self) -> bool:
        return self.who == GUEST

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that may enter; empty where any may."""
        return self.who if isinstance(self.who, frozenset) else frozenset()

    @property
    def who_in_words(self) -> str:
        """For the documentation: roles in the order of the enum."""
        return self.who if isinstance(self.who, str) else ", ".join(role for role in Role if role in self.roles)
