"""Groups of roles, as the contracts name them; lists are explicit, no role inherits another's rights."""

from app.domain.enums import Role

STAFF = frozenset({Role.EMPLOYEE, Role.MANAGER, Role.ADMIN})
CONSUMERS = frozenset({Role.CUSTOMER})
VENDORS = frozenset({Role.VENDOR})
MANAGERS = frozenset({Role.MANAGER, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})

PRIVILEGED = MANAGERS
"""Roles that only an ADMIN may grant, edit or block."""
