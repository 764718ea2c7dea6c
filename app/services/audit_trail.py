"""Reading the audit trail: newest first, by page or as one CSV file."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, DateTime, Select, String, bindparam, literal_column, select, tuple_

from app.domain.csv_text import csv_lines
from app.models import AuditEvent, User
from app.models.base import AnyRow
from app.schemas.audit import AuditFilter, AuditItem, AuditQuery
from app.schemas.envelope import PageMeta
from app.schemas.pagination import decode_cursor, encode_cursor, page_meta
from app.services.pages import counted
from app.transaction import reading

EXPORTED_BY_DEFAULT = timedelta(days=30)
_CHUNK = 1000
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = DateTime(timezone=True)

_CONDITIONS = {
    "entity_type": AuditEvent.entity_type == bindparam("entity_type", type_=String),
    "entity_id": AuditEvent.entity_id == bindparam("entity_id", type_=BigInteger),
    "action": AuditEvent.action == bindparam("action", type_=String),
    "actor_id": AuditEvent.actor_user_id == bindparam("actor_id", type_=BigInteger),
    "request_id": AuditEvent.request_id == bindparam("request_id", type_=String),
    "since": AuditEvent.created_at >= bindparam("since", type_=_INSTANT),
    "until": AuditEvent.created_at < bindparam("until", type_=_INSTANT),
    "last_id": tuple_(AuditEvent.created_at, AuditEvent.id)
    < tuple_(bindparam("last_at", type_=_INSTANT), bindparam("last_id", type_=BigInteger)),
}
_COLUMNS = list(AuditItem.model_fields)


def page(query: AuditQuery) -> tuple[list[AuditItem], PageMeta]:
    """A page of the trail, newest first (two statements; one by cursor). Raises ValidationFailed for a bad cursor."""
    values = _values(query)
    last = _last(query.cursor)
    with reading() as connection:
        statement = _events(frozenset(values | last), query.limit + 1)
        rows = connection.execute(statement, {**values, **last, "offset": 0 if last else query.offset}).all()
        total = None if last else connection.execute(_count(frozenset(values)), values).scalar_one()
    shown, has_next = rows[: query.limit], len(rows) > query.limit
    meta = page_meta(
        limit=query.limit,
        offset=query.offset,
        total=total,
        has_next=has_next,
        next_cursor=encode_cursor(shown[-1].created_at, shown[-1].id) if shown else None,
    )
    return [AuditItem.model_validate(row) for row in shown], meta


def export(query: AuditFilter) -> Iterator[str]:
    """The trail as CSV, in pieces of a thousand lines; without `date_from` the last 30 days before its end.

    Each piece is read by itself, so that a slow reader holds neither memory nor a connection.
    """
    values = _values(query)
    values.setdefault("until", datetime.now(UTC))
    values.setdefault("since", max(values["until"], _FIRST_DAY + EXPORTED_BY_DEFAULT) - EXPORTED_BY_DEFAULT)
    yield csv_lines([_COLUMNS])
    last: dict[str, Any] = {}
    while rows := _chunk(values, last):
        yield csv_lines(_cells(row) for row in rows)
        last = {"last_at": rows[-1].created_at, "last_id": rows[-1].id}


def _chunk(values: Mapping[str, Any], last: Mapping[str, Any]) -> list[AnyRow]:
    statement = _events(frozenset([*values, *last]), _CHUNK)
    with reading() as connection:
        return list(connection.execute(statement, {**values, **last, "offset": 0}).all())


def _cells(row: AnyRow) -> list[object]:
    return [_cell(getattr(row, name)) for name in _COLUMNS]


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _values(query: AuditFilter) -> dict[str, Any]:
    """The parameters of the conditions that were asked for."""
    given = {name: getattr(query, name) for name in ("entity_type", "entity_id", "action", "actor_id", "request_id")}
    given |= {"since": query.date_from, "until": query.date_to}
    return {name: value for name, value in given.items() if value is not None}


def _last(cursor: str | None) -> dict[str, Any]:
    if cursor is None:
        return {}
    last_at, last_id = decode_cursor(cursor, datetime, int)
    return {"last_at": last_at, "last_id": last_id}


@cache
def _events(names: frozenset[str], limit: int) -> Select[Any]:
    """The events under the named conditions; the people are looked up for those of the page alone."""
    chosen = (
        select(AuditEvent)
        .where(*(_CONDITIONS[name] for name in names & _CONDITIONS.keys()))
        .order_by(AuditEvent.created_at.desc(), AuditEvent.id.desc())
        .limit(literal_column(str(limit)))
        .offset(bindparam("offset"))
        .subquery()
    )
    return (
        select(*chosen.c, User.email.label("actor_email"))
        .outerjoin(User, User.id == chosen.c.actor_user_id)
        .order_by(chosen.c.created_at.desc(), chosen.c.id.desc())
    )


@cache
def _count(names: frozenset[str]) -> Select[Any]:
    conditions = (_CONDITIONS[name] for name in names)
    return select(counted(select(AuditEvent.id).where(*conditions)))
