"""Users as managers and admins see and change them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from app.domain.enums import Language, Role
from app.schemas.auth import Email, NewPassword, PersonName, Phone
from app.schemas.envelope import Answer, Instant, Printable, Request, RowId
from app.schemas.pagination import Page

MOST_BRANCHES = 200

BranchIds = Annotated[list[RowId], Field(max_length=MOST_BRANCHES, examples=[[1]])]


class UserQuery(Page):
    """`q` is a part of the e-mail address, the name or the phone number, in any case."""

    q: Annotated[Printable, StringConstraints(max_length=100)] | None = None
    role: Role | None = None
    is_active: bool | None = None


class ManagedUser(Answer):
    id: int
    email: str | None
    full_name: str
    phone: str | None
    role: Role
    is_active: bool
    created_at: Instant
    updated_at: Instant


class ManagedUserDetails(ManagedUser):
    """`branch_ids`: where an EMPLOYEE works; they see and touch only these."""

    default_branch_id: int | None
    branch_ids: list[int]
    second_factor_enabled: bool


class UserPage(Answer):
    """Flat, as older clients read it. `total` is exact up to 1,000 and null beyond."""

    data: list[ManagedUser]
    total: int | None
    limit: int
    offset: int
    next_cursor: str | None


class UserChange(Request):
    """What is left out stays, and so does what is null; a null `default_branch_id` takes the default away."""

    example: ClassVar[Mapping[str, Any]] = {"role": "EMPLOYEE", "branch_ids": [1], "default_branch_id": 1}

    role: Role | None = None
    is_active: bool | None = None
    full_name: PersonName | None = None
    phone: Phone | None = None
    branch_ids: BranchIds | None = None
    default_branch_id: RowId | None = None


class UserToggle(Request):
    """`active` is needed; without it the answer is MISSING_ACTIVE_PARAM."""

    active: bool | None = None


class NewStaff(Request):
    """`language` is what the new colleague is written to in; without it, the language of the shop."""

    example: ClassVar[Mapping[str, Any]] = {
        "email": "amir@example.com",
        "full_name": "Amir Haddad",
        "role": "EMPLOYEE",
        "branch_ids": [1],
    }

    email: Email
    full_name: PersonName
    phone: Phone | None = None
    role: Literal[Role.EMPLOYEE, Role.MANAGER, Role.ADMIN]
    branch_ids: BranchIds = Field(default_factory=list)
    language: Language | None = None


class NewAdmin(Request):
    """What `flask create-admin` takes."""

    email: Email
    full_name: PersonName
    password: NewPassword
