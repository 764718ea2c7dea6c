"""The audit trail as managers read it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import AuditEvent, User
from app.services import audit_trail
from tests.conftest import Statements
from tests.factories import make_user, sign_in

AUDIT = "/api/v1/admin/audit"
LONG_AGO = datetime(2020, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def manager(session: Session) -> User:
    return make_user(session, role=Role.MANAGER)


@pytest.fixture
def headers(session: Session, manager: User) -> dict[str, str]:
    return sign_in(session, manager)


def make_audit(session: Session, **columns: Any) -> AuditEvent:
    event = AuditEvent(**{"entity_type": "order", "action": "CREATE", "created_at": LONG_AGO, **columns})
    session.add(event)
    session.commit()
    return event


def ids(client: FlaskClient, headers: dict[str, str], **query: Any) -> list[int]:
    return [item["id"] for item in client.get(AUDIT, query_string=query, headers=headers).json["data"]]


def exported(client: FlaskClient, headers: dict[str, str], **query: Any) -> list[dict[str, str]]:
    answer = client.get(f"{AUDIT}.csv", query_string=query, headers=headers)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_an_event_is_shown_with_its_actor_and_both_values(
    client: FlaskClient, session: Session, manager: User, headers: dict[str, str]
) -> None:
    event = make_audit(
        session,
        entity_id=7,
        action="UPDATE_STATUS",
        old_value={"status": "CREATED"},
        new_value={"status": "IN_PROGRESS"},
        context={"reason": "picked"},
        actor_user_id=manager.id,
        request_id="r-1",
    )

    answer = client.get(AUDIT, headers=headers)

    assert answer.json["data"] == [
        {
            "id": event.id,
            "entity_type": "order",
            "entity_id": 7,
            "action": "UPDATE_STATUS",
            "old_value": {"status": "CREATED"},
            "new_value": {"status": "IN_PROGRESS"},
            "context": {"reason": "picked"},
            "actor_user_id": manager.id,
            "actor_email": manager.email,
            "created_at": "2020-05-01T12:00:00Z",
            "request_id": "r-1",
        }
    ]
    assert answer.json["pagination"] == answer.json["meta"]
    assert answer.json["meta"]["total"] == 1


def test_an_event_of_nobody_has_no_address(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    make_audit(session)

    [item] = client.get(AUDIT, headers=headers).json["data"]

    assert (item["actor_user_id"], item["actor_email"]) == (None, None)


def test_the_newest_stands_first(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    late = make_audit(session, created_at=LONG_AGO + timedelta(hours=1))
    early = make_audit(session)
    twin = make_audit(session)

    assert ids(client, headers) == [late.id, twin.id, early.id]


@pytest.mark.parametrize(
    ("query", "column", "value"),
    [
        ({"entityType": "payment"}, "entity_type", "payment"),
        ({"entity_type": "payment"}, "entity_type", "payment"),
        ({"entity_id": 7}, "entity_id", 7),
        ({"action": "CANCEL"}, "action", "CANCEL"),
        ({"actorId": 77}, "actor_user_id", 77),
        ({"request_id": "r-1"}, "request_id", "r-1"),
    ],
)
def test_each_filter_leaves_its_own(
    client: FlaskClient, session: Session, headers: dict[str, str], query: dict[str, Any], column: str, value: Any
) -> None:
    meant = make_audit(session, **{column: value})
    make_audit(session)

    assert ids(client, headers, **query) == [meant.id]


def test_filters_hold_together(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    meant = make_audit(session, entity_id=7, action="CANCEL")
    make_audit(session, entity_id=8, action="CANCEL")
    make_audit(session, entity_id=7)

    assert ids(client, headers, entityType="order", entityId=7, action="CANCEL") == [meant.id]


def test_a_bare_day_is_the_whole_day_in_the_shops_time_zone(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    """Asia/Jerusalem is three hours ahead in May: its 2 May lasts from 21:00 to 21:00 UTC."""
    make_audit(session, created_at=datetime(2020, 5, 1, 20, 59, 59, tzinfo=UTC))
    first = make_audit(session, created_at=datetime(2020, 5, 1, 21, tzinfo=UTC))
    last = make_audit(session, created_at=datetime(2020, 5, 2, 20, 59, 59, 999_999, tzinfo=UTC))
    make_audit(session, created_at=datetime(2020, 5, 2, 21, tzinfo=UTC))

    assert ids(client, headers, dateFrom="2020-05-02", dateTo="2020-05-02") == [last.id, first.id]


@pytest.mark.parametrize("instant", ["2020-05-01T12:00:00Z", "2020-05-01T15:00:00+03:00", "2020-05-01T15:00:00"])
def test_an_instant_counts_itself(client: FlaskClient, session: Session, headers: dict[str, str], instant: str) -> None:
    meant = make_audit(session)
    make_audit(session, created_at=LONG_AGO + timedelta(seconds=1))
    make_audit(session, created_at=LONG_AGO - timedelta(seconds=1))

    assert ids(client, headers, dateFrom=instant, dateTo=instant) == [meant.id]


def test_the_plus_of_an_offset_may_arrive_as_a_space(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    meant = make_audit(session)

    answer = client.get(f"{AUDIT}?dateTo=2020-05-01T15:00:00+03:00", headers=headers)

    assert [item["id"] for item in answer.json["data"]] == [meant.id]


@pytest.mark.parametrize(
    "query",
    [
        "dateFrom=soon",
        "dateTo=2020-13-01",
        "dateTo=9999-12-31",
        "limit=many",
        "limit=0",
        "limit=-1",
        "offset=-1",
        "actorId=x",
        "entityId=0",
        "color=red",
        "cursor=abc",
        "cursor=WyJ4IiwxXQ",
    ],
)
def test_what_cannot_be_understood_is_refused(client: FlaskClient, headers: dict[str, str], query: str) -> None:
    answer = client.get(f"{AUDIT}?{query}", headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_an_empty_filter_is_no_filter(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    meant = make_audit(session)

    answer = client.get(f"{AUDIT}?entityType=&entityId=&action=&actorId=&dateFrom=&dateTo=", headers=headers)

    assert meant.id in [item["id"] for item in answer.json["data"]]


def test_a_larger_limit_is_taken_for_the_largest(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(f"{AUDIT}?limit=5000", headers=headers)

    assert (answer.status_code, answer.json["meta"]["limit"]) == (200, 200)


@pytest.mark.parametrize("path", [AUDIT, f"{AUDIT}.csv"])
@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.VENDOR, Role.EMPLOYEE])
def test_only_managers_may_look(client: FlaskClient, session: Session, role: Role, path: str) -> None:
    answer = client.get(path, headers=sign_in(session, make_user(session, role=role)))

    assert answer.status_code == 403


def test_pages_by_cursor_show_every_event_once(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    made = [make_audit(session, created_at=LONG_AGO + timedelta(seconds=number // 2)).id for number in range(5)]

    seen, cursor, totals = [], {}, []
    for _ in range(3):
        answer = client.get(AUDIT, query_string={"limit": 2, **cursor}, headers=headers).json
        seen += [item["id"] for item in answer["data"]]
        totals.append(answer["meta"]["total"])
        cursor = {"cursor": answer["meta"]["next_cursor"]}

    assert seen == made[::-1]
    assert cursor == {"cursor": None}
    assert totals == [5, None, None]


def test_pages_by_offset(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    made = [make_audit(session).id for _ in range(3)]

    assert ids(client, headers, limit=2, offset=1) == [made[1], made[0]]


def test_beyond_a_thousand_events_nothing_is_counted(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    session.add_all([AuditEvent(entity_type="order", action="CREATE") for _ in range(1000)])
    session.commit()
    exact = client.get(AUDIT, headers=headers).json["meta"]["total"]
    make_audit(session)

    beyond = client.get(AUDIT, headers=headers).json["meta"]["total"]

    assert (exact, beyond) == (1000, None)


def test_the_number_of_statements_does_not_grow(
    client: FlaskClient, session: Session, headers: dict[str, str], manager: User, statements: Statements
) -> None:
    make_audit(session, actor_user_id=manager.id)
    statements.clear()
    client.get(AUDIT, headers=headers)
    with_one = len(statements)
    for _ in range(20):
        make_audit(session, actor_user_id=make_user(session).id)
    statements.clear()

    client.get(AUDIT, headers=headers)

    assert len(statements) == with_one <= 3


def test_the_file_holds_the_same_events(
    client: FlaskClient, session: Session, manager: User, headers: dict[str, str]
) -> None:
    event = make_audit(
        session,
        created_at=datetime.now(UTC) - timedelta(days=1),
        new_value={"note": 'a "quoted", long\nname'},
        actor_user_id=manager.id,
    )
    make_audit(session, entity_type="cart", created_at=datetime.now(UTC))

    answer = client.get(f"{AUDIT}.csv?entityType=order", headers=headers)

    [row] = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert (row["id"], row["actor_email"], row["old_value"]) == (str(event.id), manager.email, "")
    assert row["new_value"] == '{"note":"a \\"quoted\\", long\\nname"}'


def test_the_file_covers_thirty_days_unless_asked_for_more(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    now = datetime.now(UTC)
    recent = make_audit(session, created_at=now - timedelta(days=29))
    older = make_audit(session, created_at=now - timedelta(days=31))

    by_default = [row["id"] for row in exported(client, headers)]
    asked_for = [row["id"] for row in exported(client, headers, dateFrom="2020-01-01")]
    before = [row["id"] for row in exported(client, headers, dateTo=(now - timedelta(days=30)).isoformat())]

    assert by_default == [str(recent.id)]
    assert asked_for == [str(recent.id), str(older.id)]
    assert before == [str(older.id)]


def test_a_cell_of_the_file_is_never_a_formula(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    make_audit(session, created_at=datetime.now(UTC), request_id="=HYPERLINK(1)", entity_id=-5)

    [row] = exported(client, headers)

    assert (row["request_id"], row["entity_id"]) == ("'=HYPERLINK(1)", "-5")


def test_the_file_is_made_in_pieces_none_of_which_is_lost(
    client: FlaskClient,
    session: Session,
    headers: dict[str, str],
    statements: Statements,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit_trail, "_CHUNK", 2)
    now = datetime.now(UTC)
    made = [make_audit(session, created_at=now - timedelta(seconds=number // 2)).id for number in range(5)]
    statements.clear()

    rows = exported(client, headers)

    assert sorted(int(row["id"]) for row in rows) == made
    assert sum("audit_events" in statement for statement in statements) == 4


def test_a_bad_filter_of_the_file_is_refused_before_the_first_line(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.get(f"{AUDIT}.csv?dateFrom=soon", headers=headers)

    assert answer.status_code == 400
