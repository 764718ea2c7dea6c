"""Every route, every kind of visitor, every kind of resource: who is let in, and what strangers learn.

Each test asks thousands of questions in a row, as the world they need takes longer to make than they to answer.
"""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import product

import pytest

from app.domain.enums import Role
from app.errors import AuthFailed, AuthRequired, Forbidden, RoleMissing, SecondFactorSetupRequired
from tests.doors import LIST
from tests.doors.bodies import PLACE, Paper, Request, Spot, put, right_request
from tests.doors.fields import TOLD_APART, UNREAD, WHERE_READ, noun_of_field
from tests.doors.house import Answer, House
from tests.doors.resources import EMPTY, noun_of
from tests.doors.visitors import DEVICES, EVERYONE, KEYS, RULES, Door, Visitor, refusal

pytestmark = pytest.mark.xdist_group("doors")

DOOR_CODES = {one.code for one in (AuthRequired, AuthFailed, Forbidden, RoleMissing, SecondFactorSetupRequired)}


def test_every_route_is_in_the_matrix(doors: list[Door], paper: Paper) -> None:
    missing = [faults for door in doors for faults in what_is_missing(door, paper)]

    assert missing == []


def test_nothing_is_said_of_routes_that_are_gone(doors: list[Door]) -> None:
    names = {door.name for door in doors}
    told = {*EMPTY, *KEYS, *(key[0] for table in (UNREAD, WHERE_READ, TOLD_APART, RULES) for key in table)}

    listed = {" ".join(line.split()[1:]).replace("/api/v1", "", 1) for line in LIST.read_text().splitlines()}

    assert told <= names
    assert listed == names


def test_every_visitor_is_let_in_or_refused_as_the_list_says(
    house: House, doors: list[Door], paper: Paper, everybody: list[Visitor]
) -> None:
    for door, visitor in product(doors, everybody):
        answer = ask(house, visitor, right_request(house.world, paper, door, visitor.role))
        if not is_as_wanted(visitor, door, answer):
            wanted = refusal(visitor, door)
            house.deviates(f"{door.name} as {visitor.name}: {wanted.code if wanted else 'let in'} wanted, {answer}")

    assert house.deviations == []


def test_what_is_somebody_elses_or_gone_is_told_of_as_if_it_had_never_been(
    house: House, doors: list[Door], paper: Paper, everybody: list[Visitor]
) -> None:
    for door in doors:
        spots = [spot for spot in paper.spots(door) if spot.where == "path"]
        for visitor, spot in product(those_let_in(door, everybody), spots):
            role = visitor.role or Role.CUSTOMER
            rows = house.world.rows[spot.noun]
            for word, value in {"missing": rows.missing, **rows.strange(role)}.items():
                request = right_request(house.world, paper, door, visitor.role)
                request.places |= along(house, spots, role, word)
                request.places[spot.name] = rows.missing
                nothing = ask(house, visitor, request)
                request.places[spot.name] = value
                found = ask(house, visitor, request) if word != "missing" else nothing
                house.made[f"in addresses: {word}"] += 1
                if nothing.status != (200 if is_empty(door, spot) else 404) or found != nothing:
                    house.deviates(f"{door.name} as {visitor.name}, {spot.name} {word}: {found}; missing: {nothing}")

    assert house.deviations == []


def test_ids_in_bodies_and_queries_tell_nothing_of_what_is_somebody_elses(
    house: House, doors: list[Door], paper: Paper, everybody: list[Visitor]
) -> None:
    for door in doors:
        spots = [spot for spot in paper.spots(door) if spot.where != "path"]
        for visitor, spot in product(those_let_in(door, everybody), spots):
            rows = house.world.rows[spot.noun]
            nothing = ask(house, visitor, naming(house, paper, door, visitor, spot, rows.missing))
            house.made["in bodies and queries: missing"] += 1
            is_read = spot.where == "body" and (door.name, spot.name) not in UNREAD
            if nothing.status >= 500 or (is_read and nothing.status < 400):
                house.deviates(f"{door.name} as {visitor.name}, {spot.name} missing: {nothing}")
            for word, value in rows.strange(visitor.role or Role.CUSTOMER).items():
                found = ask(house, visitor, naming(house, paper, door, visitor, spot, value))
                house.made[f"in bodies and queries: {word}"] += 1
                may_differ = found.code == TOLD_APART.get((door.name, spot.name, word), "nothing")
                if found.tells_of(value, nothing, rows.missing) and not may_differ:
                    house.deviates(f"{door.name} as {visitor.name}, {spot.name} {word}: {found}; missing: {nothing}")

    assert house.deviations == []


