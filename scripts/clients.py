"""Make clients from the OpenAPI document, to prove that generators take it: `.venv/bin/python -m scripts.clients`.

TypeScript: openapi-typescript, and a program that uses its types is compiled by `tsc --strict`. Python:
openapi-python-client without a warning. With `--base-url` both programs are run against that server.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.config import PROJECT
from scripts.node import TYPESCRIPT, NotThere
from scripts.postman import document

SAMPLES = PROJECT / "clients" / "samples"
GENERATOR = PROJECT / ".data" / "clients" / "generator"
GENERATOR_VERSION = "0.29.1"
_OPTIONAL = ("--default-non-nullable", "false")
"""What has a default may be left out of a body."""


class Refused(Exception):
    """A generator, a compiler or a sample failed; the message is what it said."""


def main(arguments: list[str]) -> int:
    """Make and check both, a line for each step; 1 with a plain line when one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--output", type=Path, help="keep the clients in this folder")
    parser.add_argument("--base-url", help="a running demo shop, for the sample programs")
    options = parser.parse_args(arguments)
    try:
        with TemporaryDirectory(prefix="aisle-clients-") as scratch:
            folder = options.output or Path(scratch)
            make_all(folder, options.base_url)
    except (Refused, NotThere) as error:
        print(f"aisle: {error}", file=sys.stderr)
        return 1
    return 0


def make_all(folder: Path, base_url: str | None) -> None:
    """Both clients, in subfolders. Raises Refused or NotThere."""
    folder.mkdir(parents=True, exist_ok=True)
    openapi = folder / "openapi.json"
    openapi.write_text(json.dumps(document()))
    _timed("TypeScript client", lambda: make_typescript(openapi, folder / "typescript"))
    _timed("Python client", lambda: make_python(openapi, folder / "python"))
    if base_url:
        _timed("TypeScript sample", lambda: print(try_typescript(folder / "typescript", base_url), end=""))
        _timed("Python sample", lambda: print(try_python(folder / "python", base_url), end=""))


def make_typescript(openapi: Path, folder: Path) -> None:
    """Generate the types and compile the program that uses them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _run([TYPESCRIPT.program("openapi-typescript"), openapi, "--output", folder / "api.ts", *_OPTIONAL])
    compile_typescript(folder)


def compile_typescript(folder: Path) -> None:
    """Put the program that uses the types in `folder` beside them, and compile it."""
    for sample in ("typescript.ts", "tsconfig.json", "run.mjs"):
        shutil.copy(SAMPLES / sample, folder / sample)
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    with _modules(folder):
        _run([TYPESCRIPT.program("tsc"), "--project", folder])


def try_typescript(folder: Path, base_url: str) -> str:
    """Run the compiled program; answers what it prints."""
    with _modules(folder):
        return _run([shutil.which("node") or "node", folder / "run.mjs", base_url])


@contextmanager
def _modules(folder: Path) -> Iterator[None]:
    """The installed packages where programs of `folder` look for them."""
    modules = folder / "node_modules"
    modules.symlink_to(TYPESCRIPT.modules)
    try:
        yield
    finally:
        modules.unlink()


def make_python(openapi: Path, folder: Path) -> None:
    """Generate the client; a warning, which means a part is missing, is a failure."""
    shutil.rmtree(folder, ignore_errors=True)
    options: list[Path | str] = [
        "--config",
        SAMPLES / "openapi-python-client.yml",
        "--meta",
        "none",
        "--fail-on-warning",
    ]
    package = folder / "aisle_client"
    folder.mkdir()
    _run([python_generator(), "generate", "--path", openapi, "--output-path", package, *options])


def try_python(folder: Path, base_url: str) -> str:
    """Run the program that uses the Python client; answers what it prints."""
    python = GENERATOR / "bin" / "python"
    return _run([python, SAMPLES / "python_client.py", base_url], PYTHONPATH=str(folder))


def python_generator() -> Path:
    """The generator in an environment of its own: its dependencies are no business of the shop's."""
    program = GENERATOR / "bin" / "openapi-python-client"
    stamp = GENERATOR / f"installed-{GENERATOR_VERSION}"
    if not stamp.exists():
        venv.create(GENERATOR, with_pip=True, clear=True)
        pip: list[Path | str] = [
            GENERATOR / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        _run([*pip, f"openapi-python-client=={GENERATOR_VERSION}"])
        stamp.touch()
    return program


def _run(command: list[Path | str], **environment: str) -> str:
    """What a program prints. Raises Refused with the end of it when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise Refused(f"{Path(str(command[0])).name} failed:\n{done.stdout[-4000:]}")
    return done.stdout


def _timed(what: str, make: Callable[[], None]) -> None:
    started = time.monotonic()
    make()
    print(f"{what:<20} ok {time.monotonic() - started:6.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
