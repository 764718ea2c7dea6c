"""The Postman collection is what the OpenAPI document makes it, and it runs."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.openapi_document import build_document
from scripts import postman
from scripts.node import NotThere, newman
from tests.programs import missing

SECONDS = 120
"""Half a minute where nothing else is going on."""
ENDLESS = "/api/v1/me/events"
"""A stream: newman would wait for its end."""


def requests(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every request of a folder, however deep."""
    if "request" in item:
        yield item
    for inner in item.get("item", []):
        yield from requests(inner)


def test_the_committed_files_are_what_would_be_written_now(app: Flask) -> None:
    for file, text in postman.files(build_document(app)).items():
        assert file.read_text() == text, f"{file.name} is out of date: .venv/bin/python -m scripts.postman"


def test_every_operation_of_the_document_is_in_the_folder_of_its_tag(app: Flask) -> None:
    document = build_document(app)

    made = postman.collection(document)

    _, *folders = made["item"]
    assert [folder["name"] for folder in folders] == [tag["name"] for tag in document["tags"]]
    ids = [item["id"] for folder in folders for item in requests(folder)]
    assert len(set(ids)) == len(ids) == len(list(postman.operations(document)))


def test_public_requests_send_no_token_and_the_others_inherit_it(app: Flask) -> None:
    made = postman.collection(build_document(app))
    by_address = {
        (item["request"]["method"], item["request"]["url"]["raw"]): item["request"]
        for folder in made["item"][1:]
        for item in requests(folder)
    }

    assert made["auth"]["bearer"][0]["value"] == "{{token}}"
    assert by_address["POST", "{{base_url}}/api/v1/auth/login"]["auth"] == {"type": "noauth"}
    assert "auth" not in by_address["GET", "{{base_url}}/api/v1/orders"]
    heartbeat = by_address["POST", "{{base_url}}/api/v1/device/hb"]
    assert heartbeat["auth"]["bearer"][0]["value"] == "{{device_token}}"


def runnable(collection: dict[str, Any]) -> dict[str, Any]:
    """The journeys, then every request that changes nothing, as the admin the last journey signs in."""
    journeys, *folders = collection["item"]
    reading = [
        item
        for folder in folders
        for item in requests(folder)
        if item["request"]["method"] == "GET" and not item["request"]["url"]["raw"].endswith(ENDLESS)
    ]
    return {**collection, "item": [journeys, {"name": "Everything that only reads", "item": reading}]}


@pytest.mark.timeout(300)
@pytest.mark.alone
def test_newman_runs_the_journeys_and_every_reading_request(shop_address: str, tmp_path: Path) -> None:
    try:
        program = newman()
    except NotThere as error:
        missing(str(error))
    collection, report = tmp_path / "collection.json", tmp_path / "report.json"
    collection.write_text(json.dumps(runnable(json.loads(postman.COLLECTION.read_text()))))
    options = ["--environment", str(postman.ENVIRONMENT), "--timeout-request", "20000", "--timeout", f"{SECONDS}000"]
    options += ["--reporters", "cli,json", "--reporter-json-export", str(report), "--color", "off"]

    done = subprocess.run(
        [program, "run", str(collection), *options, "--env-var", f"base_url={shop_address}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    run = json.loads(report.read_text())["run"]
    assert run["failures"] == []
    assert run["stats"]["assertions"]["failed"] == 0
    assert run["stats"]["requests"]["total"] > 100
    assert run["timings"]["completed"] - run["timings"]["started"] < SECONDS * 1000
