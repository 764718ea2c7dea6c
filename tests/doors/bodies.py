"""A request of each route that is right: the example of its document, with ids of what is there put in."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.domain.enums import Role
from tests.doors.fields import AT, noun_of_field
from tests.doors.resources import noun_of
from tests.doors.special import SPECIAL
from tests.doors.visitors import Door
from tests.doors.world import NEXT_MONTH, World

AN_ID = re.compile(r"(^|_)ids?$")
PLACE = re.compile(r"{(\w+)}")


WORDS = {
    "q": "milk",
    "active": "true",
    "query": "milk",
    "day": NEXT_MONTH,
    "token": "nobody's",
    "product_ids": "1",
    "items": "1",
    "hardware": "esp32s3",
    "version": "2.0.0",
    "signature": "A" * 88,
}
"""Something good for words that queries must have."""


def is_id(door: Door, name: str) -> bool:
    """Whether a field names a row, by its name or because the table says so."""
    return AN_ID.search(name) is not None or (door.name, name) in AT


@dataclass(frozen=True)
class Spot:
    """An id in a request: `where` it stands (path, body, query), its name, and the noun of what it names."""

    where: str
    name: str
    noun: str


@dataclass
class Request:
    """A request as it can be sent; `path` has its places still."""

    door: Door
    places: dict[str, Any]
    query: dict[str, Any]
    body: Any
    headers: dict[str, str]
    form: Callable[[], dict[str, Any]] | None = None

    @property
    def path(self) -> str:
        return PLACE.sub(lambda place: str(self.places[place[1]]), self.door.path)

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()

    def sent(self) -> dict[str, Any]:
        """As the test client takes it."""
        if self.form is not None:
            return {"data": self.form(), "query_string": self.query}
        kind = {"content_type": "application/json"} if self.body is not None else {}
        return {"data": self.content, "query_string": self.query, **kind}


class Paper:
    """The OpenAPI document, as far as it tells how to ask."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def operation(self, door: Door) -> dict[str, Any]:
        found: dict[str, Any] = self._document["paths"][door.path][door.method.lower()]
        return found

    def example(self, door: Door) -> Any:
        """The first example of the body, None where there is no body in JSON."""
        content = self.operation(door).get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in content:
            return json.loads(json.dumps(content["example"]))
        named = content.get("examples", {})
        return json.loads(json.dumps(next(iter(named.values()))["value"])) if named else None

    def required_headers(self, door: Door) -> dict[str, str]:
        parameters = self.operation(door).get("parameters", [])
        return {one["name"]: "doors-1" for one in parameters if one["in"] == "header" and one["required"]}

    def spots(self, door: Door) -> list[Spot]:
        """Every id the route takes. Raises KeyError for one that no table knows."""
        found = [Spot("path", name, noun_of(door.name, name) or "") for name in PLACE.findall(door.path)]
        for where, names in (("query", self.query_names(door)), ("body", self.body_names(door))):
            nouns = {name: noun_of_field(door.name, name) for name in names}
            found += [Spot(where, name, noun) for name, noun in nouns.items() if noun]
        return found

    def query_names(self, door: Door) -> set[str]:
        parameters = self.operation(door).get("parameters", [])
        named = {one["name"]: one for one in parameters if one["in"] == "query"}
        return {name for name in named if is_id(door, name)}

    def required_query(self, door: Door) -> dict[str, Any]:
        """Something good for each word the query must have."""
        parameters = self.operation(door).get("parameters", [])
        wanted = {one["name"] for one in parameters if one["in"] == "query" and one["required"]}
        return {name: WORDS[name] for name in wanted}

    def body_names(self, door: Door) -> set[str]:
        """The names of ids anywhere in the schema of the body."""
        return {name for name, _ in self.schemas_of_body(door) if is_id(door, name)}

    def takes_json(self, door: Door) -> bool:
        return "application/json" in self.operation(door).get("requestBody", {}).get("content", {})

    def schemas_of_body(self, door: Door) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every property of the body in JSON, however deep, with its schema."""
        content = self.operation(door).get("requestBody", {}).get("content", {}).get("application/json", {})
        return self._properties(content.get("schema"))

    def _properties(self, schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(schema, list):
            for one in schema:
                yield from self._properties(one, seen)
        elif isinstance(schema, dict):
            reference = schema.get("$ref", "")
            if reference and reference not in seen:
                target = self._document["components"]["schemas"][reference.rpartition("/")[2]]
                yield from self._properties(target, seen | {reference})
            for name, inner in schema.get("properties", {}).items():
                yield name, inner
                yield from self._properties(inner, seen)
            for word in ("items", "anyOf", "oneOf", "allOf", "additionalProperties"):
                yield from self._properties(schema.get(word), seen)


def put(body: Any, name: str, value: Any) -> bool:
    """Put a value wherever a name stands in a body; tells whether it stands anywhere."""
    if isinstance(body, list):
        if put(body[0] if body else None, name, value):
            del body[1:]  # no id may stand there twice
            return True
        return False
    if not isinstance(body, dict):
        return False
    stands = sum(put(inner, name, value) for inner in body.values()) > 0
    if name in body:
        body[name] = [value] if name.endswith("_ids") else value
        return True
    return stands


def right_request(world: World, paper: Paper, door: Door, role: Role | None) -> Request:
    """What a role would send for its own."""
    spots = paper.spots(door)
    places = {spot.name: world.own(spot.noun, role) for spot in spots if spot.where == "path"}
    body = paper.example(door)
    for spot in spots:
        if spot.where == "body":
            put(body, spot.name, world.own(spot.noun, role))
    made = Request(door, places, paper.required_query(door), body, paper.required_headers(door))
    if door.name in SPECIAL:
        SPECIAL[door.name](world, made)
    return made
