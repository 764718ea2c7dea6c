"""Write the Postman collection and its environment from the OpenAPI document: `.venv/bin/python -m scripts.postman`.

With `--check` nothing is written: exit code 1 when a file in postman/ is not what would be written.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from app import create_app
from app.config import PROJECT
from app.openapi_document import build_document
from app.services.seed.people import DEMO_USERS
from scripts.examples import example_of
from scripts.postman_journeys import JOURNEYS, Step

FOLDER = PROJECT / "postman"
COLLECTION = FOLDER / "aisle.postman_collection.json"
ENVIRONMENT = FOLDER / "aisle.postman_environment.json"

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_JSON = "application/json"
_NEVER_FAILS = ["pm.test('the server does not fail', () => pm.expect(pm.response.code).to.be.below(500));"]
_ABOUT = (
    "Made from the OpenAPI document by `python -m scripts.postman`; do not edit.\n\n"
    "Run the folder **Journeys** from top to bottom against a demo shop (`python3 run.py`): a shopper's order, the "
    "staff who pick it, a sale at a vendor's shop. Each signs in and keeps the token in `token`, which every other "
    "request uses. Requests of trolleys are signed by their devices (docs/device-protocol.md): send them with a "
    "device's own client, or with `Bearer dvc_<id>_<token>` in `device_token` where that is allowed."
)


def main(arguments: list[str]) -> int:
    """Write both files, or compare them; 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is out of date")
    options = parser.parse_args(arguments)
    stale = [file for file, text in files(document()).items() if not file.exists() or file.read_text() != text]
    if options.check:
        for file in stale:
            print(f"aisle: {file.name} is out of date: .venv/bin/python -m scripts.postman", file=sys.stderr)
        return 1 if stale else 0
    for file, text in files(document()).items():
        file.write_text(text)
        print(f"{file.relative_to(PROJECT)}: {len(text) // 1024} KiB{', new' if file in stale else ''}")
    return 0


def document() -> dict[str, Any]:
    """The OpenAPI document of this source tree; no database is asked."""
    nowhere = "postgresql://nobody@127.0.0.1:9/nothing"
    off = {"background": "off", "rate_limit_enabled": False, "log_level": "ERROR"}
    return build_document(create_app(app_env="testing", database_url=nowhere, **off))


def files(openapi: dict[str, Any]) -> dict[Path, str]:
    """The text of each file."""
    return {COLLECTION: _text(collection(openapi)), ENVIRONMENT: _text(environment())}


def environment() -> dict[str, Any]:
    """Where the demo shop listens, and its people; their passwords are no secret."""
    people = {f"{user.role.lower()}_email": user.email for user in DEMO_USERS}
    people |= {f"{user.role.lower()}_password": user.password for user in DEMO_USERS}
    values = {"base_url": "http://127.0.0.1:5000", **people}
    return {
        "id": _id("environment"),
        "name": "Aisle: the demo shop",
        "values": [{"key": key, "value": value, "enabled": True, "type": "default"} for key, value in values.items()],
        "_postman_variable_scope": "environment",
    }


def collection(openapi: dict[str, Any]) -> dict[str, Any]:
    """A Postman collection, format 2.1: the journeys, then a folder for each tag."""
    folders: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in openapi["tags"]}
    for path, method, operation in operations(openapi):
        folders[operation["tags"][0]].append(_request(openapi, path, method, operation))
    return {
        "info": {"_postman_id": _id("collection"), "name": "Aisle", "description": _ABOUT, "schema": _SCHEMA},
        "auth": _bearer("{{token}}"),
        "event": [_script("test", _NEVER_FAILS)],
        "variable": [{"key": key, "value": ""} for key in ("token", "device_token")],
        "item": [
            {"name": "Journeys", "item": [_journey(name, steps) for name, steps in JOURNEYS.items()]},
            *({"name": tag, "item": items} for tag, items in folders.items()),
        ],
    }


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every (path, method, operation) of a document, in its order."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _request(openapi: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    parameters = operation.get("parameters", [])
    request: dict[str, Any] = {
        "method": method,
        "header": [
            {"key": each["name"], "value": str(example_of(openapi, each)), "disabled": not each.get("required", False)}
            for each in parameters
            if each["in"] == "header"
        ],
        "url": _url(openapi, path, parameters),
        "description": operation.get("description", ""),
    }
    if auth := _auth(operation):
        request["auth"] = auth
    if body := _body(openapi, operation):
        request["body"] = body
        if body["mode"] == "raw":
            request["header"].append({"key": "Content-Type", "value": _JSON})
    return {"name": f"{operation['summary']}", "id": _id(operation["operationId"]), "request": request}


