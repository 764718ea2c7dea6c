"""run.py before it serves: what it says when something is missing, and when it installs."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import run
from app.config import PROJECT
from scripts import environment, ports, serve
from scripts.environment import Installation, SetupFailed


def run_py(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROJECT / "run.py"), *arguments],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for a virtual environment whose `python` writes down its arguments instead of installing."""
    folder = tmp_path / "venv"
    python = environment.python_of(folder)
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n[ ! -e {tmp_path}/broken ]\n')
    python.chmod(0o755)
    monkeypatch.setattr(environment, "_make", lambda venv: None)
    return folder


@pytest.fixture
def wanted(venv: Path, tmp_path: Path) -> Installation:
    file = tmp_path / "requirements.txt"
    file.write_text("Flask==3.1.3\n")
    return Installation(venv, file, (file,), "the requirements")


def installs(tmp_path: Path) -> int:
    calls = tmp_path / "calls"
    return calls.read_text().count("pip install") if calls.exists() else 0


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ((3, 6, 15), "Aisle needs Python 3.11 or newer; this is 3.6."),
        ((3, 9), "Aisle needs Python 3.11 or newer; this is 3.9."),
        ((3, 10, 13), "Aisle needs Python 3.11 or newer; this is 3.10."),
        ((3, 11, 2), ""),
        ((4, 0), ""),
    ],
)
def test_an_old_python_is_told_which_one_is_needed(version: tuple[int, ...], sentence: str) -> None:
    assert run.refusal_of_python(version, "posix") == sentence


def test_windows_is_sent_to_wsl() -> None:
    assert "WSL" in run.refusal_of_python((3, 13), "nt")


def test_run_py_keeps_to_syntax_an_old_python_can_read() -> None:
    source = (PROJECT / "run.py").read_text()

    compile(source, "run.py", "exec", dont_inherit=True)
    assert ":=" not in source
    assert "from __future__" not in source
    assert "match " not in source
    assert " | " not in source.replace('"""', "")


def test_help_lists_the_commands() -> None:
    done = run_py("--help")

    assert done.returncode == 0
    assert "test [options]" in done.stdout
    assert "demo" in done.stdout


def test_an_unknown_command_is_one_line() -> None:
    done = run_py("tset")

    assert done.returncode == 1
    assert done.stderr == "aisle: there is no command 'tset'; python3 run.py --help lists them.\n"


def test_a_taken_port_is_one_line_before_anything_else_happens(taken_port: int, tmp_path: Path) -> None:
    done = run_py(PORT=str(taken_port), DATA_DIR=str(tmp_path / "data"))

    assert done.returncode == 1
    assert done.stderr.startswith(f"aisle: port {taken_port} on 127.0.0.1 is taken;")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", "many", "from 1 to 65535"),
        ("no.such.host.invalid", "5000", "not an address to listen on"),
        ("192.0.2.1", "5000", "cannot listen on 192.0.2.1:5000"),
        ("127.0.0.1", "70000", "from 1 to 65535"),
    ],
)
def test_an_address_nobody_can_listen_on_is_explained(host: str, port: str, words: str) -> None:
    with pytest.raises(ports.PortRefused, match=words):
        ports.check(host, port)


def test_a_free_port_is_accepted() -> None:
    ports.check("127.0.0.1", ports.free_port())


def test_a_relative_data_dir_counts_from_the_folder_of_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "mine")
    monkeypatch.setenv("JWT_SECRET_KEY", "a secret long enough to be taken by anybody")

    settings = serve._settings()

    assert settings.data_dir == tmp_path / "mine"
    assert os.environ["DATA_DIR"] == str(tmp_path / "mine")


def test_requirements_are_installed_once_and_again_when_they_change(wanted: Installation, tmp_path: Path) -> None:
    environment.fill(wanted)
    environment.fill(wanted)
    after_two_starts = installs(tmp_path)

    wanted.file.write_text("Flask==3.1.4\n")
    environment.fill(wanted)

    assert after_two_starts == 1
    assert installs(tmp_path) == 2


def test_a_broken_off_install_leaves_no_stamp_even_of_an_earlier_one(wanted: Installation, tmp_path: Path) -> None:
    environment.fill(wanted)
    first = wanted.file.read_text()
    wanted.file.write_text("Flask==3.1.4\n")
    (tmp_path / "broken").touch()

    with pytest.raises(SetupFailed):
        environment.fill(wanted)
    wanted.file.write_text(first)

    assert not wanted.is_done()


def test_development_requirements_count_as_the_servers_too(wanted: Installation) -> None:
    development = Installation(wanted.venv, wanted.venv / "dev.txt", (wanted.file,), "both", (wanted,))

    environment.fill(development)

    assert wanted.is_done()


def test_another_interpreter_behind_the_environment_means_installing_again(wanted: Installation) -> None:
    environment.fill(wanted)
    python = environment.python_of(wanted.venv)
    python.rename(python.with_name("python3.99"))
    python.symlink_to("python3.99")

    assert not wanted.is_done()


def test_a_missing_network_is_one_plain_line(wanted: Installation) -> None:
    environment.python_of(wanted.venv).write_text(
        "#!/bin/sh\necho 'Failed to establish a new connection: [Errno 101]' >&2\nexit 1\n"
    )

    with pytest.raises(SetupFailed, match="is the network up"):
        environment.fill(wanted)


def test_a_python_without_the_venv_module_is_told_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(SetupFailed, match=r"apt install python3\.\d+-venv"):
        environment._make(tmp_path / "venv")


def test_every_requirement_is_held_to_one_exact_version() -> None:
    lines = environment.CONSTRAINTS.read_text().lower().splitlines()
    held = {line.partition("==")[0].replace("_", "-") for line in lines if "==" in line}
    files = (environment.SERVER, environment.DEVELOPMENT)
    asked = [line for file in files for line in file.read_text().lower().splitlines() if "==" in line]
    names = {line.partition("==")[0].partition("[")[0].replace("_", "-") for line in asked}

    assert names - held == set()
    assert not held & {"pip", "setuptools"}
