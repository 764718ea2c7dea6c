"""The files that ship are sound, and the rules that say so find what is wrong."""

from typing import Any

import pytest
import yaml

from app.config import PROJECT
from scripts import check_shipping
from scripts.dockerfile_rules import faults_of_dockerfile
from scripts.workflow_rules import faults_of_workflow

DOCKERFILE = (PROJECT / "Dockerfile").read_text()
WORKFLOW = (PROJECT / ".github" / "workflows" / "ci.yml").read_text()


def test_everything_that_ships_is_sound() -> None:
    found = check_shipping.all_faults()

    assert {name: faults for name, faults in found.items() if faults} == {}
    assert {"Dockerfile", "docker-compose.yml", "ci.yml", ".env.production.example"} <= set(found)


@pytest.mark.parametrize(
    ("there", "instead", "told"),
    [
        ("FROM python:3.13.9-slim-bookworm AS builder", "FROM python:latest AS builder", "exact version"),
        ("USER 10001:10001", "USER root", "USER must be a number"),
        ("USER 10001:10001", "", "USER must be a number"),
        ("--only-binary=:all: ", "", "--only-binary"),
        ('CMD ["scripts/gunicorn.sh"]', "CMD scripts/gunicorn.sh", "exec form"),
        ("STOPSIGNAL SIGTERM", "", "needs STOPSIGNAL"),
        ("COPY app ./app", "COPY . .", "not everything"),
        ("COPY app ./app", "COPY application ./app", "not there"),
        ("--from=builder", "--from=nobody", "unknown stage"),
        ("APP_ENV=production", "JWT_SECRET_KEY=abc", "a secret"),
        ("RUN groupadd", "RUN apt-get install -y gcc && groupadd", "build tools"),
    ],
)
def test_a_fault_of_the_dockerfile_is_told(there: str, instead: str, told: str) -> None:
    assert there in DOCKERFILE

    faults = faults_of_dockerfile(DOCKERFILE.replace(there, instead), PROJECT)

    assert any(told in fault for fault in faults), faults


def broken(*path: str, value: Any) -> list[str]:
    """The faults of the compose file with one value changed; None takes it out."""
    compose = yaml.safe_load(check_shipping.COMPOSE.read_text())
    place = compose
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return check_shipping.faults_of_compose(compose)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("services", "web", "read_only"), None, "web: can write into its own root"),
        (("services", "redis", "cap_drop"), ["NET_RAW"], "redis: keeps capabilities"),
        (("services", "beat", "security_opt"), [], "beat: may gain privileges"),
        (("services", "postgres", "deploy"), {}, "postgres: has no limit of memory"),
        (("services", "postgres", "image"), "postgres", "postgres: its image postgres has no fixed version"),
        (("services", "web", "ports"), ["5000:5000"], "web: opens port 5000:5000 to the world"),
        (("services", "web", "environment"), {"WORKERS": "2"}, "web: sets WORKERS, which is no setting"),
        (("services", "grafana", "environment"), {"GF_ADMIN_PASSWORD": "x"}, "has a default for GF_ADMIN_PASSWORD"),
        (("services", "prometheus", "volumes"), ["./no.yml:/x:ro"], "prometheus: mounts ./no.yml, which is not there"),
        (("services", "web", "networks"), ["watching"], "web: waits for postgres, and shares no network with it"),
        (("services", "migrate"), None, "web: waits for migrate, which is not there"),
        (("secrets", "metrics_token"), {"environment": "METRICS_TOKEN"}, "only one from a file"),
        (("services", "prometheus", "secrets"), [{"source": "password"}], "prometheus: uses unknown secrets password"),
        (("services", "web", "privileged"), True, "web: unknown key privileged"),
        (("services", "grafana", "depends_on"), {"jaeger": {"condition": "service_healthy"}}, "which tells none"),
    ],
)
def test_a_fault_of_the_compose_file_is_told(path: tuple[str, ...], value: Any, told: str) -> None:
    faults = broken(*path, value=value)

    assert any(told in fault for fault in faults), faults


def test_an_example_with_an_unknown_setting_or_a_secret_is_told() -> None:
    faults = list(check_shipping.faults_of_example("# why\n\nDATABASE_URI=\nJWT_SECRET_KEY=1234\nPORT=5000\n"))

    assert faults == [
        "DATABASE_URI is no setting",
        "JWT_SECRET_KEY has a value: a secret that stands here is none",
    ]


@pytest.mark.parametrize(
    ("there", "instead", "told"),
    [
        ("permissions:\n  contents: read", "permissions: write-all", "permissions at the top"),
        ("cancel-in-progress: true", "cancel-in-progress: false", "cancel"),
        ("actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683", "actions/checkout@v4", "is not pinned"),
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-latest", "must name a version"),
        ("with: {persist-credentials: false}", "with: {persist-credentials: true}", "credentials"),
        ("    timeout-minutes: 15\n", "", "needs timeout-minutes"),
        ("- run: mypy", "- run: echo ${{ github.event.pull_request.title }}", "strangers"),
        ("- run: mypy", "- runs: mypy", "unknown key runs"),
    ],
)
def test_a_fault_of_a_workflow_is_told(there: str, instead: str, told: str) -> None:
    assert there in WORKFLOW

    faults = faults_of_workflow(yaml.safe_load(WORKFLOW.replace(there, instead, 1)))

    assert any(told in fault for fault in faults), faults
