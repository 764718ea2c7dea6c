"""The rules of the house that no linter can hold: every route guarded, limited and documented; one place commits."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.api import TABLE
from app.config import PROJECT
from app.middleware.entry import EXEMPT, Entry
from app.openapi import operation_of
from app.openapi_document import build_document

APP = PROJECT / "app"
OUTSIDE_THE_TABLE = {"/", "/apispec.json", "/docs/", "/docs/<path:path>"}
WITHOUT_LIMIT = {"probes", "health", "metrics"}
"""What is asked every few seconds by machines that must not be refused; /metrics takes its token only."""
OPERATION_IDS = Path(__file__).with_name("operation_ids.txt")
BUILT_IN = {"HEAD", "OPTIONS"}


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return build_document(app)


def line_of(app: Flask, rule: Rule) -> Entry | None:
    return app.extensions["table"].get(rule.endpoint.rpartition(".")[0])


def calls(app: Flask, *, guarded_only: bool = False) -> Iterator[tuple[str, str]]:
    """(method, address) of every route, with 1 where an address takes a value."""
    for rule in app.url_map.iter_rules():
        line = line_of(app, rule)
        if guarded_only and (line is None or line.is_public):
            continue
        for method in sorted((rule.methods or set()) - BUILT_IN):
            yield method, re.sub(r"<[^>]+>", "1", rule.rule)


def test_every_address_is_in_the_table_or_on_the_short_public_list(app: Flask) -> None:
    strays = {rule.rule for rule in app.url_map.iter_rules() if line_of(app, rule) is None}

    assert strays == OUTSIDE_THE_TABLE


def test_the_table_has_each_blueprint_once(app: Flask) -> None:
    names = [entry.blueprint.name for entry in TABLE]

    assert len(names) == len(set(names)) == len(app.extensions["table"])


def test_every_guarded_route_refuses_a_request_without_a_token(app: Flask, client: FlaskClient) -> None:
    answers = {call: client.open(call[1], method=call[0]) for call in calls(app, guarded_only=True)}

    assert len(answers) > 30
    assert {call: answer.status_code for call, answer in answers.items() if answer.status_code != 401} == {}
    assert {answer.json["error"]["code"] for answer in answers.values()} == {"AUTH_REQUIRED"}
    assert {answer.headers["WWW-Authenticate"] for answer in answers.values()} == {"Bearer"}


def test_every_guarded_route_refuses_a_made_up_token(app: Flask, client: FlaskClient) -> None:
    headers = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."}

    answers = {call: client.open(call[1], method=call[0], headers=headers) for call in calls(app, guarded_only=True)}

    assert {call: answer.status_code for call, answer in answers.items() if answer.status_code != 401} == {}
    assert {answer.json["error"]["code"] for answer in answers.values()} == {"AUTH_ERROR"}


def test_every_line_has_a_rate_limit_except_health_checks_and_scrapes(app: Flask) -> None:
    exempt = {entry.blueprint.name for entry in TABLE if entry.limit == EXEMPT}

    assert exempt == WITHOUT_LIMIT
    assert set(app.extensions["limits"]) == set(app.extensions["table"]) - WITHOUT_LIMIT


def test_every_route_of_the_table_is_declared_and_documented(app: Flask, document: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        if line_of(app, rule) is None:
            continue
        assert operation_of(app.view_functions[rule.endpoint]) is not None, rule
        path = document["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)]
        for method in (rule.methods or set()) - BUILT_IN:
            operation = path[method.lower()]
            assert operation["summary"], rule
            assert operation["tags"] == [line_of(app, rule).tag]  # type: ignore[union-attr]
            assert {status[0] for status in operation["responses"]} >= {"2", "4"}, rule


def test_errors_are_documented_with_the_envelope_and_an_example(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        shape = "DeviceError" if path.startswith("/api/v1/device/") else "ErrorEnvelope"
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    content = answer["content"]["application/json"]
                    assert content["schema"] == {"$ref": f"#/components/schemas/{shape}"}
                    assert content["examples"], operation["operationId"]


def test_operation_ids_are_unique_and_change_only_on_purpose(document: dict[str, Any]) -> None:
    """Generated clients are named after them: a change is made in operation_ids.txt too, and in the changelog."""
    found = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]

    assert len(found) == len(set(found))
    assert sorted(found) == OPERATION_IDS.read_text().split()


def test_options_is_answered_without_signing_in_and_lists_every_method(app: Flask, client: FlaskClient) -> None:
    methods: dict[str, set[str]] = {}
    for method, address in calls(app):
        methods.setdefault(address, set()).add(method)

    answers = {address: client.options(address) for address in methods}

    assert {address: a.status_code for address, a in answers.items() if a.status_code != 204} == {}
    for address, answer in answers.items():
        assert {name.strip() for name in answer.headers["Allow"].split(",")} >= methods[address] | {"OPTIONS"}, address


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """(path, text) of every module of the application, or of some folders of it."""
    for folder in folders or ("",):
        for path in sorted((APP / folder).rglob("*.py")):
            yield path.relative_to(APP).as_posix(), path.read_text()


def test_only_the_transaction_module_commits() -> None:
    assert [name for name, source in sources() if ".commit(" in source] == ["transaction.py"]


def test_row_locks_stand_in_one_package() -> None:
    """The sandbox provider keeps rows of its own, as a real provider would: it is not part of the global order."""
    locking = re.compile(r"with_for_update|FOR\s+(NO\s+KEY\s+)?UPDATE\b|FOR\s+(KEY\s+)?SHARE\b")

    found = {name for name, source in sources() if locking.search(source)}

    assert {name for name in found if not name.startswith("services/locks/")} == {"clients/sandbox_payments.py"}
    assert len(found) > 5


def imports(source: str) -> set[str]:
    """The top-level packages a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("folder", ["services", "models", "schemas", "domain", "clients"])
def test_only_the_http_side_knows_flask(folder: str) -> None:
    assert [name for name, source in sources(folder) if imports(source) & {"flask", "werkzeug"}] == []


def test_routes_never_touch_the_database() -> None:
    assert [name for name, source in sources("routes") if imports(source) & {"sqlalchemy", "psycopg"}] == []


def test_endpoints_stay_thin() -> None:
    """About ten lines below the docstring, no `try` and no session: anything longer belongs into a service."""
    for name, source in sources("routes"):
        for function in ast.walk(ast.parse(source)):
            if not isinstance(function, ast.FunctionDef):
                continue
            body = function.body[1:] if ast.get_docstring(function) else function.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]
            assert length <= 12, f"{name}: {function.name} has {length} lines"


def test_no_module_hides_the_database_extension() -> None:
    assert not (APP / "db.py").exists()