def what_is_missing(door: Door, paper: Paper) -> Iterator[str]:
    """What to add for a route, each in a line."""
    if not door.who:
        yield f"{door.name}: add a line 'who METHOD path' to tests/system/who_may_enter.txt"
    for name in PLACE.findall(door.path):
        if noun_of(door.name, name) is None:
            yield f"{door.name}: say in ADDRESSES of tests/doors/resources.py what {{{name}}} names"
    for name in sorted(paper.body_names(door) | paper.query_names(door)):
        try:
            noun_of_field(door.name, name)
        except KeyError:
            yield f"{door.name}: say in FIELDS or AT of tests/doors/fields.py what {name!r} names"


def ask(house: House, visitor: Visitor, request: Request) -> Answer:
    headers = request.headers | visitor.show(house.world, request.door.method, request.path, request.content)
    is_strict = visitor.pending is SecondFactorSetupRequired
    with house.demanding_second_factor() if is_strict else nullcontext():
        return house.knock(request.door.method, request.path, headers, **request.sent())


def is_as_wanted(visitor: Visitor, door: Door, answer: Answer) -> bool:
    wanted = refusal(visitor, door)
    if wanted is None:
        return is_let_in(visitor, door, answer)
    if door.path.startswith("/api/v1/device/"):
        return answer.status == 401 and set(json.loads(answer.body)) == {"v", "t", "e"}
    said = json.loads(answer.body)["error"]
    asks_to_sign_in = ("WWW-Authenticate", "Bearer") in answer.headers
    is_envelope = set(said) == {"code", "message", "status_code", "details"} and said["details"] == {}
    return (answer.status, said["code"], asks_to_sign_in) == (wanted.status, wanted.code, wanted.status == 401) and (
        is_envelope and said["status_code"] == wanted.status
    )


def is_let_in(visitor: Visitor, door: Door, answer: Answer) -> bool:
    """Whether the door opened, and what is right was not called wrong; those who own nothing may find nothing."""
    if answer.status >= 500 or answer.status in (405, 415):
        return False
    if not visitor.owns:
        return answer.code not in DOOR_CODES or door.who == EVERYONE
    if door.name in KEYS:
        return answer.status == KEYS[door.name]
    if visitor.role and (door.name, visitor.role) in RULES:
        return answer.code == RULES[door.name, visitor.role]
    return answer.status not in (401, 403, 404) and answer.code != "VALIDATION_ERROR"


def those_let_in(door: Door, everybody: list[Visitor]) -> list[Visitor]:
    """Everybody whom the door is for and who has things of their own; a device at its own doors."""
    return [
        one
        for one in everybody
        if (one.is_device if door.who == DEVICES else one.owns)
        and refusal(one, door) is None
        and (door.name, one.role) not in RULES
    ]


def along(house: House, spots: list[Spot], role: Role, word: str) -> dict[str, object]:
    """What else of the address is the stranger's too: the line of another user's order is one of theirs."""
    strange = {spot.name: house.world.rows[spot.noun].strange(role) for spot in spots}
    return {name: values[word] for name, values in strange.items() if word in values}


def is_empty(door: Door, spot: Spot) -> bool:
    """Whether a route has nothing to say of what is not there; of two parameters, the last one."""
    return door.name in EMPTY and door.path.rindex("{") == door.path.index("{" + spot.name + "}")


def naming(house: House, paper: Paper, door: Door, visitor: Visitor, spot: Spot, value: object) -> Request:
    """The right request, but for one id in its body or query."""
    request = right_request(house.world, paper, door, visitor.role)
    if spot.where == "query":
        request.query[spot.name] = value
        return request
    if (door.name, spot.name) in WHERE_READ:
        request.body |= WHERE_READ[door.name, spot.name]
    if not put(request.body, spot.name, value):
        request.body[spot.name] = value
    return request
