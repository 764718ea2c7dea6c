"""The people of the demo shop. Their passwords are no secret: `flask seed` refuses in production."""

from decimal import Decimal
from typing import NamedTuple

from app.domain.enums import Role


class DemoUser(NamedTuple):
    role: Role
    email: str
    password: str
    full_name: str


DEMO_USERS: tuple[DemoUser, ...] = (
    DemoUser(Role.CUSTOMER, "customer@aisle.example", "customer-2026", "Noa Levi"),
    DemoUser(Role.VENDOR, "vendor@aisle.example", "vendor-2026", "Ravi Sharma"),
    DemoUser(Role.EMPLOYEE, "employee@aisle.example", "employee-2026", "Amir Haddad"),
    DemoUser(Role.MANAGER, "manager@aisle.example", "manager-2026", "Maya Cohen"),
    DemoUser(Role.ADMIN, "admin@aisle.example", "admin-2026", "Dana Katz"),
)

CUSTOMER_ADDRESS: dict[str, str | Decimal] = {
    "address_line": "12 Herzl Street",
    "city": "Tel Aviv",
    "postal_code": "6688312",
    "country": "Israel",
    "lat": Decimal("32.062800"),
    "lng": Decimal("34.770100"),
}
