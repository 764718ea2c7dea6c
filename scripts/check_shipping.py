"""What ships, checked without a container engine: `.venv/bin/python -m scripts.check_shipping`.

Rules after hadolint for the Dockerfile, after `docker compose config` for the compose file, and that what both name is
there: files, networks, settings. What only an engine can tell (does it build?) is left to .github/workflows/ci.yml.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from app.config import PROJECT, Settings
from scripts.dockerfile_rules import faults_of_dockerfile
from scripts.workflow_rules import faults_of_workflow

COMPOSE = PROJECT / "docker-compose.yml"
EXAMPLES = (".env.production.example", ".env.production.postgres.example", ".env.production.grafana.example")
OF_OTHERS = ("POSTGRES_", "GF_")
"""How settings of programs that are not ours begin."""

_TOP = {"name", "services", "networks", "volumes", "secrets"}
_SERVICE = {
    "build", "cap_add", "cap_drop", "command", "depends_on", "deploy", "env_file", "environment", "healthcheck",
    "image", "init", "logging", "networks", "ports", "read_only", "restart", "secrets", "security_opt", "shm_size",
    "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip
_CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
_WITHOUT_PASSWORD = ("password", "secret", "token", "key")

Check = Callable[[str, dict[str, Any], dict[str, Any]], Iterator[str]]


def main(arguments: list[str]) -> int:
    """Print a line for each file, and one for each fault below it; 1 when there is any."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args(arguments)
    found = all_faults()
    for name, faults in found.items():
        print(f"{name:<32} {'ok' if not faults else f'{len(faults)} faults'}")
        for fault in faults:
            print(f"    {fault}")
    return 1 if any(found.values()) else 0


def all_faults() -> dict[str, list[str]]:
    """The faults of each file that ships."""
    found = {"Dockerfile": faults_of_dockerfile((PROJECT / "Dockerfile").read_text(), PROJECT)}
    found[COMPOSE.name] = faults_of_compose(yaml.safe_load(COMPOSE.read_text()))
    for name in EXAMPLES:
        found[name] = list(faults_of_example((PROJECT / name).read_text()))
    for workflow in sorted((PROJECT / ".github" / "workflows").glob("*.yml")):
        found[workflow.name] = faults_of_workflow(yaml.safe_load(workflow.read_text()))
    return found


def faults_of_compose(compose: dict[str, Any]) -> list[str]:
    """What `docker compose` would refuse, and what we would not run."""
    faults = [f"unknown at the top: {key}" for key in compose if key not in _TOP and not key.startswith("x-")]
    for name, service in compose["services"].items():
        for check in _CHECKS:
            faults += [f"{name}: {fault}" for fault in check(name, service, compose)]
    faults += [
        f"secret {name}: only one from a file reaches a read-only root"
        for name, secret in compose.get("secrets", {}).items()
        if set(secret) != {"file"}
    ]
    for kind in ("networks", "volumes"):
        used = {_source(each) for service in compose["services"].values() for each in service.get(kind, [])}
        faults += [f"{kind} {each} is used by nobody" for each in compose[kind] if each not in used]
    return faults


def faults_of_example(text: str) -> Iterator[str]:
    """Every name must be a setting, and no secret may have a value."""
    known = {name.upper() for name in Settings.model_fields}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if line.startswith("#") or not line:
            continue
        if not equals or (name not in known and not name.startswith(OF_OTHERS)):
            yield f"{name} is no setting"
        if value and any(part in name.lower() for part in _WITHOUT_PASSWORD):
            yield f"{name} has a value: a secret that stands here is none"


def _keys(_: str, service: dict[str, Any], __: dict[str, Any]) -> Iterator[str]:
    yield from (f"unknown key {key}" for key in service if key not in _SERVICE)
    if not service.get("image"):
        yield "has no image"
    elif ":" not in service["image"] or (service["image"].endswith(":latest") and "build" not in service):
        yield f"its image {service['image']} has no fixed version"


def _hardening(_: str, service: dict[str, Any], __: dict[str, Any]) -> Iterator[str]:
    if service.get("read_only") is not True:
        yield "can write into its own root"
    if service.get("cap_drop") != ["ALL"]:
        yield "keeps capabilities"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield "may gain privileges"
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    yield from (f"has no limit of {what}" for what in ("cpus", "memory", "pids") if what not in limits)
    if "healthcheck" not in service and "build" not in service:
        yield "nobody asks how it is: it needs a healthcheck, or to say that it has none"


def _dependencies(_: str, service: dict[str, Any], compose: dict[str, Any]) -> Iterator[str]:
    for other, how in service.get("depends_on", {}).items():
        there = compose["services"].get(other)
        if there is None:
            yield f"waits for {other}, which is not there"
            continue
        if how.get("condition") not in _CONDITIONS:
            yield f"waits for {other} under an unknown condition"
        if how.get("condition") == "service_healthy" and there.get("healthcheck", {}).get("disable"):
            yield f"waits for the health of {other}, which tells none"
        if not set(service["networks"]) & set(there["networks"]):
            yield f"waits for {other}, and shares no network with it"


def _sources(_: str, service: dict[str, Any], compose: dict[str, Any]) -> Iterator[str]:
    for mount in service.get("volumes", []):
        source = _source(mount)
        if source.startswith("."):
            if not (PROJECT / source).exists():
                yield f"mounts {source}, which is not there"
            if not mount.endswith(":ro"):
                yield f"may write to {source}"
        elif source not in compose["volumes"]:
            yield f"mounts the unknown volume {source}"
    used = {"networks": service.get("networks", []), "secrets": [each["source"] for each in service.get("secrets", [])]}
    for kind, names in used.items():
        yield from (f"uses unknown {kind} {each}" for each in names if each not in compose[kind])
    if not service.get("networks"):
        yield "is on the default network, with everybody"
    for file in service.get("env_file", []):
        if not (PROJECT / f"{file}.example").exists():
            yield f"reads {file}, of which there is no example"


def _openings(_: str, service: dict[str, Any], __: dict[str, Any]) -> Iterator[str]:
    yield from (
        f"opens port {port} to the world" for port in service.get("ports", []) if not port.startswith("127.0.0.1:")
    )


def _environment(_: str, service: dict[str, Any], __: dict[str, Any]) -> Iterator[str]:
    known = {name.upper() for name in Settings.model_fields}
    for name, value in service.get("environment", {}).items():
        if name not in known and not name.startswith(OF_OTHERS):
            yield f"sets {name}, which is no setting"
        if any(part in name.lower() for part in _WITHOUT_PASSWORD) and value:
            yield f"has a default for {name}"


def _source(mount: str) -> str:
    return mount.partition(":")[0]


_CHECKS: tuple[Check, ...] = (_keys, _hardening, _dependencies, _sources, _openings, _environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