def _url(openapi: dict[str, Any], path: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """The address in parts; optional query parameters are there to be switched on."""
    shown = path.replace("{", ":").replace("}", "")
    query = [
        {"key": each["name"], "value": str(example_of(openapi, each)), "disabled": not each.get("required", False)}
        | ({"description": each["description"]} if "description" in each else {})
        for each in parameters
        if each["in"] == "query"
    ]
    variables = [
        {"key": each["name"], "value": str(example_of(openapi, each))} for each in parameters if each["in"] == "path"
    ]
    url: dict[str, Any] = {"raw": f"{{{{base_url}}}}{shown}", "host": ["{{base_url}}"], "path": _parts(shown)}
    return url | ({"query": query} if query else {}) | ({"variable": variables} if variables else {})


def _parts(path: str) -> list[str]:
    return path.lstrip("/").split("/")


def _auth(operation: dict[str, Any]) -> dict[str, Any]:
    """Empty: as the collection has it, the bearer token."""
    security = operation.get("security", [])
    if not security:
        return {"type": "noauth"}
    return _bearer("{{device_token}}") if security == [{"device": []}] else {}


def _body(openapi: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    if _JSON in content:
        example = example_of(openapi, content[_JSON])
        return {
            "mode": "raw",
            "raw": json.dumps(example, indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
    if "application/x-www-form-urlencoded" in content:
        example = example_of(openapi, content["application/x-www-form-urlencoded"])
        return {
            "mode": "urlencoded",
            "urlencoded": [{"key": key, "value": str(value)} for key, value in example.items()],
        }
    if "multipart/form-data" in content:
        fields = content["multipart/form-data"]["schema"]["properties"]
        return {"mode": "formdata", "formdata": [{"key": key, "type": "file", "src": []} for key in fields]}
    return {}


def _journey(name: str, steps: tuple[Step, ...]) -> dict[str, Any]:
    return {"name": name, "item": [_step(name, number, step) for number, step in enumerate(steps, 1)]}


def _step(journey: str, number: int, step: Step) -> dict[str, Any]:
    """A request that checks its answer and keeps what the next ones need."""
    path = step.path.partition("?")[0]
    raw = f"{{{{base_url}}}}{path}" + (f"?{urlencode(step.query, safe='{}')}" if step.query else "")
    url: dict[str, Any] = {"raw": raw, "host": ["{{base_url}}"], "path": _parts(path)}
    if step.query:
        url["query"] = [{"key": key, "value": value} for key, value in step.query.items()]
    request: dict[str, Any] = {"method": step.method, "header": [], "url": url}
    request["header"] += [{"key": key, "value": value} for key, value in step.headers.items()]
    if step.body is not None:
        request["header"].append({"key": "Content-Type", "value": _JSON})
        request["body"] = {"mode": "raw", "raw": step.body, "options": {"raw": {"language": "json"}}}
    if step.is_open:
        request["auth"] = {"type": "noauth"}
    lines = [f"pm.test('it answers {step.status}', () => pm.response.to.have.status({step.status}));"]
    if step.then:
        lines += ["{ const data = pm.response.json().data;", *step.then, "}"]  # a scope of its own: scripts share one
    name = f"{number}. {step.name}"
    return {"name": name, "id": _id(f"{journey}/{name}"), "event": [_script("test", lines)], "request": request}


def _bearer(token: str) -> dict[str, Any]:
    return {"type": "bearer", "bearer": [{"key": "token", "value": token, "type": "string"}]}


def _script(when: str, lines: list[str]) -> dict[str, Any]:
    return {"listen": when, "script": {"type": "text/javascript", "exec": lines}}


def _id(name: str) -> str:
    """The same name has the same id in every collection."""
    return str(uuid5(NAMESPACE_URL, f"aisle/postman/{name}"))


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
