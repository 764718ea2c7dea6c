"""Everything kept of the caller as one JSON document, written piece by piece: memory stays small however much it is."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import TextClause, text

from app.config import settings
from app.domain.caller import Caller
from app.services.privacy.parts import PARTS, Part
from app.transaction import reading

_FORMAT = "aisle-export-1"
_PAGE = 500

_STATEMENTS: dict[str, TextClause] = {
    part.name: text(
        f"""SELECT place, CAST(to_jsonb(found) - 'place' AS text) AS document FROM ({part.rows}) AS found
            WHERE place > :after ORDER BY place LIMIT {_PAGE}"""
    )
    for part in PARTS
}


def file_name(caller: Caller) -> str:
    """What the document is called on the caller's disk."""
    return f"export-{caller.user_id}-{datetime.now(settings().zone):%Y-%m-%d}.json"


def pieces(caller: Caller) -> Iterator[str]:
    """The document in pieces of at most 500 rows, each read by one statement; no connection is held in between.

    PostgreSQL writes the JSON. The last field says that nothing is missing, as a failure half-way cannot be told
    any more by a status.
    """
    head = {"format": _FORMAT, "made_at": datetime.now(UTC).isoformat(), "user_id": caller.user_id}
    yield json.dumps(head)[:-1]
    for part in PARTS:
        yield f',\n"{part.name}": ['
        yield from _rows(part, caller.user_id)
        yield "]"
    yield ',\n"is_complete": true}\n'


def _rows(part: Part, user_id: int) -> Iterator[str]:
    after, separator = -1, ""
    while True:
        with reading() as connection:
            values = {"user_id": user_id, "after": after}
            rows = connection.execute(_STATEMENTS[part.name], values).all()
        if rows:
            yield separator + ",\n".join(row.document for row in rows)
            after, separator = rows[-1].place, ",\n"
        if len(rows) < _PAGE:
            return
