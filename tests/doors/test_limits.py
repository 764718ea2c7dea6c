"""Limits that hold on every route: what may be sent, how long, how deep, how many, and where the server goes for it."""

import ast
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.http.parser import RequestParser

from app.config import PROJECT
from app.domain.enums import Role
from app.openapi import operation_of
from app.schemas.pagination import LARGEST_SCREEN
from tests.doors.bodies import Paper, right_request
from tests.doors.house import House
from tests.doors.visitors import DEVICES, EVERYONE, GROUPS, Door

pytestmark = pytest.mark.xdist_group("doors")

NEVER, WHEN_SAFE = "kept, never fetched", "called by the sender of webhooks, once it is seen to be public"
ADDRESSES = {
    "file_url": NEVER,
    "image_url": NEVER,
    "images": NEVER,
    "logo_url": NEVER,
    "photo_reference": NEVER,
    "photos": NEVER,
    "profile_image_url": NEVER,
    "url": WHEN_SAFE,
}
"""Every address of something else that a client can give, and whether the server ever goes there."""

AN_ADDRESS = re.compile(r"ur[il]|link|photo|image|picture|avatar|logo|href|website|callback|webhook", re.IGNORECASE)
CALLERS = {"email.py", "llm.py", "sms.py", "smtp.py", "stripe_http.py", "webhooks.py"}
"""The modules of app/clients that open connections: to providers of the settings, and the last one to integrators."""

TOLD = {
    "app/middleware/streaming.py": "the connection that the client opened",
    "app/middleware/tracing_calls.py": "notes what is called through the library",
    "app/tasks/worker_logs.py": "names the library, to keep it quiet",
}
"""Modules that import such a library and open nothing, and what they have it for."""

NETWORK = {"httpx", "requests", "urllib.request", "http.client", "socket", "smtplib", "aiohttp"}


def bodies(doors: list[Door], paper: Paper) -> Iterator[tuple[Door, str, dict[str, Any]]]:
    """Every property of every JSON body, with its schema."""
    for door in doors:
        for name, schema in paper.schemas_of_body(door):
            yield door, name, schema


def test_every_address_a_client_can_give_says_whether_it_is_fetched(doors: list[Door], paper: Paper) -> None:
    found = {name for _, name, schema in bodies(doors, paper) if AN_ADDRESS.search(name) or "'uri'" in str(schema)}

    assert found == set(ADDRESSES), "add the field to ADDRESSES, with NEVER or WHEN_SAFE"


def test_only_the_clients_open_connections() -> None:
    callers = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "app").rglob("*.py") if NETWORK & used(path)}

    allowed = {f"app/clients/{name}" for name in CALLERS}
    assert callers - set(TOLD) <= allowed


def used(path: Path) -> set[str]:
    """The modules a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_no_address_a_client_gives_is_gone_to(
    house: House, doors: list[Door], paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: gone.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **_: gone.append(asked) or [])
    places = {(door, name) for door, name, _ in bodies(doors, paper) if ADDRESSES.get(name) == NEVER}

    answers = {}
    for door, name in sorted(places, key=str):
        request = right_request(house.world, paper, door, owner(door))
        there = "http://internal.example.com/metadata"
        request.body[name] = [there] if name in ("photos", "images") else there
        answers[door.name, name] = house.knock(
            door.method, request.path, headers(house, door) | request.headers, **request.sent()
        ).status

    assert len(answers) >= 10
    assert {at: status for at, status in answers.items() if status >= 500} == {}
    assert gone == []


def owner(door: Door) -> Role | None:
    """A role that may enter, None where nobody needs one."""
    allowed = GROUPS[door.who]
    return None if door.who == EVERYONE or not allowed else next(role for role in Role if role in allowed)


def headers(house: House, door: Door) -> dict[str, str]:
    """Of somebody who may enter."""
    role = Role.CUSTOMER if door.of_cart else owner(door)
    return house.signed_in[role] if role else {}


def test_every_list_a_body_takes_has_an_end(doors: list[Door], paper: Paper) -> None:
    endless = {
        f"{door.name}: {name}"
        for door, name, schema in bodies(doors, paper)
        for one in (schema, *schema.get("anyOf", ()))
        if one.get("type") == "array" and "maxItems" not in one
    }

    assert endless == set()


def test_every_text_a_body_takes_has_an_end(doors: list[Door], paper: Paper) -> None:
    bounds = {"maxLength", "enum", "const", "pattern", "format"}
    endless = {
        f"{door.name}: {name}"
        for door, name, schema in bodies(doors, paper)
        for one in (schema, *schema.get("anyOf", ()))
        if one.get("type") == "string" and not bounds & one.keys()
    }

    assert endless == set()


def test_a_body_above_its_limit_is_a_413_on_every_route(house: House, doors: list[Door], paper: Paper) -> None:
    wrong = {}
    for door in doors:
        if not paper.takes_json(door) or door.who == DEVICES:
            continue
        request = right_request(house.world, paper, door, owner(door))
        content = b'{"a": "' + b"x" * limit_of(house.app, door) + b'"}'
        sent = headers(house, door) | request.headers | {"Content-Type": "application/json"}
        answer = house.knock(door.method, request.path, sent, data=content, query_string=request.query)
        if answer.status != 413:
            wrong[door.name] = str(answer)

    assert wrong == {}


def limit_of(app: Flask, door: Door) -> int:
    """How many bytes a body may have."""
    operation = operation_of(app.view_functions[door.endpoint])
    return (operation.max_bytes if operation else None) or int(app.config["MAX_CONTENT_LENGTH"])


def test_a_body_nested_without_end_is_refused_on_every_route(house: House, doors: list[Door], paper: Paper) -> None:
    wrong = {}
    for door in doors:
        if not paper.takes_json(door) or door.who == DEVICES:
            continue
        request = right_request(house.world, paper, door, owner(door))
        content = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
        sent = headers(house, door) | request.headers | {"Content-Type": "application/json"}
        answer = house.knock(door.method, request.path, sent, data=content, query_string=request.query)
        if answer.status not in (400, 413):
            wrong[door.name] = str(answer)

    assert wrong == {}


@pytest.mark.parametrize("place", ["limit", "offset"])
def test_no_page_is_larger_or_deeper_than_its_bound(house: House, doors: list[Door], paper: Paper, place: str) -> None:
    wrong, asked = {}, 0
    for door in doors:
        names = {one["name"]: one["schema"] for one in paper.operation(door).get("parameters", ())}
        if place not in names or door.method != "GET":
            continue
        asked += 1
        request = right_request(house.world, paper, door, owner(door))
        request.query[place] = 10**9
        answer = house.knock("GET", request.path, headers(house, door), query_string=request.query)
        rows = re.search(rb'"limit" ?: ?(\d+)', answer.body)
        is_bounded = answer.status == 400 or (answer.status == 200 and (not rows or int(rows[1]) <= LARGEST_SCREEN))
        if not is_bounded:
            wrong[door.name] = str(answer)

    assert asked > 25
    assert wrong == {}


def test_the_server_reads_no_endless_address_and_no_endless_header() -> None:
    assert "limit_request" not in (PROJECT / "gunicorn.conf.py").read_text()
    for head, refused in (
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", LimitRequestLine),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", LimitRequestHeaders),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", LimitRequestHeaders),
    ):
        with pytest.raises(refused):
            next(RequestParser(Config(), iter([head]), None))
