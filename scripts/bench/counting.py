"""How many SQL statements a request sends: counted at the driver, in process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from flask import Flask

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
    with counted() as seen:
        answer = client.open(path, method=method, json=body, headers=headers)
    if answer.status_code != expected:
        raise PromiseBroken(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
    return len(seen)


@contextmanager
def counted() -> Iterator[list[object]]:
    """What is sent through the driver by anybody in this process during the block, whatever stands above the driver."""
    seen: list[object] = []
    plain = psycopg.Cursor.execute

    def noting(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(query)
        return plain(self, query, *arguments, **options)

    psycopg.Cursor.execute = noting  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        psycopg.Cursor.execute = plain  # type: ignore[method-assign]
