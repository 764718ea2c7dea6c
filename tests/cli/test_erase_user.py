"""Forgetting somebody at the command line."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import AuditEvent, User
from tests import factories


def erase(app: Flask, *args: str, answer: str | None = None) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["erase-user", *args], input=answer)
    return result.exit_code, result.output.splitlines()[-1]


def test_it_asks_and_then_erases(app: Flask, session: Session) -> None:
    user = factories.make_user(session)

    no = erase(app, str(user.id), answer="n\n")
    kept = session.get_one(User, user.id, populate_existing=True).erased_at
    yes = erase(app, str(user.id), answer="y\n")

    assert no == (1, "Aborted!")
    assert kept is None
    assert yes[0] == 0
    assert yes[1].startswith(f"User {user.id} was erased at ")
    event = session.execute(select(AuditEvent).where(AuditEvent.action == "ERASE")).scalar_one()
    assert (event.actor_user_id, event.context) == (None, {"by": "flask erase-user", "blanked_events": 0})


def test_a_repeat_changes_nothing(app: Flask, session: Session) -> None:
    user = factories.make_user(session)

    first, second = (erase(app, str(user.id), "--yes") for _ in range(2))

    assert first == second
    assert len(session.execute(select(AuditEvent).where(AuditEvent.action == "ERASE")).all()) == 1


@pytest.mark.parametrize(("who", "why"), [("nobody", "There is no such user."), ("admin", "This is the last active")])
def test_a_refusal_is_one_line(app: Flask, session: Session, who: str, why: str) -> None:
    user_id = 10**9 if who == "nobody" else factories.make_user(session, role=Role.ADMIN).id

    code, said = erase(app, str(user_id), "--yes")

    assert code == 1
    assert said.startswith(f"Error: {why}")
