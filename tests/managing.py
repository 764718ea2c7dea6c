"""A manager at work, for tests of what managers edit."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import Role
from app.models import AuditEvent, User
from tests.factories import make_user, sign_in

ADMIN = "/api/v1/admin"
OUTSIDERS = (Role.CUSTOMER, Role.EMPLOYEE)


@dataclass
class Manager:
    """A signed-in manager with a client."""

    user: User
    client: FlaskClient
    headers: dict[str, str]

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        return self.client.open(f"{ADMIN}{path}", method=method, headers=self.headers, **kwargs)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.json
        return answer.json

    def done(self, method: str, path: str, *, status: int = 200, **kwargs: Any) -> Any:
        """What a call that succeeds answers."""
        answer = self.call(method, path, **kwargs)
        assert answer.status_code == status, answer.json
        return answer.json["data"]

    def refused(self, method: str, path: str, **kwargs: Any) -> tuple[int, str]:
        """(status, code) of a call that is refused."""
        answer = self.call(method, path, **kwargs)
        return answer.status_code, answer.json["error"]["code"]


def make_manager(session: Session, client: FlaskClient, *, role: Role = Role.MANAGER) -> Manager:
    user = make_user(session, role=role)
    return Manager(user, client, sign_in(session, user))


def audited(session: Session, entity_type: str) -> list[tuple[str, Any, Any]]:
    """(action, old, new) of every audit event of a kind, oldest first."""
    columns = (AuditEvent.action, AuditEvent.old_value, AuditEvent.new_value)
    statement = select(*columns).where(AuditEvent.entity_type == entity_type).order_by(AuditEvent.id)
    return [tuple(row) for row in session.execute(statement)]


def assert_for_managers_only(session: Session, client: FlaskClient, *calls: tuple[str, str]) -> None:
    """Customers and employees may not; the guard answers before anything is looked up."""
    for role in OUTSIDERS:
        headers = sign_in(session, make_user(session, role=role))
        for method, path in calls:
            answer = client.open(f"{ADMIN}{path}", method=method, headers=headers)
            if (answer.status_code, answer.json["error"]["code"]) != (403, "AUTHORIZATION_ERROR"):
                pytest.fail(f"{role} {method} {path}: {answer.status_code}")
