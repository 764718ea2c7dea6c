"""Generators of clients take our OpenAPI document, and what they make compiles and works."""

from pathlib import Path

import pytest

from scripts import clients
from scripts.node import TYPESCRIPT, NotThere
from tests.programs import missing
from tests.shipping.shop_server import demo_shop


@pytest.mark.timeout(600)  # a minute, but for the first time, when the generators are installed
def test_a_typescript_and_a_python_client_are_made_and_work(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        TYPESCRIPT.program("tsc")
        clients.python_generator()
    except (NotThere, clients.Refused) as error:
        missing(str(error))

    with demo_shop(template, tmp_path, monkeypatch) as base:
        clients.make_all(tmp_path / "clients", base)

    printed = capsys.readouterr().out
    assert "signed in: customer@aisle.example" in printed
    assert (tmp_path / "clients" / "typescript" / "api.d.ts").stat().st_size > 100_000


def test_a_program_that_misuses_the_api_does_not_compile(tmp_path: Path) -> None:
    try:
        TYPESCRIPT.program("tsc")
    except NotThere as error:
        missing(str(error))
    openapi = tmp_path / "openapi.json"
    openapi.write_text('{"openapi": "3.1.0", "info": {"title": "Nothing", "version": "1"}, "paths": {}}')

    with pytest.raises(clients.Refused, match=r"typescript\.ts"):
        clients.make_typescript(openapi, tmp_path / "typescript")
