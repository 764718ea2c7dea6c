"""How many SQL statements a request sends: counted at the driver, in process."""

from typing import Any

from flask import Flask
from sqlalchemy import event

from app.extensions import db
from scripts.drills.running import PromiseBroken


def statements(
    app: Flask, method: str, path: str, *, token: str | None = None, body: object = None, expected: int = 200
) -> int:
    """The statements of one such request, the sign-in check included. One is sent before it, to fill what is kept.

    Raises PromiseBroken when the answer is not the expected one.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = app.test_client()
    client.open(path, method=method, json=body, headers=headers)
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        answer = client.open(path, method=method, json=body, headers=headers)
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    if answer.status_code != expected:
        raise PromiseBroken(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
    return len(seen)
