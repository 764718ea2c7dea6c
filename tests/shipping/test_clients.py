"""Generators of clients take our OpenAPI document, and what they make compiles and works."""

from pathlib import Path

import pytest

from scripts import clients
from scripts.node import TYPESCRIPT, NotThere
from tests.programs import missing


@pytest.mark.timeout(600)  # half a minute, but for the first time, when the generators are installed
@pytest.mark.alone
def test_a_typescript_and_a_python_client_are_made_and_work(
    shop_address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        TYPESCRIPT.program("tsc")
        clients.python_generator()
    except (NotThere, clients.Refused) as error:
        missing(str(error))

    clients.make_all(tmp_path / "clients", shop_address)

    printed = capsys.readouterr().out
    assert printed.count("found: ") == 2
    assert "signed in, with a token of" in printed
    assert "signed in: customer@aisle.example" in printed
    assert (tmp_path / "clients" / "typescript" / "api.ts").stat().st_size > 100_000


def test_a_program_that_misuses_the_api_does_not_compile(tmp_path: Path) -> None:
    try:
        TYPESCRIPT.program("tsc")
    except NotThere as error:
        missing(str(error))
    (tmp_path / "api.ts").write_text("export interface paths {}\nexport interface components { schemas: {} }\n")

    with pytest.raises(clients.Refused, match=r"typescript\.ts"):
        clients.compile_typescript(tmp_path)
